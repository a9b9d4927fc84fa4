/** The keyboard, and the help that tells of it. */
import { VIEWS } from "../scene/situation";
import type { App } from "./app";
import { h, iconButton } from "./dom";
import { leftOut } from "./figures";
import { stepFinding } from "./findings";
import { setLayer } from "./layers";
import { openChooser } from "./legend";
import { savePicture } from "./save";
import { stepState } from "./states";
import { openTables } from "./tables";
import { stepTime, togglePlay } from "./timebar";
import { look, toggleTheme } from "./tools";

const HELP: readonly [string, readonly (readonly [string, string])[]][] = [
  [
    "Look",
    [
      ["\u2190 \u2191 \u2192 \u2193", "turn (with Shift: move)"],
      ["+ \u2212", "nearer, farther"],
      ["1 \u2026 6", "perspective, plan, south, east, north, west"],
      ["f", "fly to the selection"],
      ["i", "isolate the selection's row; again for all"],
      ["h", "hide the selection's layer"],
      ["l", "labels"],
    ],
  ],
  [
    "Read",
    [
      ["/", "search"],
      ["n  p", "next, previous finding"],
      ["[  ]", "previous, next state"],
      [",  .", "one step of time back, on"],
      ["space", "play time"],
      ["Esc", "close, or forget the selection"],
    ],
  ],
  [
    "Page",
    [
      ["c", "choose the colours"],
      ["x", "flick between two runs"],
      ["v", "tables of findings and values"],
      ["s", "save the picture"],
      ["t", "light or dark"],
      ["?", "this help"],
    ],
  ],
];

export function followKeys(app: App): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select");
    if (event.key === "Escape" && !typing) return escape(app);
    if (typing || !app.hasRun) return;
    if (event.key === " " && target.closest("button, a, summary, label, [role=option]")) return;
    if (
      /^(Arrow|Page|Home|End)/.test(event.key) &&
      target.closest("[role=radiogroup], [role=tablist], [role=menu], .rows, .scroll, input")
    )
      return;
    const act = actions(app)[event.key] ?? actions(app)[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}

function actions(app: App): Record<string, (event: KeyboardEvent) => void> {
  const { stage } = app;
  const turn = (right: number, up: number) => (event: KeyboardEvent) =>
    event.shiftKey ? stage.nudge(0, 0, 0, 0.08 * right, 0.08 * up) : stage.nudge(0.06 * right, 0.06 * up, 0);
  return {
    ArrowLeft: turn(-1, 0),
    ArrowRight: turn(1, 0),
    ArrowUp: turn(0, 1),
    ArrowDown: turn(0, -1),
    "+": () => stage.nudge(0, 0, 0.15),
    "=": () => stage.nudge(0, 0, 0.15),
    "-": () => stage.nudge(0, 0, -0.15),
    ...Object.fromEntries(VIEWS.map((view, k) => [String(k + 1), () => look(app, view)])),
    n: () => stepFinding(app, 1),
    p: () => stepFinding(app, -1),
    "[": () => stepState(app, -1),
    "]": () => stepState(app, 1),
    ",": () => stepTime(app, -1),
    ".": () => stepTime(app, 1),
    " ": () => togglePlay(app),
    "/": () => document.getElementById("search")?.focus(),
    f: () => app.fly(app.selected),
    i: () => isolateSelection(app),
    h: () => hideLayer(app),
    l: () => app.store.set({ labels: !app.now.labels }),
    c: () => openChooser(app),
    t: () => toggleTheme(app),
    x: () => flick(app),
    v: () => openTables(app),
    s: () => void savePicture(app),
    "?": () => openHelp(app),
  };
}

function escape(app: App): void {
  if (app.hasRun && app.now.sel) app.select(-1);
  else if (app.now.isolate) app.store.set({ isolate: "" });
  else document.documentElement.classList.remove("dock-open");
}

function isolateSelection(app: App): void {
  const { run, selected } = app;
  if (app.now.isolate || selected < 0) return app.store.set({ isolate: "" });
  const [row, pod] = [run.group(selected, "row"), run.group(selected, "pod")];
  app.store.set({ isolate: row ? `row:${row}` : pod ? `pod:${pod}` : `id:${run.id(selected)}` });
}

function hideLayer(app: App): void {
  for (const layer of app.selected >= 0 ? app.run.layersOf(app.selected) : []) setLayer(app, layer, false);
}

function flick(app: App): void {
  if (app.runs.length > 1) app.store.set({ compare: app.now.compare === "first" ? "second" : "first" }, "replace");
}

export function openHelp(app: App): void {
  const dialog = h(
    "dialog",
    { class: "sheet help", "aria-label": "Help", onclose: () => dialog.remove() },
    h(
      "div",
      { class: "sheet-head" },
      h("h2", {}, "Keys and gestures"),
      iconButton("close", "Close", () => dialog.close()),
    ),
    h(
      "div",
      { class: "help-columns" },
      HELP.map(([title, rows]) =>
        h(
          "section",
          {},
          h("h3", {}, title),
          h(
            "dl",
            {},
            rows.map(([key, words]) =>
              h(
                "div",
                {},
                h(
                  "dt",
                  {},
                  key.split(/\s+/).map((part) => h("kbd", {}, part)),
                ),
                h("dd", {}, words),
              ),
            ),
          ),
        ),
      ),
    ),
    h(
      "p",
      { class: "empty" },
      "Drag to turn, drag with the right button or two fingers to move, wheel or pinch to come nearer. A click selects, a double click flies there. Drop another viewer page on this one to compare the two runs.",
    ),
    app.hasRun ? leftOut(app) : null,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
