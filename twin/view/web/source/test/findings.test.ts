/** Findings rule by rule. */
import { expect, test } from "vitest";
import type { Finding } from "../src/generated/scene";
import { counts, grouped, marginText, shareOfLimit } from "../src/scene/findings";

const hot = { code: "AIR-1", title: "Inlet", severity: "warning", waived: "", subject: "r1", margin: -0.2 } as Finding;
const dark = { ...hot, code: "PWR-1", title: "Power", severity: "error", subject: "r9", margin: null } as Finding;
const all = [hot, { ...hot, subject: "r2", margin: -0.1 }, dark, { ...hot, severity: "info", margin: 0.4 } as Finding, { ...hot, waived: "known" }];

test("what is waived counts as neither broken nor holding", () => {
  expect(counts(all)).toEqual({ broken: 1, warning: 2, waived: 1, holds: 1 });
});

test("findings of one rule and rank are one group, broken ones first", () => {
  const groups = grouped(all);
  expect(groups.map(({ rank, members, margin }) => [rank, members, margin])).toEqual([
    ["broken", [2], null], ["warning", [0, 1], -0.2], ["waived", [4], -0.2], ["holds", [3], 0.4],
  ]);
  expect(grouped(all, (finding) => finding.subject === "r2").map(({ members }) => members)).toEqual([[1]]);
  expect(grouped([])).toEqual([]);
});

test("limits of the designer share a code and are rules of their own", () => {
  expect(grouped([hot, { ...hot, title: "PUE" }])).toHaveLength(2);
});

test("the worst margin of a group counts, wherever it stands", () => {
  expect(grouped([{ ...hot, margin: null }, { ...hot, margin: 0.1 }, { ...hot, margin: -3 }])[0]!.margin).toBe(-3);
});

test("margins in words", () => {
  expect([marginText(-1.407), marginText(0.0103), marginText(null)]).toEqual(["\u2212141 %", "1.0 %", ""]);
});

test("a value as a share of its limit, also where both have other units", () => {
  const share = (value: string, limit: string, margin: number | null, message = "") => shareOfLimit({ ...hot, value, limit, margin, message });
  expect(share("46.2 \u00b0C", "35 \u00b0C", -1.1)).toBeCloseTo(1.32);
  expect(share("7.16 min", "18.1 s", 22.7, "time is 7.16 min, 2272 % above the 18.1 s required")).toBeCloseTo(23.7);
  expect(share("1.2 MW", "900 kW", -0.33, "load is 1.2 MW, 33 % above the 900 kW allowed")).toBeCloseTo(1.33);
  expect([share("1.4 m", "0 m", -1.4), share("no", "yes", null), share("", "", 0.1)]).toEqual([null, null, null]);
});
