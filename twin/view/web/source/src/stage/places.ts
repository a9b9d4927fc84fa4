/** Where the runs stand on the canvas, and what is seen at which place of it. */
import type { Side, Vector, View } from "../contract";
import type { Placed } from "./labels";
import { axes, beside, free, isPlan, projection, ray, tangents, withinInset } from "./orbit";
import type { Inset, Orbit } from "./orbit";
import type { Run } from "./run";
import { add, apply, between, dot, finite, length, minus } from "./vectors";
import type { Three } from "./vectors";

/** Pixels between two runs. */
const GAP = 2;

/** A run and its part of the canvas, CSS pixels from the left. */
export interface Half {
  run: Run;
  side: Side;
  x: number;
  width: number;
}

export class Places {
  readonly runs: [Run | null, Run | null] = [null, null];
  how: "first" | "second" | "both" = "first";
  /** Of the canvas, CSS pixels. */
  rect = { width: 1, height: 1 };

  private get both(): boolean {
    return this.how === "both" && this.runs[0] !== null && this.runs[1] !== null;
  }

  halves(): Half[] {
    const [first, second] = this.runs;
    const { width } = this.rect;
    if (this.both && first && second) {
      const half = Math.max((width - GAP) / 2, 1);
      return [{ run: first, side: 0, x: 0, width: half }, { run: second, side: 1, x: half + GAP, width: half }];
    }
    const side: Side = (this.how === "second" && second) || !first ? 1 : 0;
    const run = this.runs[side];
    return run ? [{ run, side, x: 0, width }] : [];
  }

  /** Width over height of the picture of a run. */
  aspect(): number {
    const wide = this.both ? (this.rect.width - GAP) / 2 : this.rect.width;
    return Math.max(wide, 1) / Math.max(this.rect.height, 1);
  }

  /** A place as -1 .. 1 of the half that it lies in. */
  share(x: number, y: number): [number, number, Half | null] {
    const half = this.halves().find((each) => x >= each.x && x <= each.x + each.width) ?? null;
    if (!half) return [0, 0, null];
    return [(2 * (x - half.x)) / half.width - 1, 1 - (2 * y) / this.rect.height, half];
  }

  at(orbit: Orbit, x: number, y: number): { thing: number; side: Side } {
    const [u, v, half] = this.share(x, y);
    if (!half) return { thing: -1, side: 0 };
    const { from, along } = ray(orbit, half.run.layout.origin, u, v, this.aspect());
    return { thing: half.run.hit(from, along).thing, side: half.side };
  }

  /** A named view of all of a run; `covered`: edges of the canvas that are, CSS pixels. */
  preset(view: View, side: Side, covered: Inset): Orbit {
    const run = this.runs[side];
    let { low, high }: { low: Three; high: Three } = { low: [-5, -5, 0], high: [5, 5, 3] };
    if (run) {
      const { document } = run.scene;
      const sound = finite(document.low) && finite(document.high) && document.low.every((part, k) => part <= document.high[k]!);
      const { origin } = run.layout;
      [low, high] = sound ? [document.low, document.high] : [add(run.layout.low, origin), add(run.layout.high, origin)];
    }
    return withinInset(view, low, high, this.aspect(), this.inset(covered));
  }

  /** An orbit around a thing or a place, `extent` of which is seen; null where there is none. */
  around(to: number | Vector, side: Side, now: Orbit, covered: Inset, extent?: number): Orbit | null {
    const run = this.runs[side];
    const box = typeof to === "number" ? run?.place(to) : { low: to, high: to };
    if (!run || !box) return null;
    const middle = between(box.low, box.high);
    const target = typeof to === "number" ? add(middle, run.layout.origin) : middle;
    if (!finite(target)) return null;
    const wide = extent ?? Math.max(2.2 * length(minus(box.high, box.low)), 7);
    const inset = this.inset(covered);
    const [level, upright] = free(inset);
    const half = (0.5 * wide) / Math.min(upright, level * this.aspect());
    const next = { ...now, target, distance: half / tangents(1)[0], parallel: now.parallel > 0 ? half : 0 };
    if (!isPlan(now)) next.tilt = Math.min(Math.max(now.tilt, 0.38), 0.85);
    next.target = beside(next, this.aspect(), inset);
    return next;
  }

  /** A place of the canvas as -1 .. 1, and how far ahead lies what is seen there: something, or the ground; null without. */
  met(orbit: Orbit, x: number, y: number): { u: number; v: number; depth: number | null } {
    const [u, v, half] = this.share(x, y);
    if (!half) return { u, v, depth: null };
    const { from, along } = ray(orbit, half.run.layout.origin, u, v, this.aspect());
    const ground = along[2] < -1e-3 ? -from[2] / along[2] : Infinity;
    const met = Math.min(half.run.hit(from, along).distance, ground > 0 ? ground : Infinity);
    return { u, v, depth: orbit.parallel === 0 && met < 8 * orbit.distance ? met * dot(along, axes(orbit).ahead) : null };
  }

  /** Covered edges as shares of a picture. */
  inset(covered: Inset): Inset {
    const { width, height } = this.rect;
    return { left: covered.left / width, right: covered.right / width, top: covered.top / height, bottom: covered.bottom / height };
  }

  /** From a place of a run to the canvas, and the pixels of a metre there; null behind the eye. */
  private placer(orbit: Orbit, half: Half): (place: Three) => { x: number; y: number; metre: number } | null {
    const { origin, low, high } = half.run.layout;
    const { matrix } = projection(orbit, origin, low, high, this.aspect());
    const { height } = this.rect;
    return (place) => {
      const [x, y, , w] = apply(matrix, place);
      if (!(w > 0)) return null;
      const metre = orbit.parallel > 0 ? height / (2 * orbit.parallel) : height / (2 * tangents(1)[0] * w);
      return { x: half.x + ((x / w + 1) / 2) * half.width, y: ((1 - y / w) / 2) * height, metre };
    };
  }

  project(orbit: Orbit, thing: number, side: Side): { x: number; y: number } | null {
    const half = this.halves().find((each) => each.side === side);
    const box = half?.run.place(thing);
    if (!half || !box) return null;
    const middle = between(box.low, box.high);
    // From above it is the lid that is seen of a machine in a row: its middle lies behind the neighbours.
    if (orbit.tilt > 0.1) middle[2] = box.high[2];
    const placed = this.placer(orbit, half)(middle);
    return placed && { x: placed.x, y: placed.y };
  }

  /** Names where they are seen. */
  names(orbit: Orbit): Placed[] {
    return this.halves().flatMap((half) => {
      const place = this.placer(orbit, half);
      return half.run.labels().flatMap((label) => {
        const at = place(label.at);
        return at && at.x > half.x && at.x < half.x + half.width ? [{ text: label.text, kind: label.kind, ...at }] : [];
      });
    });
  }
}
