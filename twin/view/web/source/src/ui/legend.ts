/** The colour bar: unit, ticks, bands, limits, what grey and dark mean; and the choice of what is painted. */
import type { Quantity } from "../generated/scene";
import { PALETTES, type Rgb } from "../stage/themes";
import { airScale, beyond, shortLabel, tableLabel, type Scale } from "../scene/scale";
import type { App } from "./app";
import { bar, paintBar } from "./bar";
import { h, icon, refill, toggle } from "./dom";
import { aloneIn } from "../scene/pair";

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
      { class: "legend-title ellipsis", title: scale.title },
      shortLabel(scale.title),
      scale.unit ? h("span", { class: "unit" }, scale.unit) : null,
    ),
    h("span", { class: "legend-table" }, tableLabel(quantity.name)),
    icon("chevron"),
  );
}

function foot(app: App, scale: Scale): HTMLElement {
  const painted = app.paint()?.columns[app.side] ?? [];
  const others = painted.slice(1).map(({ quantity }) => tableLabel(quantity.name));
  const also = [...new Set(others)];
  const palette = PALETTES[app.theme];
  return h(
    "div",
    { class: "legend-foot" },
    beyond(scale).map(({ high, text }) => h("span", { class: "key end" }, icon(high ? "right" : "left"), text)),
    key(palette.none, app.differs ? "not in both runs" : "no value"),
    key(palette.out, "out of service or without power", "hatched"),
    app.differs ? aloneKey(app) : null,
    app.timeline && !inTime(app)
      ? h("span", { class: "key warning-text" }, "not followed in time: values of the steady state")
      : null,
    also.length > 0 && !scale.signed ? h("span", { class: "key also ellipsis" }, `also ${also.join(", ")}`) : null,
  );
}

/** How many things have no difference, since only one run has them. */
function aloneKey(app: App): HTMLElement | null {
  const counts = aloneIn(app.runs[0]!, app.runs[1]!).map(({ things }) => things.length);
  const words = counts.flatMap((count, side) =>
    count ? [`${count.toLocaleString("en")} thing${count === 1 ? "" : "s"} only in the ${side ? "second" : "first"} run`] : [],
  );
  if (!words.length) return null;
  return h("button", { type: "button", class: "as-text key", onclick: () => app.store.set({ tab: "figures" }) }, words.join(", "));
}

/** What a colour beside the bar means. */
function key(color: Rgb, text: string, drawn = ""): HTMLElement {
  return h("span", { class: "key" }, h("i", { class: drawn, style: { "background-color": css(color) } }), text);
}

/** A colour of the stage for the page. */
export function css(color: Rgb): string {
  return `rgb(${color.map((part) => Math.round(255 * part)).join(" ")})`;
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
    h("span", { class: "ellipsis", title: quantity.label }, shortLabel(quantity.label)),
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
