/** Two runs: which is which, how each is judged, and what only one of them has. */
import type { Side } from "../contract";
import { aloneIn, type Alone } from "../scene/pair";
import type { App } from "./app";
import { h, refill } from "./dom";

/** Most things and rules that are listed of a run. */
const LISTED = 60;

/** How a run is judged. */
export function verdictMark(app: App, side: Side, words = ""): HTMLElement {
  const { verdict, summary } = app.runs[side]!.document;
  return h(
    "span",
    { class: `verdict ${verdict}`, title: summary },
    h("span", { class: "dot" }),
    `${words}${verdict === "pass" ? "Pass" : "Fail"}`,
  );
}

/** The same in a word. */
export function verdictWord(app: App, side: Side): HTMLElement {
  const pass = app.runs[side]!.document.verdict === "pass";
  return h("b", { class: pass ? "holds-text" : "broken-text" }, pass ? "Pass" : "Fail");
}

/** Of which of two runs a list tells; null where there is one. */
export function listedRun(app: App): HTMLElement | null {
  if (app.runs.length < 2) return null;
  return h("p", { class: "listed-run" }, "Of ", h("bdi", {}, runName(app, app.side)), "; ", verdictWord(app, app.side));
}

/** The name of a run where there are two. */
export function runName(app: App, side: Side): string {
  return app.names[side] || (side ? "Second run" : "First run");
}

/** Above each half of the picture: whose it is, and how it is judged. */
export function halfNames(app: App): HTMLElement {
  const box = h("div", { class: "half-names" });
  const draw = () => {
    box.hidden = app.runs.length < 2 || app.now.compare !== "both" || !app.graphics.ok;
    if (box.hidden) return box.replaceChildren();
    refill(
      box,
      ([0, 1] as const).map((side) => {
        const { title } = app.runs[side]!.document;
        const name = runName(app, side);
        const text = name === title ? title : `${name}: ${title}`;
        return h("div", { class: "half-name card" }, h("bdi", { class: "ellipsis", title: text }, text), verdictMark(app, side));
      }),
    );
  };
  app.store.watch(["runs", "compare"], draw);
  draw();
  return box;
}

/** What only one of two runs has; null where there is one, or where both have the same. */
export function aloneSection(app: App): HTMLElement | null {
  const [first, second] = app.runs;
  if (!first || !second) return null;
  const parts = aloneIn(first, second).map((alone, side) => aloneList(app, alone, side as Side));
  return h(
    "section",
    { class: "about alone" },
    h("h2", {}, "What only one run has"),
    parts.some(Boolean) ? parts : h("p", {}, "Both runs have the same things, and break the same rules."),
  );
}

function aloneList(app: App, { things, broken }: Alone, side: Side): HTMLElement | null {
  if (!things.length && !broken.length) return null;
  const link = (id: string) =>
    h(
      "button",
      { type: "button", class: "as-text", onclick: () => choose(app, id, side) },
      h("bdi", {}, id),
    );
  return h(
    "div",
    {},
    h("h3", {}, "Only in ", h("bdi", {}, runName(app, side))),
    broken.length
      ? h(
          "ul",
          {},
          broken
            .slice(0, LISTED)
            .map((finding) =>
              h("li", { class: "broken-text", title: finding.message }, `${finding.code} ${finding.title}: `, h("bdi", {}, finding.subject)),
            ),
          more(broken.length),
        )
      : null,
    things.length
      ? h(
          "details",
          {},
          h("summary", {}, `${things.length.toLocaleString("en")} thing${things.length === 1 ? "" : "s"}`),
          h("ul", {}, things.slice(0, LISTED).map((id) => h("li", {}, link(id))), more(things.length)),
        )
      : null,
  );
}

function more(count: number): HTMLElement | null {
  return count > LISTED ? h("li", {}, `and ${(count - LISTED).toLocaleString("en")} more`) : null;
}

/** Select a thing in the run that has it. */
function choose(app: App, id: string, side: Side): void {
  const thing = app.runs[side]?.scene.thing(id) ?? -1;
  if (thing < 0) return;
  if (side === 0 && app.now.compare === "second") app.store.set({ compare: "first" });
  app.select(thing, side);
  app.fly(thing);
}
