/** Who serves whom: walks along the power path and the cooling path. */
import type { Scene } from "../contract";

export type Sort = "power" | "cooling";

export interface Link {
  from: number;
  to: number;
  sort: Sort;
}

/** What a walk found: things by their distance in steps, nearest first. */
export interface Walk {
  things: number[];
  links: Link[];
  /** Things that were left out because there were too many. */
  more: number;
}

/** Neighbours by compressed rows: those of thing `t` are `ends[start[t]] .. ends[start[t + 1] - 1]`. */
interface Rows {
  start: Uint32Array;
  ends: Uint32Array;
}

/** Both networks of a scene; built when first asked for. */
export class Graph {
  private readonly kept = new Map<string, Rows>();
  /** Walks of late: the picture and the panel ask for the same ones. */
  private readonly walks = new Map<string, Walk>();

  constructor(private readonly scene: Scene) {}

  /** Things one step away. */
  next(thing: number, sort: Sort, up: boolean): number[] {
    const rows = this.rows(sort, up);
    const found = rows.ends.subarray(rows.start[thing], rows.start[thing + 1]);
    return [...new Set(found)].filter((other) => other !== thing);
  }

  /** Everything that serves a thing (`up`), or that it serves, breadth first, at most `cap` things. */
  walk(thing: number, sort: Sort, up: boolean, cap = 400): Walk {
    const key = `${thing} ${sort} ${up} ${cap}`;
    let found = this.walks.get(key);
    if (!found) {
      if (this.walks.size > 40) this.walks.clear();
      this.walks.set(key, (found = this.walked(thing, sort, up, cap)));
    }
    return found;
  }

  private walked(thing: number, sort: Sort, up: boolean, cap: number): Walk {
    const seen = new Set([thing]);
    const walk: Walk = { things: [], links: [], more: 0 };
    let front = [thing];
    while (front.length) {
      const following: number[] = [];
      for (const here of front)
        for (const there of this.next(here, sort, up)) {
          const fresh = !seen.has(there);
          if (fresh && walk.things.length >= cap) {
            seen.add(there);
            walk.more++;
            continue;
          }
          if (fresh) {
            seen.add(there);
            walk.things.push(there);
            following.push(there);
          }
          if (walk.links.length < 2 * cap)
            walk.links.push({ ...(up ? { from: there, to: here } : { from: here, to: there }), sort });
        }
      front = following;
    }
    return walk;
  }

  /** Loops that a thing hangs on, as source or sink. */
  loops(thing: number): number[] {
    const { cooling, loop } = this.scene.document.edges;
    const pairs = this.scene.numbers(cooling);
    const loops = this.scene.numbers(loop);
    const found = new Set<number>();
    for (let k = 0; k < loops.length; k++)
      if (pairs[2 * k] === thing || pairs[2 * k + 1] === thing) found.add(loops[k]!);
    return [...found];
  }

  /** Machines at the ends of a loop: sources and sinks. */
  members(loop: number): { sources: number[]; sinks: number[] } {
    const edges = this.scene.document.edges;
    const pairs = this.scene.numbers(edges.cooling);
    const loops = this.scene.numbers(edges.loop);
    const sources = new Set<number>();
    const sinks = new Set<number>();
    for (let k = 0; k < loops.length; k++)
      if (loops[k] === loop) {
        sources.add(pairs[2 * k]!);
        sinks.add(pairs[2 * k + 1]!);
      }
    return { sources: [...sources], sinks: [...sinks] };
  }

  private rows(sort: Sort, up: boolean): Rows {
    const key = `${sort}${up}`;
    let found = this.kept.get(key);
    if (!found) {
      const pairs = this.scene.numbers(this.scene.document.edges[sort]);
      this.kept.set(key, (found = compressed(pairs, this.scene.document.things.id.length, up)));
    }
    return found;
  }
}

function compressed(pairs: ArrayLike<number>, count: number, up: boolean): Rows {
  const near = up ? 1 : 0;
  const start = new Uint32Array(count + 1);
  for (let k = near; k < pairs.length; k += 2) if (pairs[k]! < count) start[pairs[k]! + 1]!++;
  for (let thing = 0; thing < count; thing++) start[thing + 1]! += start[thing]!;
  const fill = start.slice();
  const ends = new Uint32Array(start[count]!);
  for (let k = near; k < pairs.length; k += 2)
    if (pairs[k]! < count) ends[fill[pairs[k]!]!++] = pairs[k + (up ? -1 : 1)]!;
  return { start, ends };
}
