/** Words of the panels that need no page. */
import { expect, test } from "vitest";
import type { State } from "../src/generated/scene";
import { change } from "../src/ui/figures";
import { stateTitle, stateWords } from "../src/ui/states";

const state: State = {
  name: "lose:ups.A", settled: true, normal: false, failed: [], maintained: [], dark: 1, throttled: 0, overloaded: 2,
  hottest: "31.2 \u00b0C", findings: 0, cascade: [],
};

test("the difference of two figures, where both have one unit", () => {
  expect(change("1.08", "1.1")).toBe("+0.02");
  expect(change("1.2 MW", "1.15 MW")).toBe("\u22120.05 MW");
  expect(change("24.0 degC", "26.5 degC")).toBe("+2.5 K");
  expect(change("24.0 \u00b0C", "26.5 \u00b0C")).toBe("+2.5 K");
  expect(change("10", "10")).toBe("same");
  expect(change("900 kW", "1.2 MW")).toBe("\u2013");
  expect(change("no", "yes")).toBe("\u2013");
});

test("a state in words", () => {
  expect(stateTitle(state)).toBe("ups.A");
  expect(stateWords(state)).toBe("lose:ups.A: 1 rack dark, 2 overloaded, warmest inlet 31.2 \u00b0C");
  expect(stateWords({ ...state, settled: false })).toMatch(/no steady solution/);
  expect(stateWords({ ...state, normal: true, dark: 0, overloaded: 0, hottest: "" })).toBe("Normal operation: no rack dark");
});
