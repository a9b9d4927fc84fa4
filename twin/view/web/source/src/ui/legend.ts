/** The colour bar: unit, ticks, bands, limits, what grey and dark mean; and the choice of what is painted. */
import type { Quantity } from "../generated/scene";
import { airScale, tableLabel, type Scale } from "../scene/scale";
import type { App } from "./app";
import { h, icon, refill, toggle } from "./dom";

export function legend(app: App): HTMLElement {
  const card = h("section", { class: "legend card", "aria-label": "Colours" });
  const draw = () => {
    const painted = app.hasRun ? app.paint() : null;
    card.hidden = !app.hasRun;
    if (!app.hasRun) return;
    const parts = painted
      ? [choice(app, painted.scale), bar(painted.scale, "main"), foot(app, painted.scale)]
      : [h("p", { class: "empty" }, "This run has nothing to paint.")];
    refill(card, ...parts, airBar(app));
  };
  app.store.watch(
    ["paint", "safe", "state", "timeline", "time", "compare", "theme", "runs", "air", "field", "streams"],
    (changed) => {
      if (changed.size === 1 && changed.has("time") && !app.differs) return;
      draw();
    },
  );
  draw();
  return card;
}

function choice(app: App, scale: Scale): HTMLElement {
  const quantity = app.quantity!;
  return h(
    "button",
    {
      type: "button",
      class: "legend-choice",
      "aria-haspopup": "dialog",
      title: "Colour by (c)",
      onclick: () => openChooser(app),
    },
    h(
      "span",
      { class: "legend-title ellipsis" },
      scale.title,
      scale.unit ? h("span", { class: "unit" }, scale.unit) : null,
    ),
    h("span", { class: "legend-table" }, tableLabel(quantity.name)),
    icon("chevron"),
  );
}

/** The bar itself, drawn from the table. */
export function bar(scale: Scale, sort: "main" | "air"): HTMLElement {
  const canvas = h("canvas", { class: "bar", width: 256, height: 1, "aria-hidden": "true" });
  paintBar(canvas, scale);
  const share = (value: number) => (value - scale.low) / (scale.high - scale.low || 1);
  const inside = (value: number) => share(value) >= -0.001 && share(value) <= 1.001;
  const place = (value: number) => ({ left: `${(100 * Math.min(1, Math.max(0, share(value)))).toFixed(2)}%` });
  const ticks = scale.ticks
    .filter((tick) => inside(tick.value))
    .map((tick) => h("span", { class: "tick", style: place(tick.value) }, tick.text));
  const limits = scale.limits
    .filter((limit) => inside(limit.value))
    .map((limit) =>
      h("span", { class: "limit", style: place(limit.value), title: limit.text }, h("span", {}, limit.text)),
    );
  const bands = scale.bands.map((band) => {
    const [low, high] = [Math.max(band.low, scale.low), Math.min(band.high, scale.high)];
    if (!(high > low)) return null;
    return h(
      "span",
      {
        class: share(high) - share(low) > 0.22 ? "band" : "band slim",
        title: band.text,
        style: { ...place(low), width: `${(100 * (share(high) - share(low))).toFixed(2)}%` },
      },
      share(high) - share(low) > 0.13 ? h("span", {}, band.text) : null,
    );
  });
  const words =
    `${scale.title}, from ${scale.ticks[0]?.text ?? ""} to ${scale.ticks.at(-1)?.text ?? ""} ${scale.unit}` +
    (scale.limits.length ? `; limits: ${scale.limits.map((limit) => limit.text).join(", ")}` : "");
  return h(
    "div",
    { class: `bar-box bar-${sort}${bands.some(Boolean) ? " banded" : ""}`, role: "img", "aria-label": words },
    bands.length ? h("div", { class: "bands" }, bands) : limitNames(scale),
    h("div", { class: "bar-line" }, canvas, limits),
    h("div", { class: "ticks" }, ticks),
  );
}

/** Names of the limits above the bar, where no bands stand there. */
function limitNames(scale: Scale): HTMLElement | null {
  const inside = scale.limits.filter((limit) => limit.value >= scale.low && limit.value <= scale.high);
  if (!inside.length) return null;
  const share = (value: number) => (value - scale.low) / (scale.high - scale.low || 1);
  return h(
    "div",
    { class: "bands" },
    inside.slice(0, 3).map((limit) => {
      const at = share(limit.value);
      const style: Record<string, string> =
        at > 0.5 ? { right: `${(100 - 100 * at).toFixed(2)}%` } : { left: `${(100 * at).toFixed(2)}%` };
      return h("span", { class: "limit-name", style }, limit.text);
    }),
  );
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

function foot(app: App, scale: Scale): HTMLElement {
  const painted = app.paint()?.columns[app.side] ?? [];
  const others = painted.slice(1).map(({ quantity }) => tableLabel(quantity.name));
  const also = [...new Set(others)];
  return h(
    "div",
    { class: "legend-foot" },
    h("span", { class: "key" }, h("i", { class: "grey" }), app.differs ? "not in both runs" : "no value"),
    h("span", { class: "key" }, h("i", { class: "dark" }), "out of service or without power"),
    app.timeline && !inTime(app)
      ? h("span", { class: "key warning-text" }, "not followed in time: values of the steady state")
      : null,
    also.length > 0 && !scale.signed ? h("span", { class: "key also ellipsis" }, `also ${also.join(", ")}`) : null,
  );
}

/** Whether the timeline has values of what is painted. */
function inTime(app: App, quantity = app.quantity): boolean {
  return app.timeline?.paints.some((paint) => app.run.document.quantities[paint.quantity] === quantity) ?? false;
}

/** Scale of the air that is shown, where it is another than that of the things. */
export function shownAir(app: App): Scale | null {
  const { volumes } = app.run.document;
  const volume = volumes.find((one) => one.name === app.now.field) ?? volumes[0];
  if (!volume || app.now.air === "off") return null;
  const scale = airScale(app.run, volume, app.now.safe);
  const main = app.paint()?.scale;
  return main && main.lut === scale.lut && main.low === scale.low && main.high === scale.high ? null : scale;
}

function airBar(app: App): HTMLElement | null {
  const scale = shownAir(app);
  if (!scale) return null;
  return h(
    "div",
    { class: "legend-air" },
    h("span", { class: "legend-title" }, scale.title, h("span", { class: "unit" }, scale.unit)),
    bar(scale, "air"),
  );
}

/** Choose what is painted, by table. */
export function openChooser(app: App): void {
  if (!app.hasRun) return;
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: "Colour by",
    "aria-label": "Filter quantities",
  });
  const list = h("div", { class: "chooser-list", role: "radiogroup", "aria-label": "Colour by" });
  const dialog = h(
    "dialog",
    { class: "sheet chooser", "aria-label": "Colour by", onclose: () => dialog.remove() },
    search,
    list,
    toggle("Colours for all eyes", app.now.safe, (safe) => app.store.set({ safe })),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  const draw = () => {
    const words = search.value.toLowerCase();
    const groups = new Map<string, Quantity[]>();
    for (const quantity of app.run.document.quantities) {
      const label = tableLabel(quantity.name);
      if (!quantity.paint || !`${label} ${quantity.label} ${quantity.name}`.toLowerCase().includes(words)) continue;
      groups.set(label, [...(groups.get(label) ?? []), quantity]);
    }
    refill(
      list,
      [...groups].map(([label, all]) =>
        h(
          "fieldset",
          {},
          h("legend", {}, label),
          all.map((quantity) => option(app, quantity, dialog)),
        ),
      ),
    );
    if (!groups.size) refill(list, h("p", { class: "empty" }, "No quantity matches."));
  };
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.querySelector<HTMLElement>("input")?.focus();
    if (event.key === "Enter") list.querySelector<HTMLElement>("input")?.click();
  });
  draw();
  document.body.append(dialog);
  dialog.showModal();
  list.querySelector<HTMLInputElement>("input:checked")?.scrollIntoView({ block: "center" });
}

function option(app: App, quantity: Quantity, dialog: HTMLDialogElement): HTMLElement {
  const input = h("input", { type: "radio", name: "paint", value: quantity.name, checked: quantity === app.quantity });
  input.addEventListener("change", () => paintBy(app, quantity.name));
  const canvas = h("canvas", { class: "swatch-bar", width: 256, height: 1, "aria-hidden": "true" });
  const block = app.run.document.luts[app.now.safe ? quantity.safe : quantity.lut];
  if (block) paintBar(canvas, { lut: app.run.scene.numbers(block) as Uint8Array });
  const along = inTime(app, quantity);
  return h(
    "label",
    { class: "option", ondblclick: () => dialog.close() },
    input,
    h("span", { class: "ellipsis" }, quantity.label),
    along ? h("small", {}, "in time") : null,
    canvas,
  );
}

export function paintBy(app: App, name: string): void {
  const quantity = app.run.quantity(name);
  if (!quantity?.paint) return;
  app.store.set({ paint: name });
  app.say(`Colours: ${quantity.label}`);
}
