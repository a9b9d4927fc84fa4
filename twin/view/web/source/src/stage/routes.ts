/**
 * Where the lines between things run: like trays above the racks, along rows and across them, cooling lower than power.
 *
 * Lines that share a way are drawn once, so that a machine that serves a hall is seen with a few lines, not with a fan of hundreds.
 */
import type { Highlight } from "../contract";
import type { Three, Triple } from "./vectors";

/** Heights of the lanes above what is joined, and how far they keep beside one another. [m] */
const RISE = { cooling: 0.4, power: 0.85 };
const ASIDE = { cooling: -0.1, power: 0.1 };
/** Highest lane above the lid of the chosen thing. [m] */
const HIGHEST = 1.8;
/** Steps from the chosen thing that are told apart, and links of each that are drawn. */
const MOST = [0, 600, 160, 160];
/** Places nearer than this are one. [m] */
const SAME = 0.05;

export type Sort = "power" | "cooling";

/** A straight piece; `step` 1 joins the chosen thing and its neighbours, 3 what is farthest. */
export interface Piece {
  from: Triple;
  to: Triple;
  sort: Sort;
  step: number;
}

/** Lid of a thing, and whether its row runs from south to north. */
export interface End {
  lid: Three;
  northward: boolean;
}

/** Pieces of the lines between things; `end` finds a thing. */
export function routes(links: Highlight["links"], chosen: number, end: (thing: number) => End | null): Piece[] {
  const steps = distances(links, chosen);
  const found = new Map<number, End | null>();
  const ends = (thing: number): End | null => {
    if (!found.has(thing)) found.set(thing, end(thing));
    return found.get(thing)!;
  };
  const start = ends(chosen);
  let level = start ? start.lid[2] : 0;
  const drawn: { near: End; far: End; sort: Sort; step: number }[] = [];
  const counts = MOST.map(() => 0);
  for (const { from, to, sort } of links) {
    const [a, b] = [steps.get(from) ?? Infinity, steps.get(to) ?? Infinity];
    const [near, far] = a <= b ? [ends(from), ends(to)] : [ends(to), ends(from)];
    const step = Math.min(Math.min(a, b) + 1, MOST.length - 1);
    if (!near || !far || counts[step]!++ >= MOST[step]!) continue;
    if (step === 1) level = Math.max(level, far.lid[2]);
    drawn.push({ near, far, sort, step });
  }
  if (start) level = Math.min(level, start.lid[2] + HIGHEST - RISE.power);
  const lanes = new Lanes();
  for (const { near, far, sort, step } of drawn) lanes.join(near, far, sort, step, level + RISE[sort]);
  return lanes.pieces();
}

/** Steps of every thing from the chosen one. */
function distances(links: Highlight["links"], chosen: number): Map<number, number> {
  const beside = new Map<number, number[]>();
  const add = (a: number, b: number): void => void (beside.get(a)?.push(b) ?? beside.set(a, [b]));
  for (const { from, to } of links) {
    add(from, to);
    add(to, from);
  }
  const steps = new Map([[chosen, 0]]);
  for (const thing of steps.keys())
    for (const next of beside.get(thing) ?? []) if (!steps.has(next)) steps.set(next, steps.get(thing)! + 1);
  return steps;
}

interface Lane {
  axis: 0 | 1 | 2;
  at: Triple;
  sort: Sort;
  step: number;
  spans: [number, number][];
}

/** Straight lines, each with the spans of it that are used. */
class Lanes {
  private readonly lanes = new Map<string, Lane>();

  /** Up from one thing, across the rows, along the row of the other, and down to it. */
  join(near: End, far: End, sort: Sort, step: number, level: number): void {
    const aside = ASIDE[sort];
    const lift = (end: End): Triple => [end.lid[0] + aside, end.lid[1] + aside, level];
    const [a, b] = [lift(near), lift(far)];
    const bend: Triple = near.northward ? [b[0], a[1], level] : [a[0], b[1], level];
    this.add(2, a, near.lid[2], level, sort, step);
    this.add(2, b, far.lid[2], level, sort, step);
    const across = near.northward ? 0 : 1;
    this.add(across, a, a[across], bend[across], sort, step);
    const along = near.northward ? 1 : 0;
    this.add(along, bend, bend[along], b[along], sort, step);
  }

  private add(axis: 0 | 1 | 2, at: Triple, from: number, to: number, sort: Sort, step: number): void {
    if (Math.abs(to - from) < SAME) return;
    const fixed = at.map((part, k) => (k === axis ? 0 : Math.round(part / SAME)));
    const key = `${axis} ${fixed.join(" ")} ${sort} ${step}`;
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { axis, at, sort, step, spans: [] }));
    lane.spans.push(from < to ? [from, to] : [to, from]);
  }

  /** Faint ones first. */
  pieces(): Piece[] {
    const made = [...this.lanes.values()].flatMap(({ axis, at, sort, step, spans }) => {
      return joined(spans).map(([low, high]): Piece => {
        const [from, to]: [Triple, Triple] = [[...at], [...at]];
        [from[axis], to[axis]] = [low, high];
        return { from, to, sort, step };
      });
    });
    return made.sort((a, b) => b.step - a.step);
  }
}

/** Spans that touch become one. */
function joined(spans: [number, number][]): [number, number][] {
  const made: [number, number][] = [];
  for (const [low, high] of spans.sort((a, b) => a[0] - b[0])) {
    const last = made[made.length - 1];
    if (last && low <= last[1] + SAME) last[1] = Math.max(last[1], high);
    else made.push([low, high]);
  }
  return made;
}
