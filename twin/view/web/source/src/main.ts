/** Joins the parts: reads the scene, builds the stage and the page around it. */
import "./base.css";
import "./shell.css";
import "./panels.css";
import type { Scene, StageEvents } from "./contract";
import { embedded, sceneOfFile } from "./scene/embedded";
import { SceneError } from "./scene/read";
import { createStage } from "./stage/stage";
import { App } from "./ui/app";
import { h } from "./ui/dom";
import { openWorst } from "./ui/findings";
import { hook } from "./ui/hook";
import { followKeys } from "./ui/keys";
import { followServer, mayBeLive } from "./ui/live";
import { followPicture, hover, lookedAt, showRuns, takeView } from "./ui/picture";
import { buildShell, coveredEdges, failurePage, noticeBox } from "./ui/shell";
import { tipBox } from "./ui/tools";

/** Longest time in which the eye comes to a named view. [ms] */
const FLIGHT = 2500;

const root = document.getElementById("app")!;

async function start(): Promise<void> {
  const status = h("div", { class: "visually-hidden spoken", role: "status", "aria-live": "polite" });
  const notices = noticeBox();
  document.body.append(status, notices.element);
  const app = new App(status, notices.show);
  document.documentElement.dataset["theme"] = app.theme;
  let scenes: Scene[];
  try {
    scenes = await read();
  } catch (error) {
    waitForFile(
      app,
      reason(error),
      "Write the page again with twin view or twin solve, or drop another viewer page here.",
    );
    return;
  }
  if (!scenes.length && !mayBeLive()) {
    waitForFile(
      app,
      "This page is the viewer alone: it holds no scene.",
      "Drop a viewer page or a scene that twin wrote here to look at it.",
    );
    return;
  }
  await open(app, scenes);
}

/** The scenes that stand in the page: none, one or two. */
async function read(): Promise<Scene[]> {
  const first = await embedded(document, "scene");
  const second = first && (await embedded(document, "compare"));
  return [first, second].filter((scene) => scene !== null);
}

function reason(error: unknown): string {
  return error instanceof SceneError
    ? error.message
    : `The scene cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
}

/** Say what is wrong, and take a file that somebody drops or chooses. */
function waitForFile(app: App, message: string, advice: string): void {
  const take = async (file: File) => {
    try {
      const scene = await sceneOfFile(file);
      stop();
      await open(app, [scene]);
    } catch (error) {
      show(reason(error));
    }
  };
  const show = (words: string) => failurePage(root, "Nothing to show", words, advice, (file) => void take(file));
  const stop = receiveFiles(take);
  show(message);
}

async function open(app: App, scenes: Scene[]): Promise<void> {
  const shell = buildShell(root);
  let settle: () => void = () => undefined;
  window.twinViewer = hook(app, shell.host, new Promise((resolve) => (settle = resolve)));
  let tip: ReturnType<typeof tipBox> | undefined;
  const events: StageEvents = {
    hover: (thing, side, x, y) => {
      tip?.show(thing, side, x, y);
      hover(app, thing, side);
    },
    pick: (thing, side) => {
      // the panel tells more than the tip, which would hide what was clicked
      tip?.show(-1, side, 0, 0);
      app.select(thing, side);
    },
    open: (thing, side) => {
      app.select(thing, side);
      app.fly(thing);
    },
    moved: () => cameToRest(app),
    lost: (gone) =>
      app.notice(gone ? "The graphics were lost; the picture comes back by itself." : "The picture is back."),
  };
  app.store.follow((ignored) => app.notice(`The address asks for what this page does not know: ${ignored.join(", ")}`));
  document.documentElement.dataset["theme"] = app.theme;
  app.stage = createStage(shell.host, events, { theme: app.theme, inset: () => coveredEdges(shell.host) });
  if (scenes.length) first(app, scenes);
  const choose = (file: File) => void compareWith(app, file);
  const furnish = () => {
    shell.furnish(app, choose);
    tip = tipBox(app, shell.host);
    followPicture(app);
    followKeys(app);
    receiveFiles(choose);
    if (!app.graphics.ok) app.notice(`${app.graphics.reason} The plan is shown instead of the 3-D picture.`, "error");
    const missing = app.hasRun ? app.missing() : [];
    if (missing.length) app.notice(`This run has no ${missing.join(", no ")}.`);
    if (app.hasRun && !app.run.document.layers.length) app.notice("This run has nothing to draw.");
    if (!scenes.length)
      void followServer(app, (scene) =>
        app.hasRun ? app.take([scene, ...app.runs.slice(1).map((run) => run.scene)]) : first(app, [scene]),
      );
    settle();
  };
  // the picture first: panels wait until it is on the screen
  requestAnimationFrame(() => window.setTimeout(furnish));
}

/** The address follows the eye; a named view keeps its name until somebody leaves it. */
function cameToRest(app: App): void {
  const { view } = app.now;
  const named = (view === null || typeof view === "string") && performance.now() - lookedAt() < FLIGHT;
  if (app.hasRun && !named) app.store.set({ view: app.eye() }, "replace");
}

/** The first picture, from where the address wants to see it. */
function first(app: App, scenes: Scene[]): void {
  app.take(scenes, namesOf(scenes));
  if (!location.hash.slice(1) && scenes.length === 1 && app.run.document.verdict === "fail") openWorst(app);
  showRuns(app, true);
  if (app.now.view) takeView(app, true);
  else if (app.selected >= 0) app.fly(app.selected);
}

function namesOf(scenes: Scene[], file = ""): string[] {
  const [one, other] = scenes.map((scene) => scene.document.title);
  return other === undefined || one !== other ? [one ?? "", other ?? ""] : ["First run", file || "Second run"];
}

async function compareWith(app: App, file: File): Promise<void> {
  try {
    const scene = await sceneOfFile(file);
    const scenes = app.hasRun ? [app.runs[0]!.scene, scene] : [scene];
    app.take(scenes, namesOf(scenes, file.name));
    app.store.set({ compare: scenes.length > 1 ? "both" : "first" });
    app.say(`Comparing with ${file.name}`);
  } catch (error) {
    app.notice(reason(error), "error");
  }
}

/** Take files that are dropped on the page, until told to stop. */
function receiveFiles(take: (file: File) => void | Promise<void>): () => void {
  const stop = new AbortController();
  const page = document.documentElement.classList;
  addEventListener(
    "dragover",
    (event) => {
      event.preventDefault();
      page.add("dropping");
    },
    { signal: stop.signal },
  );
  addEventListener("dragleave", (event) => event.relatedTarget === null && page.remove("dropping"), {
    signal: stop.signal,
  });
  addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      page.remove("dropping");
      const file = event.dataTransfer?.files[0];
      if (file) void take(file);
    },
    { signal: stop.signal },
  );
  return () => stop.abort();
}

start().catch((error: unknown) =>
  failurePage(
    root,
    "The page stopped",
    reason(error),
    "Load it again; if it stops again, write it again with twin view.",
  ),
);
