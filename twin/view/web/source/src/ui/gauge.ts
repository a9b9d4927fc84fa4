/** A value against its limit, as a small bar. */
import type { Finding } from "../generated/scene";
import { marginText, rank, shareOfLimit } from "../scene/findings";
import { h } from "./dom";

/** How far beyond the limit the bar goes at least, shares of the limit. */
const BEYOND = 1.25;

/** Value and limit, and how far one is from the other; null for what is yes or no. */
export function gauge(finding: Finding): HTMLElement | null {
  if (!finding.value || !finding.limit || finding.margin === null) return null;
  const words = h("div", { class: "gauge-words" }, h("b", {}, finding.value), h("span", {}, `limit ${finding.limit}`));
  const share = shareOfLimit(finding);
  if (share === null) return h("div", { class: "gauge" }, words);
  const whole = Math.max(BEYOND, share);
  const percent = (part: number) => `${((100 * part) / whole).toFixed(1)}%`;
  return h(
    "div",
    { class: `gauge ${rank(finding)}`, title: `Margin ${marginText(finding.margin)}` },
    h(
      "div",
      { class: "gauge-bar", "aria-hidden": "true" },
      h("i", { class: "gauge-fill", style: { width: percent(share) } }),
      h("i", { class: "gauge-limit", style: { left: percent(1) } }),
    ),
    words,
  );
}
