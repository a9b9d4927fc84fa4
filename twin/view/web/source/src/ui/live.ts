/** A watched layout: scenes, progress and mistakes as its server tells them. */
import { SceneError, readScene } from "../scene/read";
import type { Scene } from "../contract";
import type { App, Mistake } from "./app";
import { h, icon, refill } from "./dom";

/** Whether this page may have a server to ask. */
export function mayBeLive(): boolean {
  return /^https?:$/.test(location.protocol);
}

/** Ask for the scene; null while there is none yet. */
async function ask(): Promise<Scene | null> {
  const answer = await fetch("scene", { cache: "no-store" });
  if (answer.status === 404 || answer.status === 204 || answer.status === 503) return null;
  if (!answer.ok) throw new SceneError(`The server answered ${answer.status}.`);
  return readScene(new Uint8Array(await answer.arrayBuffer()));
}

/** Follow the server; `show` is called with every new scene. */
export async function followServer(app: App, show: (scene: Scene) => void): Promise<void> {
  const change = (patch: Partial<App["live"]>) => {
    app.live = { ...app.live, ...patch };
    app.store.tell("live");
  };
  const load = async () => {
    try {
      const scene = await ask();
      if (scene) show(scene);
      if (scene) change({ mistakes: [], failed: "", progress: null });
    } catch (error) {
      change({ failed: error instanceof SceneError ? error.message : "The server is not to be reached." });
    }
  };
  change({ on: true });
  await load();
  listen(app, change, load);
}

/** Hear the events; after an answer that ends the stream for good, try again. */
function listen(app: App, change: (patch: Partial<App["live"]>) => void, load: () => Promise<void>): void {
  const source = new EventSource("events");
  const hear = (name: string, act: (told: Record<string, unknown>) => void) =>
    source.addEventListener(name, (event) => {
      const told = parsed((event as MessageEvent<string>).data);
      if (told) act(told);
    });
  let version: unknown;
  hear("progress", (told) =>
    change({
      progress: {
        stage: String(told["stage"] ?? ""),
        done: Number(told["done"]) || 0,
        total: Number(told["total"]) || 0,
      },
    }),
  );
  hear("scene", (told) => {
    if (told["version"] !== version || app.live.mistakes.length || !app.hasRun) void load();
    version = told["version"];
  });
  hear("mistakes", (told) => change({ mistakes: mistakesOf(told["mistakes"]), failed: "", progress: null }));
  hear("failed", (told) => change({ failed: String(told["message"] ?? "The solve failed."), progress: null }));
  source.addEventListener("open", () => change({ gone: false }));
  source.addEventListener("error", () => {
    change({ gone: true });
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => listen(app, change, load), 2000);
  });
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function mistakesOf(told: unknown): Mistake[] {
  const list = Array.isArray(told) ? (told as Record<string, unknown>[]) : [];
  return list.map((one) => ({
    file: String(one["file"] ?? ""),
    line: Number(one["line"]) || 0,
    column: Number(one["column"]) || 0,
    message: String(one["message"] ?? ""),
    text: String(one["text"] ?? ""),
  }));
}

/** What the server says, above the picture. */
export function livePanel(app: App): HTMLElement {
  const panel = h("section", { class: "live", "aria-label": "Watched layout", "aria-live": "polite" });
  const draw = () => {
    const { on, gone, progress, mistakes, failed } = app.live;
    panel.hidden = !on || !(gone || progress || mistakes.length || failed);
    document.documentElement.classList.toggle("stale", on && app.hasRun && (mistakes.length > 0 || failed !== ""));
    refill(
      panel,
      gone ? h("p", { class: "live-line warning" }, icon("warn"), "The server is gone; this page waits for it.") : null,
      progress && !gone ? progressLine(progress) : null,
      mistakes.length ? mistakeList(mistakes, app.hasRun) : null,
      failed
        ? h(
            "div",
            { class: "live-card" },
            h("h2", {}, icon("warn"), "The layout could not be solved"),
            h("p", {}, failed),
            app.hasRun ? h("p", { class: "empty" }, "What you see is the last good state.") : null,
          )
        : null,
    );
  };
  app.store.watch(["live", "runs"], draw);
  draw();
  return panel;
}

function progressLine(progress: { stage: string; done: number; total: number }): HTMLElement {
  const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  const words = progress.total > 0 ? `${progress.stage}, ${progress.done} of ${progress.total}` : progress.stage;
  return h(
    "div",
    { class: "live-line" },
    h("span", {}, words || "Solving"),
    h("progress", progress.total > 0 ? { value: share, max: 1, "aria-label": words } : { "aria-label": words }),
  );
}

function mistakeList(mistakes: Mistake[], stale: boolean): HTMLElement {
  const count = `${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}`;
  return h(
    "div",
    { class: "live-card" },
    h(
      "h2",
      {},
      icon("warn"),
      stale ? "The layout has mistakes; this is the last good state" : `The layout has ${count}`,
    ),
    h(
      "ol",
      { class: "mistakes" },
      mistakes
        .slice(0, 50)
        .map((one) =>
          h(
            "li",
            {},
            h(
              "p",
              {},
              h("span", { class: "code" }, `${one.file}:${one.line}${one.column ? `:${one.column}` : ""}`),
              ` ${one.message}`,
            ),
            one.text
              ? h("pre", {}, `${one.text}\n${" ".repeat(Math.max(0, Math.min(one.column - 1, one.text.length)))}^`)
              : null,
          ),
        ),
    ),
    mistakes.length > 50 ? h("p", { class: "empty" }, `and ${mistakes.length - 50} more`) : null,
  );
}
