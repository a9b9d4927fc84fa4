/** Which box a ray meets first. */
import type { Three } from "./vectors";

/** Boxes one after another, six numbers each: low and high corner. */
export interface Boxes {
  count: number;
  bounds: Float32Array;
}

/** A box that is cut to the section; outside of it nothing is met. */
export interface Cut {
  low: Three;
  high: Three;
}

export interface Hit {
  /** -1: nothing. */
  box: number;
  distance: number;
}

/** First box along a ray for which `rank` is positive; those of a higher rank go before those of a lower one, however near. */
export function firstHit(boxes: Boxes, from: Three, along: Three, rank: (box: number) => number, cut: Cut | null = null): Hit {
  const b = boxes.bounds;
  const [ox, oy, oz] = from;
  // A huge reciprocal instead of infinity: zero times infinity is no number, and a ray in a face must still meet it.
  const [ix, iy, iz] = along.map((part) => (Math.abs(part) < 1e-12 ? (part < 0 ? -1e12 : 1e12) : 1 / part)) as [number, number, number];
  const [lx, ly, lz] = cut ? cut.low : [-Infinity, -Infinity, -Infinity];
  const [hx, hy, hz] = cut ? cut.high : [Infinity, Infinity, Infinity];
  const best: Hit = { box: -1, distance: Infinity };
  let level = 0;
  for (let k = 0, at = 0; k < boxes.count; k++, at += 6) {
    const ax = Math.max(b[at]!, lx), ay = Math.max(b[at + 1]!, ly), az = Math.max(b[at + 2]!, lz);
    const cx = Math.min(b[at + 3]!, hx), cy = Math.min(b[at + 4]!, hy), cz = Math.min(b[at + 5]!, hz);
    if (ax > cx || ay > cy || az > cz) continue;
    const x0 = (ax - ox) * ix, x1 = (cx - ox) * ix;
    const y0 = (ay - oy) * iy, y1 = (cy - oy) * iy;
    const z0 = (az - oz) * iz, z1 = (cz - oz) * iz;
    const enter = Math.max(x0 < x1 ? x0 : x1, y0 < y1 ? y0 : y1, z0 < z1 ? z0 : z1);
    const leave = Math.min(x0 < x1 ? x1 : x0, y0 < y1 ? y1 : y0, z0 < z1 ? z1 : z0);
    // A box around the eye is not drawn, so it is not met either.
    if (!(enter <= leave) || enter <= 0) continue;
    if (enter >= best.distance && level > 1) continue;
    const found = rank(k);
    if (found <= 0 || found < level || (found === level && enter >= best.distance)) continue;
    [best.box, best.distance, level] = [k, enter, found];
  }
  return best;
}
