/** Layers, isolation, section box, labels and streamlines. */
import type { Box } from "../contract";
import type { Layer } from "../generated/scene";
import { metres } from "../scene/scale";
import { layerColor, PALETTES } from "../stage/themes";
import type { App } from "./app";
import { airControls } from "./aircontrols";
import { h, icon, iconButton, refill, slider, toggle } from "./dom";
import { css } from "./legend";
import { layerOn, usuallyOn } from "./picture";

export function layersTab(app: App): HTMLElement {
  const list = h("div", { class: "layer-list", role: "group", "aria-label": "Layers" });
  const alone = h("div", {});
  const box = h("div", {});
  const drawAll = () => {
    drawLayers(app, list);
    drawIsolation(app, alone);
    drawBox(app, box);
  };
  const body = h(
    "div",
    { class: "tab-body scroll" },
    list,
    section("Isolate", alone),
    section("Section box", box),
    section("Air", airControls(app)),
    section(
      "Show",
      toggle("Labels", app.now.labels, (on) => app.store.set({ labels: on }), { "data-key": "labels" }),
      toggle("Colours for all eyes", app.now.safe, (on) => app.store.set({ safe: on }), { "data-key": "safe" }),
    ),
  );
  app.store.watch(["layers", "paint", "timeline", "theme", "safe", "compare"], () => body.isConnected && drawLayers(app, list));
  app.store.watch(["isolate"], () => body.isConnected && drawIsolation(app, alone));
  app.store.watch(["box"], () => body.isConnected && !sliding && drawBox(app, box));
  app.store.watch(["labels", "safe"], () => {
    for (const key of ["labels", "safe"] as const)
      body.querySelectorAll<HTMLInputElement>(`[data-key=${key}]`).forEach((input) => (input.checked = app.now[key]));
  });
  app.store.watch(["runs"], () => body.isConnected && drawAll());
  drawAll();
  return body;
}

function section(title: string, ...content: HTMLElement[]): HTMLElement {
  return h("section", { class: "group" }, h("h2", {}, title), ...content);
}

function drawLayers(app: App, list: HTMLElement): void {
  refill(
    list,
    app.run.document.layers.map((layer) => {
      const on = layerOn(app, layer.name);
      const count = new Set(app.run.scene.numbers(layer.thing)).size;
      return h(
        "div",
        { class: on ? "layer" : "layer off" },
        h(
          "button",
          {
            type: "button",
            class: "layer-button",
            role: "switch",
            "aria-checked": String(on),
            "data-layer": layer.name,
            onclick: () => setLayer(app, layer.name, !on),
          },
          h("span", { class: "swatch", style: swatch(app, layer) }),
          h("span", { class: "ellipsis" }, layer.label),
          h("span", { class: "count" }, count.toLocaleString("en")),
          icon(on ? "eye" : "off"),
        ),
        iconButton("isolate", `Only ${layer.label}`, () => onlyLayer(app, layer.name), { class: "icon-button quiet" }),
      );
    }),
  );
}

/** A layer's colours in the picture: what is painted on it, or its own. */
function swatch(app: App, layer: Layer): Record<string, string> {
  const painted = app.paint();
  const opacity = String(Math.max(layer.opacity, 0.35));
  if (painted?.columns[app.side]?.some(({ quantity }) => quantity.layers.includes(layer.name))) {
    const { lut } = painted.scale;
    const stops = [0, 64, 128, 192, 255].map((k) => `rgb(${lut.subarray(3 * k, 3 * k + 3).join(" ")})`);
    return { background: `linear-gradient(90deg, ${stops.join(", ")})`, opacity };
  }
  return { background: css(layerColor(layer.look, layer.color, PALETTES[app.theme])), opacity };
}

export function setLayer(app: App, name: string, on: boolean): void {
  const layer = app.run.document.layers.find((one) => one.name === name);
  const layers = { ...app.now.layers };
  if (on === usuallyOn(app, name)) delete layers[name];
  else layers[name] = on;
  app.store.set({ layers });
  app.say(`${layer?.label ?? name} ${on ? "shown" : "hidden"}`);
}

/** Only one layer and the floor; again for all. */
function onlyLayer(app: App, name: string): void {
  const all = app.run.document.layers;
  const alone = all.every((layer) => layerOn(app, layer.name) === (layer.name === name || layer.look === "floor"));
  app.store.set({
    layers: alone
      ? {}
      : Object.fromEntries(all.map((layer) => [layer.name, layer.name === name || layer.look === "floor"])),
  });
}

function drawIsolation(app: App, into: HTMLElement): void {
  const { halls, pods, rows } = app.run.document.things;
  const groups = [
    ["hall", "Halls", halls],
    ["pod", "Pods", pods],
    ["row", "Rows", rows],
  ] as const;
  const select = h(
    "select",
    { class: "field", "aria-label": "Isolate", onchange: () => app.store.set({ isolate: select.value }) },
    h("option", { value: "" }, "Everything"),
    groups.map(
      ([sort, label, names]) =>
        names.length > 0 &&
        h(
          "optgroup",
          { label },
          names.slice(0, 2000).map((name) => h("option", { value: `${sort}:${name}` }, name)),
        ),
    ),
    app.now.isolate.startsWith("id:") &&
      h("option", { value: app.now.isolate }, `${app.now.isolate.slice(3)} and what feeds it`),
  );
  select.value = app.now.isolate;
  refill(into, select);
}

let sliding = false;

function drawBox(app: App, into: HTMLElement): void {
  const { box } = app.now;
  const whole = wholeBox(app);
  const on = toggle("Cut the scene to a box", box !== null, (wanted) => app.store.set({ box: wanted ? whole : null }));
  if (!box) return refill(into, on);
  const faces = (["x", "y", "z"] as const).flatMap((axis, k) =>
    (["low", "high"] as const).map((end) => {
      const label = `${{ x: ["West", "East"], y: ["South", "North"], z: ["Bottom", "Top"] }[axis][end === "low" ? 0 : 1]} face`;
      return slider(label, { low: whole.low[k]!, high: whole.high[k]! }, box[end][k]!, metres, (value) => {
        sliding = true;
        app.store.set({ box: moved(app.now.box ?? whole, k, end, value) }, "replace");
        sliding = false;
      });
    }),
  );
  refill(
    into,
    on,
    faces,
    h(
      "button",
      { type: "button", class: "button", onclick: () => app.store.set({ box: aroundSelection(app) ?? whole }) },
      app.selected >= 0 ? "Fit to the selection" : "Whole scene",
    ),
  );
}

/** A box whose face moved; it never turns inside out. */
function moved(box: Box, axis: number, end: "low" | "high", value: number): Box {
  const low = [...box.low] as [number, number, number];
  const high = [...box.high] as [number, number, number];
  if (end === "low") low[axis] = Math.min(value, high[axis]! - 0.05);
  else high[axis] = Math.max(value, low[axis]! + 0.05);
  return { low, high };
}

/** Everything that has boxes. */
export function wholeBox(app: App): Box {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (const layer of app.run.document.layers) {
    const [bottoms, tops] = [app.run.scene.numbers(layer.low), app.run.scene.numbers(layer.high)];
    for (let k = 0; k < bottoms.length; k++) {
      low[k % 3] = Math.min(low[k % 3]!, bottoms[k]!);
      high[k % 3] = Math.max(high[k % 3]!, tops[k]!);
    }
  }
  const { document } = app.run;
  return Number.isFinite(low[0])
    ? { low, high }
    : { low: document.low as Box["low"], high: document.high as Box["high"] };
}

function aroundSelection(app: App): Box | null {
  const at = app.selected >= 0 ? app.run.position(app.selected) : null;
  if (!at) return null;
  const whole = wholeBox(app);
  return { low: [at[0] - 3, at[1] - 3, whole.low[2]], high: [at[0] + 3, at[1] + 3, whole.high[2]] };
}
