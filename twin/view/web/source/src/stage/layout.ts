/** The boxes of a scene as the stage keeps them: near zero, solid ones before translucent ones, with what each one is. */
import type { Scene } from "../contract";
import type { Layer } from "../generated/scene";
import { LOOKS, PLAIN, ROW } from "./boxes";
import type { BoxArrays } from "./boxes";
import type { Boxes } from "./rays";
import { between } from "./vectors";
import type { Triple } from "./vectors";

/** Thinnest drawn box: thinner ones would be lost between pixels, or fight with what they lie on. [m] */
const THIN = 0.004;
/** What lies farther from the middle is a mistake: it would leave no depth to tell the rest apart. [m] */
const FARTHEST = 1e5;
/** Layers that the shader can tell apart. */
const MOST = 256;

export interface Layout extends Boxes {
  /** What places are relative to, kept in double precision. [m] */
  origin: Triple;
  low: Triple;
  high: Triple;
  layers: Layer[];
  /** Number of the layer of every box. */
  layer: Uint8Array;
  /** Thing of every box; -1 without. */
  thing: Int32Array;
  front: Uint8Array;
  /** Boxes before this one are solid. */
  solid: number;
  /** Boxes of a thing: those between `first[thing]` and `first[thing + 1]` of `order`. */
  first: Uint32Array;
  order: Uint32Array;
}

const opaque = (layer: Layer): boolean => layer.opacity >= 1;

/**
 * Machines first, what they stand on behind them: what is covered already need not be coloured.  Glass comes last.  Those that look
 * alike lie together.
 */
const turn = (layer: Layer): number => lookOf(layer) + 100 * (opaque(layer) ? (layer.look === "floor" ? 1 : 0) : 2);

export function layout(scene: Scene): Layout {
  const { document } = scene;
  const layers = document.layers.slice(0, MOST);
  const sorted = [...layers.keys()].sort((a, b) => turn(layers[a]!) - turn(layers[b]!) || a - b);
  const sizes = layers.map((layer) => Math.min(scene.numbers(layer.low).length, scene.numbers(layer.high).length) / 3);
  const total = sizes.reduce((sum, size) => sum + Math.floor(size), 0);
  const origin = middle(document.low, document.high, scene, layers);
  const made: Layout = {
    count: 0, bounds: new Float32Array(6 * total), origin, low: [0, 0, 0], high: [0, 0, 0], layers, layer: new Uint8Array(total),
    thing: new Int32Array(total).fill(-1), front: new Uint8Array(total), solid: 0, first: new Uint32Array(0), order: new Uint32Array(0),
  };
  for (const number of sorted) {
    gather(scene, made, number);
    if (opaque(layers[number]!)) made.solid = made.count;
  }
  made.bounds = made.bounds.subarray(0, 6 * made.count);
  extent(made);
  byThing(made, document.things.id.length);
  return made;
}

/** Middle of the document's corners, or of the first box where they are not numbers. */
function middle(low: readonly number[], high: readonly number[], scene: Scene, layers: Layer[]): Triple {
  const found = between(low as unknown as Triple, high as unknown as Triple);
  if (found.every(Number.isFinite)) return found.map((part, k) => (k === 2 ? 0 : Math.round(part))) as Triple;
  for (const layer of layers) {
    const place = scene.numbers(layer.low);
    if (place.length >= 3 && [0, 1, 2].every((k) => Number.isFinite(place[k]))) return [place[0]!, place[1]!, 0];
  }
  return [0, 0, 0];
}

function gather(scene: Scene, into: Layout, number: number): void {
  const layer = into.layers[number]!;
  const [low, high] = [scene.numbers(layer.low), scene.numbers(layer.high)];
  const [thing, front] = [scene.numbers(layer.thing), scene.numbers(layer.front)];
  const things = scene.document.things.id.length;
  const shift = into.origin;
  const b = into.bounds;
  const boxes = Math.floor(Math.min(low.length, high.length) / 3);
  for (let k = 0; k < boxes; k++) {
    const at = 6 * into.count;
    let sound = true;
    for (let side = 0; side < 3; side++) {
      const one = low[3 * k + side]! - shift[side]!, other = high[3 * k + side]! - shift[side]!;
      const thin = Math.max(THIN - Math.abs(other - one), 0) / 2;
      const near = (one < other ? one : other) - thin, far = (one < other ? other : one) + thin;
      // Also false where either is no number.
      sound &&= near > -FARTHEST && far < FARTHEST;
      b[at + side] = near;
      b[at + 3 + side] = far;
    }
    if (!sound) continue;
    const owner = thing[k] ?? -1;
    into.thing[into.count] = owner < things ? owner : -1;
    into.front[into.count] = Math.min(front[k] ?? 0, 4);
    into.layer[into.count] = number;
    into.count++;
  }
}

function extent(made: Layout): void {
  const low: Triple = [Infinity, Infinity, Infinity];
  const high: Triple = [-Infinity, -Infinity, -Infinity];
  for (let k = 0; k < 6 * made.count; k++) {
    const side = k % 3;
    if (made.bounds[k]! < low[side]!) low[side] = made.bounds[k]!;
    if (made.bounds[k]! > high[side]!) high[side] = made.bounds[k]!;
  }
  made.low = made.count ? low : [-1, -1, 0];
  made.high = made.count ? high : [1, 1, 1];
}

function byThing(made: Layout, things: number): void {
  const first = new Uint32Array(things + 1);
  for (let k = 0; k < made.count; k++) if (made.thing[k]! >= 0) first[made.thing[k]! + 1]!++;
  for (let thing = 0; thing < things; thing++) first[thing + 1]! += first[thing]!;
  const order = new Uint32Array(first[things] ?? 0);
  const next = first.slice();
  for (let k = 0; k < made.count; k++) if (made.thing[k]! >= 0) order[next[made.thing[k]!]!++] = k;
  [made.first, made.order] = [first, order];
}

/** The arrays that are drawn, in whole rows. */
export function drawn(made: Layout): BoxArrays {
  const rows = Math.max(Math.ceil(made.count / ROW), 1);
  const info = new Uint8Array(4 * ROW * rows);
  for (let k = 0; k < made.count; k++) {
    info[4 * k] = made.layer[k]!;
    info[4 * k + 1] = made.front[k]!;
  }
  return { count: made.count, bounds: made.bounds, info, share: new Float32Array(ROW * rows).fill(PLAIN) };
}

/** The number by which the shader knows a look. */
export const lookOf = (layer: Layer): number => Math.max(LOOKS.indexOf(layer.look), 0);
export const isShell = (layer: Layer): boolean => layer.look === "floor" || layer.look === "wall";

/** Corners of the boxes of a thing that are in some layers, relative to the origin; null without any. */
export function thingBox(made: Layout, thing: number, seen: (layer: number) => boolean = () => true): { low: Triple; high: Triple } | null {
  const low: Triple = [Infinity, Infinity, Infinity];
  const high: Triple = [-Infinity, -Infinity, -Infinity];
  for (let n = made.first[thing] ?? 0; n < (made.first[thing + 1] ?? 0); n++) {
    const box = made.order[n]!;
    if (!seen(made.layer[box]!)) continue;
    for (let side = 0; side < 3; side++) {
      low[side] = Math.min(low[side]!, made.bounds[6 * box + side]!);
      high[side] = Math.max(high[side]!, made.bounds[6 * box + 3 + side]!);
    }
  }
  return low[0] <= high[0] ? { low, high } : null;
}
