/** What tests (and whoever embeds the page) may ask of it. */
import type { Side, Stats } from "../contract";
import type { Situation } from "../scene/situation";
import type { App } from "./app";
import { openFinding } from "./findings";

export interface Hook {
  ready: Promise<void>;
  select(id: string): boolean;
  paint(name: string): boolean;
  set(patch: Partial<Situation>): void;
  finding(index: number): void;
  /** Middle of a thing in the page, CSS pixels; null where it is not in sight. */
  project(id: string, side?: Side): { x: number; y: number } | null;
  /** What lies under a place of the page. */
  at(x: number, y: number): string;
  state(): Situation & { title: string; quantity: string; states: number; things: number; runs: number };
  value(id: string, quantity: string, state?: string): number;
  stats(): Stats;
}

declare global {
  interface Window {
    twinViewer: Hook;
  }
}

export function hook(app: App, host: HTMLElement, ready: Promise<void>): Hook {
  const corner = () => host.getBoundingClientRect();
  return {
    ready,
    select: (id) => {
      app.selectId(id);
      return app.selected >= 0;
    },
    paint: (name) => {
      const known = app.run.quantity(name)?.paint === true;
      if (known) app.store.set({ paint: name });
      return known;
    },
    set: (patch) => app.store.set(patch),
    finding: (index) => openFinding(app, index),
    project: (id, side = 0) => {
      const thing = app.runs[side]?.scene.thing(id) ?? -1;
      const place = thing < 0 ? null : app.stage.project(thing, side);
      const { left, top } = corner();
      return place && { x: place.x + left, y: place.y + top };
    },
    at: (x, y) => {
      const { left, top } = corner();
      const { thing, side } = app.stage.at(x - left, y - top);
      return thing < 0 ? "" : (app.runs[side]?.id(thing) ?? "");
    },
    state: () => ({
      ...app.now,
      title: app.hasRun ? app.run.document.title : "",
      quantity: app.hasRun ? (app.quantity?.name ?? "") : "",
      states: app.hasRun ? app.run.document.states.length : 0,
      things: app.hasRun ? app.run.count : 0,
      runs: app.runs.length,
    }),
    value: (id, quantity, state = "") => {
      const about = app.run.quantity(quantity);
      return about ? app.run.value(about, app.run.scene.thing(id), app.run.state(state)) : NaN;
    },
    stats: () => app.stage.stats(),
  };
}
