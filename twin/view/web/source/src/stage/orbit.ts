/** Where the eye stands: an orbit around a target, its matrices, what fits into the view, and where a place is seen. */
import type { Eye, View } from "../contract";
import { add, between, clamp, corners, cross, dot, length, minus, product, times } from "./vectors";
import type { Three, Triple } from "./vectors";

/** An eye that turns around a target.  Angles in radians; the azimuth is that of the eye seen from the target, 0 in the east. */
export interface Orbit {
  target: Triple;
  azimuth: number;
  /** Above the horizon. */
  tilt: number;
  distance: number;
  /** Half the height that is seen, of a parallel view; 0 for perspective. [m] */
  parallel: number;
}

/** Height of the view, of a lens that keeps rows of racks straight. */
export const FIELD = (32 * Math.PI) / 180;
const SOUTH = -Math.PI / 2;
/** Steepest view: straight down, short of losing which way is up. */
export const STEEPEST = Math.PI / 2 - 1e-5;
const LOWEST = -0.05;
const MARGIN = 1.05;

const VIEWS: Record<View, { azimuth: number; tilt: number; parallel: boolean }> = {
  iso: { azimuth: -0.96, tilt: 0.56, parallel: false },
  plan: { azimuth: SOUTH, tilt: STEEPEST, parallel: true },
  south: { azimuth: SOUTH, tilt: 0, parallel: true },
  east: { azimuth: 0, tilt: 0, parallel: true },
  north: { azimuth: -SOUTH, tilt: 0, parallel: true },
  west: { azimuth: Math.PI, tilt: 0, parallel: true },
};

/** Right, up and ahead of the eye. */
export function axes(orbit: Orbit): { right: Triple; up: Triple; ahead: Triple } {
  const { azimuth: a, tilt: t } = orbit;
  const right: Triple = [-Math.sin(a), Math.cos(a), 0];
  const ahead: Triple = [-Math.cos(t) * Math.cos(a), -Math.cos(t) * Math.sin(a), -Math.sin(t)];
  return { right, up: cross(right, ahead), ahead };
}

/** Whether it looks straight down, as on a drawing. */
export const isPlan = (orbit: Orbit): boolean => orbit.parallel > 0 && orbit.tilt > STEEPEST - 1e-3;

export function standpoint(orbit: Orbit): Triple {
  return minus(orbit.target, times(axes(orbit).ahead, orbit.distance));
}

/** The eye as plain numbers, and back. */
export function eyeOf(orbit: Orbit): Eye {
  return { eye: standpoint(orbit), target: [...orbit.target], parallel: orbit.parallel };
}

/** An orbit that sees as an eye does; null where the eye holds no usable numbers. */
export function orbitOf(eye: Eye): Orbit | null {
  const [x, y, z] = minus(eye.eye, eye.target);
  const distance = length([x, y, z]);
  if (!(distance > 1e-6) || !Number.isFinite(distance) || !Number.isFinite(eye.parallel)) return null;
  const level = Math.hypot(x, y);
  // An azimuth is lost straight above the target: then north is up, as on a drawing.
  const azimuth = level > 1e-7 * distance ? Math.atan2(y, x) : SOUTH;
  const tilt = clamp(Math.atan2(z, level), LOWEST, STEEPEST);
  return { target: [...eye.target] as Triple, azimuth, tilt, distance, parallel: Math.max(eye.parallel, 0) };
}

/** A preset view of a box. */
export function preset(view: View, low: Three, high: Three, aspect: number): Orbit {
  const { azimuth, tilt, parallel } = VIEWS[view];
  return fitted({ target: between(low, high), azimuth, tilt, distance: 1, parallel: parallel ? 1 : 0 }, low, high, aspect);
}

/** The same direction, so near that a box just fits, and in the middle of the view. */
export function fitted(orbit: Orbit, low: Three, high: Three, aspect: number): Orbit {
  const { right, up, ahead } = axes(orbit);
  const [tanV, tanH] = tangents(aspect);
  const reach = Math.max(length(minus(high, low)), 0.5);
  let target = between(low, high);
  let distance = reach;
  // Near corners look larger than far ones, so the middle of the box is not that of its picture: centre what is seen.
  for (let turn = 0; turn < 6; turn++) {
    let [left, rightmost, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    let needed = 0;
    for (const corner of corners(low, high)) {
      const [x, y, near] = [right, up, times(ahead, -1)].map((axis) => dot(minus(corner, target), axis)) as Triple;
      const depth = orbit.parallel > 0 ? 1 : Math.max(distance - near, 1e-6);
      [left, rightmost] = [Math.min(left, x / depth), Math.max(rightmost, x / depth)];
      [bottom, top] = [Math.min(bottom, y / depth), Math.max(top, y / depth)];
      if (orbit.parallel > 0) needed = Math.max(needed, Math.abs(y), Math.abs(x) / aspect);
      else needed = Math.max(needed, near + Math.abs(x) / tanH, near + Math.abs(y) / tanV);
    }
    const away = orbit.parallel > 0 ? 1 : distance;
    target = add(target, add(times(right, ((left + rightmost) / 2) * away), times(up, ((bottom + top) / 2) * away)));
    distance = needed;
  }
  const half = Math.max(distance * MARGIN, 0.25);
  if (orbit.parallel > 0) return { ...orbit, target, parallel: half, distance: Math.max(half / tanV, reach) };
  return { ...orbit, target, distance: Math.max(half, 0.5), parallel: 0 };
}

/** Shares of the picture that are covered at its edges. */
export interface Inset {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Shares of its width and height that are not covered. */
export const free = (inset: Inset): [number, number] => [Math.max(1 - inset.left - inset.right, 0.3), Math.max(1 - inset.top - inset.bottom, 0.3)];

/** The target with which an orbit sees its own in the middle of what is not covered. */
export function beside(orbit: Orbit, aspect: number, inset: Inset): Triple {
  const { right, up } = axes(orbit);
  const height = 2 * halfHeight(orbit);
  const aside = add(times(right, ((inset.right - inset.left) / 2) * height * aspect), times(up, ((inset.top - inset.bottom) / 2) * height));
  return add(orbit.target, aside);
}

/** The same box in the part of the picture that is not covered: from farther away, and aside. */
export function withinInset(view: View, low: Three, high: Three, aspect: number, inset: Inset): Orbit {
  const [wide, tall] = free(inset);
  const fit = preset(view, low, high, (aspect * wide) / tall);
  const orbit = { ...fit, distance: fit.distance / tall, parallel: fit.parallel / tall };
  return { ...orbit, target: beside(orbit, aspect, inset) };
}

/** Tangents of half the angle of view: upright and level. */
export function tangents(aspect: number): [number, number] {
  const upright = Math.tan(FIELD / 2);
  return [upright, upright * aspect];
}

/** Half the height that is seen at the target. [m] */
export function halfHeight(orbit: Orbit): number {
  return orbit.parallel > 0 ? orbit.parallel : orbit.distance * Math.tan(FIELD / 2);
}

/** What a picture is drawn with.  Places are relative to `origin`, which keeps single precision exact far from zero. */
export interface Projection {
  matrix: Float64Array;
  /** (x, y, z, 1) of the eye; (x, y, z, 0), the direction towards it, of a parallel view. */
  eye: [number, number, number, number];
  right: Triple;
  up: Triple;
  ahead: Triple;
  near: number;
  far: number;
}

/** Matrix of a view of a box (its corners relative to `origin`). */
export function projection(orbit: Orbit, origin: Three, low: Three, high: Three, aspect: number): Projection {
  const { right, up, ahead } = axes(orbit);
  const at = minus(standpoint(orbit), origin);
  const [near, far] = depths(orbit, at, ahead, low, high);
  const view = new Float64Array(16);
  [right, up, times(ahead, -1)].forEach((axis, row) => {
    for (let k = 0; k < 3; k++) view[4 * k + row] = axis[k]!;
    view[12 + row] = -dot(axis, at);
  });
  view[15] = 1;
  const lens = new Float64Array(16);
  if (orbit.parallel > 0) {
    lens.set([1 / (orbit.parallel * aspect), 0, 0, 0, 0, 1 / orbit.parallel]);
    [lens[10], lens[14], lens[15]] = [-2 / (far - near), -(far + near) / (far - near), 1];
  } else {
    const [tanV, tanH] = tangents(aspect);
    lens.set([1 / tanH, 0, 0, 0, 0, 1 / tanV]);
    [lens[10], lens[11], lens[14]] = [-(far + near) / (far - near), -1, (-2 * far * near) / (far - near)];
  }
  const eye: Projection["eye"] = orbit.parallel > 0 ? [...times(ahead, -1), 0] : [...at, 1];
  return { matrix: product(lens, view), eye, right, up, ahead, near, far };
}

function depths(orbit: Orbit, at: Three, ahead: Three, low: Three, high: Three): [number, number] {
  const along = corners(low, high).map((corner) => dot(minus(corner, at), ahead));
  const [nearest, farthest] = [Math.min(...along), Math.max(...along, 1e-3)];
  if (orbit.parallel > 0) return [nearest - 1, farthest + 1];
  const far = farthest * 1.02 + 0.1;
  // As far away as nothing is cut that one looks at: the depth behind it is told apart the better.
  return [Math.max(nearest * 0.98, Math.min(far * 0.0008, orbit.distance * 0.03), 0.02), far];
}

/** The part of a picture between two corners, 0 .. 1 from its lower left, as a picture of its own: for tiles. */
export function cropped(matrix: ArrayLike<number>, left: number, bottom: number, right: number, top: number): Float64Array {
  const crop = new Float64Array(16);
  [crop[0], crop[5], crop[10], crop[15]] = [1 / (right - left), 1 / (top - bottom), 1, 1];
  [crop[12], crop[13]] = [(1 - left - right) / (right - left), (1 - bottom - top) / (top - bottom)];
  return product(crop, matrix);
}

/** The ray through a place of the picture (-1 .. 1 to the right and up): its start and direction, relative to `origin`. */
export function ray(orbit: Orbit, origin: Three, x: number, y: number, aspect: number): { from: Triple; along: Triple } {
  const { right, up, ahead } = axes(orbit);
  const at = minus(standpoint(orbit), origin);
  if (orbit.parallel > 0) {
    const aside = add(times(right, x * orbit.parallel * aspect), times(up, y * orbit.parallel));
    // A parallel view has no standpoint: what lies behind it is seen too.
    return { from: add(add(at, aside), times(ahead, -1e5)), along: ahead };
  }
  const [tanV, tanH] = tangents(aspect);
  const along = add(ahead, add(times(right, x * tanH), times(up, y * tanV)));
  return { from: at, along: times(along, 1 / length(along)) };
}
