/** Key figures of the run, or of both; and what was left out. */
import type { Figure } from "../generated/scene";
import { general } from "../scene/quantity";
import type { App } from "./app";
import { h, icon, refill } from "./dom";
import { aloneSection } from "./pair";

export function figuresTab(app: App): HTMLElement {
  const body = h("div", { class: "tab-body scroll" });
  const draw = () => refill(body, table(app), aloneSection(app), about(app));
  app.store.watch(["runs", "compare"], () => body.isConnected && draw());
  draw();
  return body;
}

function table(app: App): HTMLElement {
  const [first, second] = app.runs;
  const figures = first!.document.figures;
  if (!figures.length) return h("p", { class: "empty" }, "This run has no key figures.");
  const others = new Map(second?.document.figures.map((figure) => [figure.name, figure]));
  const extra = second?.document.figures.filter((figure) => !figures.some(({ name }) => name === figure.name)) ?? [];
  const label = (figure: Figure) => (figure.definition ? defined(figure) : figure.label);
  const caption = h("caption", {}, "Key figures of the normal state");
  if (!second)
    return h(
      "table",
      { class: "figures" },
      caption,
      h(
        "tbody",
        {},
        figures.map((figure) => h("tr", {}, h("th", { scope: "row" }, label(figure)), h("td", {}, figure.text))),
      ),
    );
  const rows = (figure: Figure, one: Figure | undefined, other: Figure | undefined) => [
    h("tr", {}, h("th", { scope: "rowgroup", colspan: 3 }, label(figure))),
    h(
      "tr",
      {},
      h("td", {}, one?.text ?? "\u2013"),
      h("td", {}, other?.text ?? "\u2013"),
      h("td", { class: "change" }, one && other ? change(one.text, other.text) : "\u2013"),
    ),
  ];
  const heads = [app.names[0] || "First", app.names[1] || "Second", "Difference"];
  return h(
    "table",
    { class: "figures two" },
    caption,
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        heads.map((head) => h("th", { scope: "col", title: head }, head)),
      ),
    ),
    [
      ...figures.map((figure) => rows(figure, figure, others.get(figure.name))),
      ...extra.map((figure) => rows(figure, undefined, figure)),
    ].map((pair) => h("tbody", {}, pair)),
  );
}

/** A label that tells its definition when it is asked. */
function defined(figure: Figure): HTMLElement {
  return h("details", {}, h("summary", {}, figure.label), h("small", {}, figure.definition));
}

/** Second minus first, where both are numbers of one unit. */
export function change(one: string, other: string): string {
  if (one === other) return "same";
  const parts = [one, other].map((text) => /^(-?[\d.]+(?:e[+-]?\d+)?)\s*(.*)$/.exec(text.replaceAll(",", "")));
  const [a, b] = parts;
  if (!a || !b || a[2] !== b[2]) return "\u2013";
  const gap = Number(b[1]) - Number(a[1]);
  if (!Number.isFinite(gap)) return "\u2013";
  const unit = a[2] === "degC" || a[2] === "\u00b0C" ? "K" : a[2];
  return `${gap < 0 ? "\u2212" : "+"}${general(Math.abs(gap), 3)}${unit ? ` ${unit}` : ""}`;
}

/** What the page does not show of the run, to unfold; null where it shows everything. */
export function leftOut(app: App, open = false): HTMLElement | null {
  const { notes } = app.run.document;
  if (!notes.length) return null;
  return h(
    "details",
    { class: "left-out", open },
    h("summary", {}, icon("warn"), "Not everything is in this page"),
    h(
      "ul",
      {},
      notes.map((note) => h("li", {}, note)),
    ),
  );
}

function about(app: App): HTMLElement {
  const { document } = app.run;
  return h(
    "section",
    { class: "about" },
    leftOut(app, true),
    h("h2", {}, "About this run"),
    document.description ? h("p", {}, document.description) : null,
    h(
      "dl",
      {},
      h("dt", {}, "Solve"),
      h("dd", {}, document.status),
      h("dt", {}, "States"),
      h("dd", {}, String(document.states.length)),
      h("dt", {}, "Things"),
      h("dd", {}, document.things.id.length.toLocaleString("en")),
      h("dt", {}, "Written by"),
      h("dd", {}, document.generator),
      h("dt", {}, "Layout"),
      h("dd", { class: "code", title: document.digest }, document.digest.slice(0, 12) || "\u2013"),
    ),
  );
}
