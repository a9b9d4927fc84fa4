/** Scenes that Python packed, read by the page. */
import { readFileSync } from "node:fs";
import { gzipSync, gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { sceneOfFile, sceneText } from "../src/scene/embedded";
import { SceneError, bytesOf, readScene } from "../src/scene/read";
import { rank } from "../src/scene/findings";
import { Run } from "../src/scene/run";

const bytes = new Uint8Array(readFileSync("test/small.scene"));
const run = new Run(await readScene(bytes));

test("a document and its arrays are what Python wrote", () => {
  expect(run.document.title).toBe("Two racks");
  expect(run.id(5)).toBe("</script><img src=x onerror=alert(1)>");
  expect([...run.scene.numbers(run.document.things.position)]).toEqual([...Array(21).keys()]);
});

test("rows that are coded with the first one come back, with NaN", () => {
  const inlet = run.quantity("rack.inlet_temperature")!;
  expect([...run.scene.row(inlet.values, 1)]).toEqual([24, 31.25]);
  expect([...run.scene.row(inlet.values, 2)]).toEqual([NaN, 26]);
});

test("rows that are coded with the previous one come back", () => {
  const paint = run.document.timelines[0]!.paints[0]!;
  expect([...run.scene.numbers(paint.values)]).toEqual([24, 25.5, 26, 28, 25, 27.125]);
});

test("values, extremes and findings of a thing", () => {
  const inlet = run.quantity("rack.inlet_temperature")!;
  const rack = run.scene.thing("r.02");
  expect(run.value(inlet, rack, run.state("lose:ups.A"))).toBe(31.25);
  expect(run.range(inlet, rack)).toEqual({ low: 25.5, high: 31.25, lowState: 0, highState: 1 });
  expect(run.range(inlet, run.scene.thing("r.01"))).toMatchObject({ low: 24, high: 24 });
  expect(run.value(inlet, 0, 0)).toBeNaN();
  expect(run.findings(rack)).toEqual([0]);
  expect(rank(run.document.findings[0]!)).toBe("broken");
  expect(run.product(rack)).toEqual({ name: "gb300", text: "A rack" });
  expect(run.source(rack)).toEqual({ file: "hall.yaml", line: 5 });
  expect(run.layersOf(rack)).toEqual(["racks"]);
  expect(run.state("no such state")).toBe(0);
});

test("a page's scene is found in its text", async () => {
  const text = Buffer.from(bytes).toString("base64");
  const page = `<body><script type="application/octet-stream" id="scene">${text}</script></body>`;
  expect(bytesOf(sceneText(page))).toEqual(bytes);
  expect((await sceneOfFile(new Blob([page]))).document.title).toBe("Two racks");
  expect((await sceneOfFile(new Blob([bytes]))).document.title).toBe("Two racks");
  expect(() => sceneText("<p>no scene</p>")).toThrow(SceneError);
});

const edited = (edit: (raw: Buffer) => Buffer | void) => {
  const raw = gunzipSync(bytes);
  return new Uint8Array(gzipSync(edit(raw) ?? raw));
};
const broken: Record<string, [Uint8Array<ArrayBuffer>, RegExp]> = {
  "cut off": [bytes.slice(0, bytes.length / 2), /cut off|damaged/],
  "not gzip": [new Uint8Array([1, 2, 3]), /cut off|damaged/],
  empty: [new Uint8Array(0), /cut off|damaged|not a scene/],
  "another file": [
    edited((raw) => Buffer.from(raw.toString("latin1").replace("twin", "nope"), "latin1")),
    /not a scene of twin/,
  ],
  "another container": [edited((raw) => void raw.writeUInt32LE(9, 4)), /container 9/],
  "a longer document than bytes": [edited((raw) => void raw.writeUInt32LE(1e9, 8)), /cut off/],
  "another version": [
    edited((raw) => Buffer.from(raw.toString("latin1").replace('"version":"1.0"', '"version":"9.0"'), "latin1")),
    /version 9.0/,
  ],
  "a wrong word": [
    edited((raw) => Buffer.from(raw.toString("latin1").replace('"verdict":"fail"', '"verdict":"fool"'), "latin1")),
    /verdict/,
  ],
  "no JSON": [
    edited((raw) => Buffer.from(raw.toString("latin1").replace('{"format"', '["format"'), "latin1")),
    /cannot be read/,
  ],
};
for (const [name, [bad, message]] of Object.entries(broken))
  test(`a damaged scene says so: ${name}`, async () => {
    await expect(readScene(bad)).rejects.toThrow(SceneError);
    await expect(readScene(bad)).rejects.toThrow(message);
  });

test("an array outside of the scene is an error, not zeros", () => {
  expect(() => run.scene.numbers({ at: 1e6, type: "f32", shape: [4], coding: "plain" })).toThrow(/outside/);
});

test("a row alone is the same as a row of the whole table", async () => {
  const [one, other] = [await readScene(bytes), await readScene(bytes)];
  const ref = (scene: typeof one) => scene.document.quantities[0]!.values;
  other.numbers(ref(other));
  for (const row of [0, 1, 2, 9]) expect([...one.row(ref(one), row)]).toEqual([...other.row(ref(other), row)]);
});
