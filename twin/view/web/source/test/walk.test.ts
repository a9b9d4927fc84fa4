/** Paths, search, colours and addresses over the small scene. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readScene } from "../src/scene/read";
import { Run } from "../src/scene/run";
import {
  coatsOf,
  differenceColumns,
  differenceScale,
  beyond, marks, shortened,
  scaleOf,
  stateColumns,
  timeColumns,
} from "../src/scene/scale";
import { Index } from "../src/scene/search";
import { START, fromHash, toHash, type Situation } from "../src/scene/situation";

const run = new Run(await readScene(new Uint8Array(readFileSync("test/small.scene"))));
const [grid, ups, one, two, cdu, , loop] = [0, 1, 2, 3, 4, 5, 6];
const inlet = run.quantity("rack.inlet_temperature")!;

test("the power path goes to the sources and to the loads", () => {
  expect(run.graph.walk(one, "power", true)).toEqual({
    things: [ups, grid],
    links: [
      { from: ups, to: one, sort: "power" },
      { from: grid, to: ups, sort: "power" },
    ],
    more: 0,
  });
  expect(run.graph.walk(grid, "power", false).things).toEqual([ups, one, two, cdu]);
  expect(run.graph.walk(grid, "power", false, 2)).toMatchObject({ things: [ups, one], more: 2 });
});

test("the cooling path and its loops", () => {
  expect(run.graph.next(two, "cooling", true)).toEqual([cdu]);
  expect(run.graph.loops(one)).toEqual([loop]);
  expect(run.graph.members(loop)).toEqual({ sources: [cdu], sinks: [one, two] });
});

test("search by id, kind, product and group, and by letters in order", () => {
  const index = new Index(run);
  const found = (text: string) => index.find(text).map((hit) => hit.name);
  expect(found("r.02")[0]).toBe("r.02");
  expect(found("gb300")).toContain("r.01");
  expect(found("ups")[0]).toBe("ups.A");
  expect(found("row r")[0]).toBe("r");
  expect(found("usa")).toContain("ups.A");
  expect(found("zzz")).toEqual([]);
  expect(found("onerror")).toEqual(["</script><img src=x onerror=alert(1)>"]);
});

test("coats hold shares of the bar, and nothing where there is no value", () => {
  const scale = scaleOf(run, inlet, false);
  const [coat] = coatsOf(run, scale, stateColumns(run, inlet, 2));
  expect(coat!.layer).toBe("racks");
  expect(coat!.share[two]).toBeCloseTo(0.3);
  expect(coat!.share[one]).toBeNaN();
  expect(coat!.share[grid]).toBeNaN();
});

test("a timeline's values stand in for the state's", () => {
  expect([...(timeColumns(run, "ride", inlet, 2)![0]!.values as Float32Array)]).toEqual([25, 27.125]);
  expect(timeColumns(run, "no such", inlet, 0)).toBeNull();
});

test("differences are second minus first, about zero", () => {
  const columns = differenceColumns(run, run, stateColumns(run, inlet, 0), stateColumns(run, inlet, 1));
  expect([...(columns[0]!.values as Float32Array)]).toEqual([0, 5.75]);
  const scale = differenceScale(run, inlet, columns, false);
  expect([scale.low, scale.high, scale.unit]).toEqual([-10, 10, "K"]);
  expect([...scale.lut.subarray(3 * 127, 3 * 128)].every((part) => part > 240)).toBe(true);
});

test("round marks", () => {
  expect(
    marks(0, 1.5e5, {
      units: [
        { text: "W", factor: 1, offset: 0 },
        { text: "kW", factor: 1000, offset: 0 },
      ],
      decimals: null,
      flag: false,
      zero: "W",
    }),
  ).toMatchObject({
    unit: { text: "kW" },
    ticks: [
      { text: "0" },
      { text: "25" },
      { text: "50" },
      { text: "75" },
      { text: "100" },
      { text: "125" },
      { text: "150" },
    ],
  });
});

test("words of a band become shorter, never cut", () => {
  expect(shortened("allowable A3")).toEqual(["allowable A3", "A3"]);
  expect(shortened("below class A1")).toEqual(["below class A1", "< A1"]);
  expect(shortened("less than 5 % to a limit")).toEqual(["less than 5 % to a limit", "< 5 %"]);
  expect(shortened("recommended")).toEqual(["recommended"]);
});

test("limits beyond the ends of a bar are told, with their value", () => {
  const scale = {
    title: "", unit: "kPa", factor: 1000, offset: 0, low: 0, high: 2e5, lut: new Uint8Array(768), ticks: [], bands: [],
    limits: [{ value: 1e5, text: "rating" }, { value: 2.15e5, text: "largest" }, { value: -1, text: "least" }], signed: false,
  };
  expect(beyond(scale)).toEqual([{ high: true, text: "largest at 215 kPa" }, { high: false, text: "least at -0.001 kPa" }]);
});

test("an address holds the situation, and gives it back", () => {
  const now: Situation = {
    ...START,
    sel: "p1.s.08",
    paint: "rack.power",
    state: "lose:ups.A1",
    step: 2,
    layers: { walls: false, busways: true },
    isolate: "pod:p1",
    box: { low: [0, -1, 0], high: [2.5, 3, 4] },
    air: "surface",
    field: "temperature",
    cuts: [
      { axis: "z", at: 1.8 },
      { axis: "x", at: -2 },
    ],
    level: 30.5,
    streams: true,
    labels: false,
    timeline: "year, all",
    time: 3600,
    compare: "difference",
    theme: "dark",
    safe: true,
    view: { eye: [1, 2, 3], target: [4, 5, 6], parallel: 7 },
    tab: "states",
  };
  expect(fromHash(toHash(now))).toEqual({ situation: now, ignored: [] });
  expect(toHash(now)).toContain("sel=p1.s.08&paint=rack.power&state=lose:ups.A1");
  expect(toHash(START)).toBe("");
});

test("names of any script survive the address", () => {
  for (const sel of ["</script><img onerror=x>", "\u05d0\u05d1&=#%", "a b+c,d:e/f"])
    expect(fromHash(`#${toHash({ ...START, sel })}`).situation.sel).toBe(sel);
});

test("what an address asks for in vain is told, the rest is taken", () => {
  const { situation, ignored } = fromHash(
    "#sel=a&nonsense=1&cut=z:high&view=1,2&layers=walls&theme=pink&time=x&step=-1&box=1,2&level=&%=1&state=%E0%A4%A",
  );
  expect(situation).toEqual({ ...START, sel: "a", view: null });
  expect(ignored).toHaveLength(11);
  expect(fromHash("#cut=z:1.8").situation.air).toBe("slice");
});
