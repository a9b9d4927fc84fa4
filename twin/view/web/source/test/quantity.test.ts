/** Texts of quantities are Python's. */
import { expect, test } from "vitest";
import type { Dimension } from "../src/generated/scene";
import { elapsed, hourOfYear, nearest } from "../src/scene/clock";
import { NONE, fixed, formatDifference, formatQuantity, general } from "../src/scene/quantity";
import cases from "./quantities.json";

const dimensions = cases.dimensions as unknown as Record<string, Dimension>;

test("every dimension writes what Python writes", () => {
  const wrong = (cases.cases as [string, number, string][])
    .filter(([name]) => !dimensions[name]!.flag)
    .map(([name, value, text]) => [name, value, text, formatQuantity(value, dimensions[name])])
    .filter(([, , python, here]) => python !== here);
  expect(wrong).toEqual([]);
});

test("flags are words, nothing is a dash", () => {
  expect(formatQuantity(1, dimensions["flag"])).toBe("yes");
  expect(formatQuantity(0, dimensions["flag"])).toBe("no");
  expect(formatQuantity(NaN, dimensions["power"])).toBe(NONE);
});

test("ties go to the even digit, as in Python", () => {
  expect([fixed(22.25, 1), fixed(22.35, 1), fixed(0.5, 0), fixed(1.5, 0), fixed(-2.5, 0)]).toEqual([
    "22.2",
    "22.4",
    "0",
    "2",
    "-2",
  ]);
  expect([general(1234, 3), general(0.00001234, 3), general(0.95, 3), general(0, 3)]).toEqual([
    "1.23e+03",
    "1.23e-05",
    "0.95",
    "0",
  ]);
});

test("differences have a sign, those of temperatures are kelvins", () => {
  expect(formatDifference(-1.5, dimensions["temperature"])).toBe("\u22121.5 K");
  expect(formatDifference(132e3, dimensions["power"])).toBe("+132 kW");
  expect(formatDifference(0, dimensions["power"])).toMatch(/^0 /);
});

test("times", () => {
  expect(hourOfYear(0)).toBe("1 Jan 00:00");
  expect(hourOfYear((31 + 27) * 86400 + 23 * 3600)).toBe("28 Feb 23:00");
  expect(hourOfYear(364 * 86400 + 1800)).toBe("31 Dec 00:30");
  expect([elapsed(4.54), elapsed(45), elapsed(750), elapsed(3 * 3600 + 300)]).toEqual([
    "4.5 s",
    "45 s",
    "12 min 30 s",
    "3 h 05 min",
  ]);
  expect([nearest([0, 10, 20], 14), nearest([0, 10, 20], 16), nearest([0, 10, 20], 99), nearest([5], 0)]).toEqual([
    1, 2, 2, 0,
  ]);
});
