import { describe, expect, it } from "vitest";
import { Estimate, strips } from "../src/stage/fine";
import type { Half } from "../src/stage/places";
import { routes } from "../src/stage/routes";
import type { End } from "../src/stage/routes";

/** A CDU (0) at the end of a row of 32 racks (1 .. 32), a cooler (33) far away, and what stands nowhere (34). */
const end = (thing: number): End | null => (thing === 34 ? null : { lid: thing === 33 ? [5, 40, 3] : [0.6 * thing, 0, 2.3], northward: false });
const racks = Array.from({ length: 32 }, (_, k) => ({ from: 0, to: k + 1, sort: "cooling" as const }));

describe("lines between things", () => {
  it("share one lane along a row, and go down to every rack", () => {
    const pieces = routes(racks, 0, end);
    const level = pieces.filter((piece) => piece.from[2] === piece.to[2]);
    expect(level).toHaveLength(1);
    expect(level[0]!.to[0] - level[0]!.from[0]).toBeCloseTo(32 * 0.6, 5);
    expect(pieces).toHaveLength(1 + 33);
  });

  it("run straight, and rise no more than a little above the chosen thing", () => {
    for (const { from, to } of routes([...racks, { from: 33, to: 0, sort: "cooling" }], 0, end)) {
      expect([0, 1, 2].filter((k) => Math.abs(from[k]! - to[k]!) > 1e-9)).toHaveLength(1);
      expect(Math.max(from[2], to[2])).toBeLessThan(2.3 + 3);
    }
  });

  it("tell neighbours from what is farther, and leave out what stands nowhere", () => {
    const pieces = routes([{ from: 33, to: 0, sort: "cooling" }, { from: 0, to: 1, sort: "cooling" }, { from: 34, to: 1, sort: "power" }], 1, end);
    expect(new Set(pieces.map((piece) => piece.step))).toEqual(new Set([2, 1]));
    expect(pieces[0]!.step).toBe(2);
    expect(pieces.some((piece) => piece.sort === "power")).toBe(false);
    expect(routes([], -1, end)).toEqual([]);
  });

  it("keep power above cooling", () => {
    const height = (sort: "power" | "cooling") => Math.max(...routes([{ from: 0, to: 5, sort }], 5, end).map((piece) => piece.to[2]));
    expect(height("power")).toBeGreaterThan(height("cooling"));
  });
});

describe("a fine picture", () => {
  it("is begun where it is cheap enough, and again after a while where it was not", () => {
    const estimate = new Estimate();
    expect(estimate.worth(2000, 1e6)).toBe(true);
    expect(estimate.worth(200_000, 1e6)).toBe(false);
    expect(estimate.learn(2000, 1e6, 0.25, 400)).toBe(true);
    expect(estimate.learn(2000, 1e6, 0.5, 4000)).toBe(false);
    expect(estimate.worth(2000, 1e6)).toBe(false);
    const tries = Array.from({ length: 20 }, () => estimate.worth(2000, 1e6));
    expect(tries.indexOf(true)).toBeGreaterThan(1);
  });

  it("is made of strips that cover every half once", () => {
    const halves = [{ x: 0, width: 399 }, { x: 401, width: 399 }] as Half[];
    const parts = strips(halves, 1.5, 900);
    expect(parts.reduce((sum, part) => sum + part.width * part.height, 0)).toBe(2 * 598 * 900);
  });
});
