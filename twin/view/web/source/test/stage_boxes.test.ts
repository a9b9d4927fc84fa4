import { describe, expect, it } from "vitest";
import type { Numbers, Scene } from "../src/contract";
import type { Block, Layer } from "../src/generated/scene";
import { possible, tiles } from "../src/stage/capture";
import { declutter } from "../src/stage/labels";
import type { Placed } from "../src/stage/labels";
import { drawn, layout, thingBox } from "../src/stage/layout";
import { firstHit } from "../src/stage/rays";
import { layerColor, PALETTES, rgb } from "../src/stage/themes";

const boxes = (...bounds: number[][]) => ({ count: bounds.length, bounds: new Float32Array(bounds.flat()) });
const solid = () => 2;

describe("the first box along a ray", () => {
  const row = boxes([0, 0, 0, 1, 1, 2], [2, 0, 0, 3, 1, 2], [4, 0, 0, 5, 1, 2]);

  it("is the nearest", () => {
    expect(firstHit(row, [-5, 0.5, 1], [1, 0, 0], solid)).toEqual({ box: 0, distance: 5 });
    expect(firstHit(row, [9, 0.5, 1], [-1, 0, 0], solid)).toEqual({ box: 2, distance: 4 });
    expect(firstHit(row, [9, 3, 1], [-1, 0, 0], solid).box).toBe(-1);
  });

  it("is behind glass, and the glass where nothing is behind it", () => {
    const rank = (box: number) => (box === 0 ? 1 : 2);
    expect(firstHit(row, [-5, 0.5, 1], [1, 0, 0], rank).box).toBe(1);
    expect(firstHit(row, [0.5, 0.5, 9], [0, 0, -1], rank).box).toBe(0);
  });

  it("is not one that is hidden, or around the eye", () => {
    expect(firstHit(row, [-5, 0.5, 1], [1, 0, 0], (box) => (box === 1 ? 2 : 0)).box).toBe(1);
    expect(firstHit(row, [0.5, 0.5, 1], [1, 0, 0], solid).box).toBe(1);
  });

  it("is cut as the section cuts it", () => {
    const cut = { low: [2.5, 0, 0], high: [9, 9, 9] } as const;
    expect(firstHit(row, [-5, 0.5, 1], [1, 0, 0], solid, cut)).toEqual({ box: 1, distance: 7.5 });
    expect(firstHit(row, [0.5, 0.5, 9], [0, 0, -1], solid, cut).box).toBe(-1);
  });

  it("is met by a ray that runs in its face, and by one along an axis", () => {
    expect(firstHit(row, [0, 0, 9], [0, 0, -1], solid).box).toBe(0);
  });

  it("is found among 100,000 in a few milliseconds", () => {
    const many = { count: 100_000, bounds: new Float32Array(600_000) };
    for (let k = 0; k < many.count; k++) many.bounds.set([k % 316, Math.floor(k / 316), 0, (k % 316) + 0.6, Math.floor(k / 316) + 0.6, 2], 6 * k);
    const from = [100.3, 200.3, 50] as const;
    firstHit(many, from, [0, 0, -1], solid);
    const before = performance.now();
    for (let turn = 0; turn < 10; turn++) expect(firstHit(many, from, [0, 0, -1], solid).box).toBe(200 * 316 + 100);
    expect((performance.now() - before) / 10).toBeLessThan(30);
  });
});

function scene(layers: { opacity?: number; look?: Layer["look"]; boxes: number[][]; thing: number[] }[], things = 3, low = [0, 0, 0], high = [9, 9, 3]): Scene {
  const kept = new Map<Block, Numbers>();
  const block = (numbers: Numbers): Block => {
    const made: Block = { at: 0, type: "f32", shape: [numbers.length], coding: "plain" };
    kept.set(made, numbers);
    return made;
  };
  const ids = Array.from({ length: things }, (_, k) => `thing ${k}`);
  const document = {
    low, high, labels: [], volumes: [], streams: [], things: { id: ids, position: block(new Float32Array(3 * things).fill(NaN)) },
    layers: layers.map((layer, k) => ({
      name: `layer ${k}`, label: "", color: "#123456", opacity: layer.opacity ?? 1, look: layer.look ?? "box", hidden: false,
      thing: block(Uint32Array.from(layer.thing)), low: block(Float32Array.from(layer.boxes.flatMap((box) => box.slice(0, 3)))),
      high: block(Float32Array.from(layer.boxes.flatMap((box) => box.slice(3)))), front: block(Uint8Array.from(layer.thing, () => 1)),
    })),
  };
  const numbers = (ref: Block): Numbers => kept.get(ref)!;
  return { document, numbers, row: numbers, thing: (id: string) => ids.indexOf(id) } as unknown as Scene;
}

describe("the boxes of a scene", () => {
  it("stand relative to the middle, solid ones first", () => {
    const made = layout(scene([{ opacity: 0.2, boxes: [[0, 0, 0, 1, 1, 1]], thing: [0] }, { boxes: [[8, 8, 0, 9, 9, 2]], thing: [2] }]));
    expect(made.origin).toEqual([5, 5, 0]);
    expect([made.count, made.solid]).toEqual([2, 1]);
    expect([...made.bounds.subarray(0, 3)]).toEqual([3, 3, 0]);
    expect([...made.thing]).toEqual([2, 0]);
    expect(made.solid).toBe(1);
    expect(drawn(made).info[4]).toBe(made.layer[1]);
  });

  it("may be none at all", () => {
    const made = layout(scene([], 0));
    expect(made.count).toBe(0);
    expect([...made.low, ...made.high].every(Number.isFinite)).toBe(true);
  });

  it("get a thickness where they have none, and are left out where they are no numbers", () => {
    const made = layout(scene([{ boxes: [[1, 1, 1, 1, 2, 2], [NaN, 0, 0, 1, 1, 1], [0, 0, 0, 1e9, 1, 1], [3, 3, 3, 2, 2, 2]], thing: [0, 1, 1, 2] }]));
    expect(made.count).toBe(2);
    expect(made.bounds[3]! - made.bounds[0]!).toBeCloseTo(0.004, 4);
    expect(made.bounds[9]! - made.bounds[6]!).toBeCloseTo(1, 5);
  });

  it("keep millimetres a thousand kilometres from zero", () => {
    const far = 1e6;
    const made = layout(scene([{ boxes: [[far, far, 0, far + 0.5, far + 1, 2]], thing: [0] }], 1, [far, far, 0], [far + 10, far + 10, 3]));
    expect(made.bounds[3]! - made.bounds[0]!).toBeCloseTo(0.5, 3);
  });

  it("are found by their thing; one that is not there is none", () => {
    const made = layout(scene([{ boxes: [[0, 0, 0, 1, 1, 1], [5, 5, 0, 6, 6, 1]], thing: [1, 1] }, { boxes: [[0, 0, 0, 1, 1, 1]], thing: [77] }]));
    expect(thingBox(made, 1)).toEqual({ low: [-5, -5, 0], high: [1, 1, 1] });
    expect(thingBox(made, 0)).toBeNull();
    expect(thingBox(made, 77)).toBeNull();
    expect(made.thing[2]).toBe(-1);
  });
});

describe("names", () => {
  const name = (text: string, kind: Placed["kind"], x: number, y: number, metre = 40): Placed => ({ text, kind, x, y, metre });
  const measure = (text: string, size: number) => text.length * size * 0.6;

  it("do not cover one another; halls go first", () => {
    const chosen = declutter([name("row", "row", 100, 100), name("hall", "hall", 104, 103), name("far", "row", 400, 300)], measure, 800, 600);
    expect(chosen.map((each) => each.text).sort()).toEqual(["far", "hall"]);
  });

  it("are at most eighty, whatever there is", () => {
    const many = Array.from({ length: 5000 }, (_, k) => name(`r${k}`, "row", (k % 100) * 60, Math.floor(k / 100) * 30));
    expect(declutter(many, measure, 6000, 3000)).toHaveLength(80);
  });

  it("give way where they are far, or beside the picture", () => {
    expect(declutter([name("small", "row", 10, 10, 2), name("outside", "row", 900, 10)], measure, 800, 600)).toEqual([]);
  });

  it("of any length are shortened by letters, not by halves of them", () => {
    const [chosen] = declutter([name("🏭".repeat(99), "hall", 400, 300)], measure, 800, 600);
    expect([...chosen!.text]).toHaveLength(42);
    expect(chosen!.text.endsWith("🏭…")).toBe(true);
  });
});

describe("a large picture", () => {
  it("is made of tiles that cover it once", () => {
    const parts = tiles(5000, 2048);
    expect(parts.map((part) => part.size)).toEqual([2048, 2048, 904]);
    expect(parts.at(-1)!.at + parts.at(-1)!.size).toBe(5000);
  });

  it("is as large as a canvas can be", () => {
    expect(possible(4, 1920, 1080)).toBe(4);
    expect(5000 * possible(4, 5000, 1000)).toBeLessThanOrEqual(16384);
    expect(possible(NaN, 800, 600)).toBe(1);
  });
});

describe("colours", () => {
  it("of a layer are read from text, whatever it holds", () => {
    expect(rgb("#ff8000")).toEqual([1, 128 / 255, 0]);
    expect(rgb("url(x)")).toHaveLength(3);
    expect(layerColor("pipe", "#ff0000", PALETTES.light)).toEqual([1, 0, 0]);
  });
});
