/** A colour bar: its table, ticks, bands and limits; words that find no room become shorter, or go. */
import { beyond, shortened, type Scale } from "../scene/scale";
import { h, icon } from "./dom";

/** The bar itself, drawn from the table. */
export function bar(scale: Scale, sort: "main" | "air"): HTMLElement {
  const canvas = h("canvas", { class: "bar", width: 256, height: 1, "aria-hidden": "true" });
  paintBar(canvas, scale);
  const ticks = scale.ticks
    .filter((tick) => inside(scale, tick.value))
    .map((tick) => h("span", { class: "tick", style: place(scale, tick.value) }, tick.text));
  const limits = scale.limits
    .filter((limit) => inside(scale, limit.value))
    .map((limit) => {
      const words = h("span", {}, limit.text);
      return h("span", { class: "limit", style: place(scale, limit.value), title: limit.text }, words);
    });
  const outside = beyond(scale);
  const words =
    `${scale.title}, from ${scale.ticks[0]?.text ?? ""} to ${scale.ticks.at(-1)?.text ?? ""} ${scale.unit}` +
    (limits.length ? `; limits: ${scale.limits.map((limit) => limit.text).join(", ")}` : "") +
    (outside.length ? `; beyond the bar: ${outside.map(({ text }) => text).join(", ")}` : "");
  const above = scale.bands.length ? bands(scale) : limitNames(scale);
  return h(
    "div",
    { class: `bar-box bar-${sort}`, role: "img", "aria-label": words },
    above,
    h(
      "div",
      { class: "bar-line" },
      canvas,
      limits,
      outside.map(({ high, text }) =>
        h("span", { class: `beyond ${high ? "high" : "low"}`, title: text }, icon(high ? "right" : "left")),
      ),
    ),
    h("div", { class: "ticks" }, ticks),
  );
}

function share(scale: Scale, value: number): number {
  return (value - scale.low) / (scale.high - scale.low || 1);
}

function inside(scale: Scale, value: number): boolean {
  return share(scale, value) >= -0.001 && share(scale, value) <= 1.001;
}

function place(scale: Scale, value: number): Record<string, string> {
  return { left: `${(100 * Math.min(1, Math.max(0, share(scale, value)))).toFixed(2)}%` };
}

function bands(scale: Scale): HTMLElement {
  const all = scale.bands.flatMap((band) => {
    const [low, high] = [Math.max(band.low, scale.low), Math.min(band.high, scale.high)];
    if (!(high > low)) return [];
    const width = `${(100 * (share(scale, high) - share(scale, low))).toFixed(2)}%`;
    const words = h("span", {}, band.text);
    const element = h("span", { class: "band", title: band.text, style: { ...place(scale, low), width } }, words);
    return [{ element, words, forms: shortened(band.text) }];
  });
  const box = h(
    "div",
    { class: "bands" },
    all.map(({ element }) => element),
  );
  whenWide(box, () => {
    const write = (level: number) =>
      all.filter(({ element, words, forms }) => {
        words.textContent = forms[Math.min(level, forms.length - 1)]!;
        return words.offsetWidth + 5 > element.clientWidth;
      });
    const longest = Math.max(...all.map(({ forms }) => forms.length));
    let level = 0;
    while (write(level).length && level < longest - 1) level++;
    for (const { words } of write(level)) words.textContent = "";
  });
  return box;
}

/** Names of the limits above the bar, where no bands stand there; those that would lie over one another are not shown. */
function limitNames(scale: Scale): HTMLElement | null {
  const within = scale.limits.filter((limit) => inside(scale, limit.value));
  if (!within.length) return null;
  const all = within.map((limit) => {
    const at = 100 * share(scale, limit.value);
    const style: Record<string, string> =
      at > 50 ? { right: `${(100 - at).toFixed(2)}%` } : { left: `${at.toFixed(2)}%` };
    return h("span", { class: "limit-name", title: limit.text, style }, limit.text);
  });
  const box = h("div", { class: "bands" }, all);
  whenWide(box, () => {
    let end = box.getBoundingClientRect().left - 8;
    for (const name of all) {
      const { left, right } = name.getBoundingClientRect();
      const room = left >= end + 8;
      name.style.visibility = room ? "" : "hidden";
      if (room) end = right;
    }
  });
  return box;
}

/** Do something whenever an element has a width, or another one. */
function whenWide(element: HTMLElement, fit: () => void): void {
  new ResizeObserver(() => element.clientWidth && fit()).observe(element);
}

/** Colours along a canvas of 256 x 1. */
export function paintBar(canvas: HTMLCanvasElement, scale: { lut: Uint8Array }): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(256, 1);
  for (let k = 0; k < 256; k++) {
    image.data.set(scale.lut.subarray(3 * k, 3 * k + 3), 4 * k);
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
