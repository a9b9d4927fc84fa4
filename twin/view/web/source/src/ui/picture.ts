/** The stage follows the situation: every change of it becomes one call. */
import type { Highlight, Side } from "../contract";
import { airScale, lutOf } from "../scene/scale";
import type { Run } from "../scene/run";
import type { Link } from "../scene/graph";
import { VIEWS } from "../scene/situation";
import type { App } from "./app";

/** Most links that are drawn; beyond, the picture says less. */
const LINKS = 96;

let hovered: { thing: number; side: Side } = { thing: -1, side: 0 };

/** Build what is seen, and follow. */
export function followPicture(app: App): void {
  const { store, stage } = app;
  const guarded = (work: () => unknown) => () => {
    if (app.hasRun) work();
  };
  store.watch(
    ["runs"],
    guarded(() => showRuns(app, false)),
  );
  store.watch(
    ["paint", "state", "timeline", "time", "safe", "compare", "theme"],
    guarded(() => paint(app)),
  );
  store.watch(
    ["layers", "paint", "timeline", "compare"],
    guarded(() => layers(app)),
  );
  store.watch(
    ["isolate", "compare"],
    guarded(() => isolate(app)),
  );
  store.watch(
    ["box"],
    guarded(() => stage.section(app.now.box)),
  );
  store.watch(
    ["sel", "state", "step", "compare"],
    guarded(() => highlight(app)),
  );
  store.watch(
    ["air", "field", "cuts", "level", "safe", "streams"],
    guarded(() => air(app)),
  );
  store.watch(
    ["labels"],
    guarded(() => stage.labels(app.now.labels)),
  );
  store.watch(["theme"], () => stage.theme(app.theme));
  store.watch(
    ["compare"],
    guarded(() => arrange(app)),
  );
  store.watch(
    ["view"],
    guarded(() => takeView(app)),
  );
  store.watch(
    ["timeline"],
    guarded(() => app.timeline && requestAnimationFrame(() => reframe(app))),
  );
}

/** Frame the scene anew where nobody has moved the eye: panels cover other edges of it now. */
function reframe(app: App): void {
  const { view } = app.now;
  if (view !== null && typeof view !== "string") return;
  looked = performance.now();
  app.stage.look(view ?? "iso");
}

/** Everything at once, for a new run. */
export function showRuns(app: App, frame: boolean): void {
  const { stage, runs } = app;
  runs.slice(0, 2).forEach((run, side) => stage.show(run.scene, side as Side, frame && side === 0));
  if (runs.length < 2) stage.single();
  stage.theme(app.theme);
  stage.labels(app.now.labels);
  layers(app);
  paint(app);
  isolate(app);
  stage.section(app.now.box);
  air(app);
  arrange(app);
  highlight(app);
}

export function paint(app: App): void {
  const painted = app.paint();
  app.runs.forEach((run, side) => {
    if (painted)
      app.stage.paint(side as Side, { coats: app.coats(side as Side), lut: painted.scale.lut, out: outOf(app, run) });
  });
}

/** Things that are dark: out of service in this state, or without power. */
export function outOf(app: App, run: Run): Set<number> {
  const index = run.state(app.now.state);
  const state = run.stateAt(index);
  const out = new Set([...(state?.failed ?? []), ...(state?.maintained ?? [])]);
  if (!state?.settled || app.now.timeline) return out;
  for (const name of ["rack.served", "power.live"]) {
    const quantity = run.quantity(name);
    if (!quantity) continue;
    const things = run.scene.numbers(quantity.thing);
    const values = run.scene.row(quantity.values, index);
    for (let k = 0; k < things.length; k++) if (values[k] === 0) out.add(things[k]!);
  }
  return out;
}

function layers(app: App): void {
  const names = new Set(app.runs.flatMap((run) => run.document.layers.map((layer) => layer.name)));
  for (const name of names) app.stage.visible(name, layerOn(app, name));
}

/** Whether a layer is to be seen: as somebody switched it, else as it usually is. */
export function layerOn(app: App, name: string): boolean {
  return app.now.layers[name] ?? usuallyOn(app, name);
}

/** Layers that are hidden at first come into sight while they are painted. */
export function usuallyOn(app: App, name: string): boolean {
  const known = app.runs.flatMap((run) => run.document.layers).find((layer) => layer.name === name);
  if (!known?.hidden) return true;
  return app.paint()?.columns.some((side) => side.some(({ quantity }) => quantity.layers.includes(name))) ?? false;
}

function isolate(app: App): void {
  app.stage.isolate(maskOf(app.run, app.now.isolate));
}

/** Things of a pod, row, hall or of one id; null for all, also where nothing would be left. */
export function maskOf(run: Run, what: string): Uint8Array | null {
  const cut = what.indexOf(":");
  if (cut < 0) return null;
  const [sort, name] = [what.slice(0, cut), what.slice(cut + 1)];
  const mask = new Uint8Array(run.count);
  if (sort === "id") {
    const thing = run.scene.thing(name);
    if (thing < 0) return null;
    for (const one of [thing, ...run.graph.next(thing, "power", true), ...run.graph.next(thing, "cooling", true)])
      mask[one] = 1;
    return mask;
  }
  const { things } = run.document;
  const [names, of] =
    sort === "pod"
      ? [things.pods, things.pod]
      : sort === "row"
        ? [things.rows, things.row]
        : [things.halls, things.hall];
  const wanted = names.indexOf(name);
  if (wanted < 0) return null;
  for (let k = 0; k < mask.length; k++) mask[k] = of[k] === wanted ? 1 : 0;
  return mask;
}

export function hover(app: App, thing: number, side: Side): void {
  if (thing === hovered.thing && side === hovered.side) return;
  hovered = { thing, side };
  highlight(app);
}

function highlight(app: App): void {
  app.runs.forEach((run, side) => app.stage.highlight(side as Side, highlighted(app, run, side as Side)));
}

function highlighted(app: App, run: Run, side: Side): Highlight {
  const selected = app.now.sel ? run.scene.thing(app.now.sel) : -1;
  const pointed = hovered.side === side ? hovered.thing : -1;
  if (selected >= 0) return { selected, hovered: pointed, ...paths(run, selected) };
  const cascade = run.stateAt(run.state(app.now.state))?.cascade ?? [];
  const step = cascade[app.now.step];
  const down = step?.things ?? [];
  const up = step ? cascade.slice(0, app.now.step).flatMap((earlier) => earlier.things) : [];
  return { selected, hovered: pointed, up, down, links: [] };
}

/** The path that serves a thing, and what it serves. */
function paths(run: Run, thing: number): Pick<Highlight, "up" | "down" | "links"> {
  const loop = run.graph.members(thing);
  if (loop.sources.length || loop.sinks.length) return { up: loop.sources, down: loop.sinks, links: [] };
  const walks = (["power", "cooling"] as const).flatMap((sort) => [
    { up: true, walk: run.graph.walk(thing, sort, true) },
    { up: false, walk: run.graph.walk(thing, sort, false) },
  ]);
  const of = (up: boolean) => [...new Set(walks.filter((one) => one.up === up).flatMap((one) => one.walk.things))];
  const links: Link[] = walks.flatMap((one) => one.walk.links);
  return { up: of(true), down: of(false), links: links.slice(0, LINKS) };
}

export function air(app: App): void {
  const { run, stage, now } = app;
  const volume = run.document.volumes.find((one) => one.name === now.field) ?? run.document.volumes[0];
  if (volume) {
    const scale = airScale(run, volume, now.safe);
    const level = now.level ?? usualLevel(volume);
    stage.air({ mode: now.air, name: volume.name, axes: cutsOf(app), level, lut: scale.lut });
  }
  const streams = run.document.streams[0];
  if (streams) {
    const shared = run.document.quantities[streams.quantity];
    stage.streams(now.streams, lutOf(run, shared ?? { lut: 0, safe: 0 }, now.safe));
  }
}

/** Where air counts as warm, until somebody says otherwise. */
export function usualLevel(volume: { low: number; high: number }): number {
  return volume.low + 0.6 * (volume.high - volume.low);
}

/** Cuts through the air: those chosen, or one at the height of a person's chest. */
export function cutsOf(app: App): { axis: "x" | "y" | "z"; at: number }[] {
  return app.now.cuts.length ? [...app.now.cuts] : [{ axis: "z", at: 1.5 }];
}

function arrange(app: App): void {
  const { compare } = app.now;
  if (app.runs.length > 1) app.stage.arrange(compare === "difference" ? "first" : compare);
}

/** Look from where the situation says. */
export function takeView(app: App, swift = false): void {
  const { view } = app.now;
  if (!view) return;
  if (typeof view === "string") {
    looked = performance.now();
    app.stage.look(VIEWS.includes(view) ? view : "iso");
  } else if (distance(view, app.stage.eye()) > 0.05) app.stage.go(view, swift);
}

let looked = -Infinity;

/** When a named view was last asked for. */
export function lookedAt(): number {
  return looked;
}

/** How far two eyes differ, so that an eye that came to rest is not sent to where it is. */
function distance(a: ReturnType<App["eye"]>, b: ReturnType<App["eye"]>): number {
  const gap = (one: readonly number[], other: readonly number[]) =>
    Math.hypot(...one.map((value, k) => value - other[k]!));
  return gap(a.eye, b.eye) + gap(a.target, b.target) + Math.abs(a.parallel - b.parallel);
}
