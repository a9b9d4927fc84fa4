/** The air: cuts through it, a surface of one value, the volume, and lines along which it moves. */
import type { Axis } from "../contract";
import { metres } from "../scene/scale";
import { formatQuantity } from "../scene/quantity";
import type { App } from "./app";
import { h, iconButton, refill, segments, slider, toggle } from "./dom";
import { cutsOf, usualLevel } from "./picture";

const MODES = [
  { name: "off", text: "Off" },
  { name: "slice", text: "Slices" },
  { name: "surface", text: "Surface" },
  { name: "volume", text: "Volume" },
] as const;

export function airControls(app: App): HTMLElement {
  const body = h("div", { class: "air" });
  let own = false;
  const set = (patch: Parameters<App["store"]["set"]>[0], how: "push" | "replace" = "replace") => {
    own = how === "replace";
    app.store.set(patch, how);
    own = false;
  };
  const draw = () => refill(body, ...content(app, set));
  app.store.watch(
    ["air", "field", "cuts", "level", "streams", "runs", "compare"],
    () => body.isConnected && !own && draw(),
  );
  draw();
  return body;
}

type Set = (patch: Parameters<App["store"]["set"]>[0], how?: "push" | "replace") => void;

function content(app: App, set: Set): HTMLElement[] {
  const { volumes, streams } = app.run.document;
  const parts: HTMLElement[] = [];
  const lines =
    streams.length > 0 ? [toggle("Streamlines", app.now.streams, (on) => app.store.set({ streams: on }))] : [];
  if (!volumes.length) {
    parts.push(h("p", { class: "empty" }, "This run has no air field; solve it with --air potential or rans for one."));
    return [...parts, ...lines];
  }
  parts.push(segments("Air", MODES, app.now.air, (air) => set({ air }, "push")));
  const names = [...new Map(volumes.map((volume) => [volume.name, volume.label]))].map(([name, text]) => ({
    name,
    text,
  }));
  const volume = volumes.find((one) => one.name === app.now.field) ?? volumes[0]!;
  if (names.length > 1)
    parts.push(segments("Field", names, volume.name, (field) => set({ field, level: null }, "push")));
  if (app.now.air === "slice") parts.push(...cuts(app, set));
  if (app.now.air === "surface" || app.now.air === "volume") {
    const words = app.now.air === "surface" ? "Surface at" : "Opaque from";
    const dimension = app.run.document.dimensions[volume.dimension];
    parts.push(
      slider(
        words,
        { low: volume.low, high: volume.high },
        app.now.level ?? usualLevel(volume),
        (value) => formatQuantity(value, dimension),
        (level) => set({ level }),
      ),
    );
  }
  return [...parts, ...lines];
}

function cuts(app: App, set: Set): HTMLElement[] {
  const all = cutsOf(app);
  const reach = (axis: Axis) => {
    const k = "xyz".indexOf(axis);
    const halls = app.run.document.volumes;
    return {
      low: Math.min(...halls.map((hall) => hall.origin[k]!)),
      high: Math.max(...halls.map((hall) => hall.origin[k]! + hall.size[k]!)),
    };
  };
  const changed = (index: number, cut: { axis: Axis; at: number } | null) => {
    const now = cutsOf(app);
    return cut ? now.map((one, k) => (k === index ? cut : one)) : now.filter((_, k) => k !== index);
  };
  const rows = all.map((cut, index) =>
    h(
      "div",
      { class: "cut" },
      segments(
        `Axis of cut ${index + 1}`,
        [
          { name: "x", text: "x" },
          { name: "y", text: "y" },
          { name: "z", text: "z" },
        ] as const,
        cut.axis,
        (axis) => {
          const { low, high } = reach(axis);
          set({ cuts: changed(index, { axis, at: axis === "z" ? Math.min(1.5, high) : (low + high) / 2 }) }, "push");
        },
      ),
      slider(`Cut ${index + 1}`, reach(cut.axis), cut.at, metres, (at) =>
        set({ cuts: changed(index, { axis: cut.axis, at }) }),
      ),
      all.length > 1 &&
        iconButton("close", `Remove cut ${index + 1}`, () => set({ cuts: changed(index, null) }, "push")),
    ),
  );
  const free = (["x", "y", "z"] as const).find((axis) => !all.some((cut) => cut.axis === axis)) ?? "x";
  const { low, high } = reach(free);
  const add = h(
    "button",
    {
      type: "button",
      class: "button",
      onclick: () => set({ cuts: [...all, { axis: free, at: (low + high) / 2 }] }, "push"),
    },
    "Add a cut",
  );
  return all.length < 3 ? [...rows, add] : rows;
}
