/** The panel of the selected thing: where it is, its values, its margins, and who serves whom. */
import { rank } from "../scene/findings";
import type { Range, Run } from "../scene/run";
import type { Quantity } from "../generated/scene";
import { formatDifference } from "../scene/quantity";
import type { Sort } from "../scene/graph";
import { shortLabel } from "../scene/scale";
import type { App } from "./app";
import { h, icon, iconButton, refill } from "./dom";
import { messageOf, openFinding } from "./findings";
import { gauge } from "./gauge";
import { paintBy } from "./legend";
import { copyText } from "./save";
import { chooseState, stateTitle } from "./states";

/** Whether the extremes of all states stand beside the values. */
let extremes = false;
/** Most chips of one kind. */
const CHIPS = 8;

export function selectionPanel(app: App): HTMLElement {
  const panel = h("aside", { class: "selection card", "aria-label": "Selection", tabindex: -1 });
  const draw = () => {
    const thing = app.hasRun ? app.selected : -1;
    panel.hidden = thing < 0;
    document.documentElement.classList.toggle("has-selection", thing >= 0);
    if (thing >= 0 && panel.dataset["id"] !== app.run.id(thing)) app.closeSheet();
    if (thing < 0) return panel.replaceChildren();
    const top =
      panel.dataset["id"] === app.run.id(thing) ? (panel.querySelector(".selection-body")?.scrollTop ?? 0) : 0;
    panel.dataset["id"] = app.run.id(thing);
    refill(panel, ...content(app, thing, draw));
    panel.querySelector(".selection-body")!.scrollTop = top;
  };
  app.store.watch(["sel", "state", "runs", "compare"], draw);
  app.store.watch(["sel"], () => app.hasRun && app.selected >= 0 && app.say(spoken(app, app.selected)));
  draw();
  return panel;
}

function spoken(app: App, thing: number): string {
  const value = app.shown(thing, app.side);
  const painted = value ? `, ${value.quantity.label} ${app.run.text(value.quantity, value.value)}` : "";
  return `Selected ${app.run.id(thing)}, ${kindWords(app.run, thing)}${painted}`;
}

export function kindWords(run: Run, thing: number): string {
  return run.kind(thing).replaceAll("_", " ");
}

function content(app: App, thing: number, draw: () => void): HTMLElement[] {
  const { run } = app;
  const body = h(
    "div",
    { class: "selection-body scroll" },
    ...[
      identity(run, thing),
      findingsOf(app, thing),
      values(app, thing, draw),
      path(app, thing, "power"),
      path(app, thing, "cooling"),
      loops(app, thing),
    ].filter((part) => part !== null),
  );
  return [head(app, thing), body];
}

function head(app: App, thing: number): HTMLElement {
  const { run } = app;
  const around = run.group(thing, "row")
    ? `row:${run.group(thing, "row")}`
    : run.group(thing, "pod")
      ? `pod:${run.group(thing, "pod")}`
      : `id:${run.id(thing)}`;
  return h(
    "header",
    { class: "selection-head" },
    h(
      "div",
      { class: "selection-name" },
      h("span", { class: "kind" }, kindWords(run, thing)),
      h("h2", { title: run.id(thing) }, h("bdi", {}, run.id(thing))),
    ),
    h(
      "div",
      { class: "buttons" },
      run.position(thing) ? iconButton("fly", "Fly to it (f)", () => app.fly(thing)) : null,
      iconButton("isolate", "Isolate (i)", () => app.store.set({ isolate: app.now.isolate === around ? "" : around })),
      iconButton("link", "Copy a link to this view", () => copyText(app, location.href, "Link copied")),
      iconButton("close", "Close (Esc)", () => app.select(-1)),
    ),
  );
}

function identity(run: Run, thing: number): HTMLElement {
  const product = run.product(thing);
  const source = run.source(thing);
  const where =
    run.place(thing) ||
    [run.group(thing, "hall"), run.group(thing, "pod"), run.group(thing, "row")].filter(Boolean).join(" / ");
  const line = source ? `${source.file}:${source.line}` : "";
  return h(
    "dl",
    { class: "identity" },
    product.name
      ? [
          h("dt", {}, "Product"),
          h("dd", {}, h("bdi", {}, product.name), product.text ? h("small", {}, h("bdi", {}, product.text)) : null),
        ]
      : null,
    where ? [h("dt", {}, "Where"), h("dd", {}, h("bdi", {}, where))] : null,
    line
      ? [
          h("dt", {}, "Layout"),
          h(
            "dd",
            {},
            h(
              "button",
              {
                type: "button",
                class: "code copy",
                title: "Copy",
                onclick: (event: MouseEvent) => copyNear(event, line),
              },
              line,
              icon("copy"),
            ),
          ),
        ]
      : null,
  );
}

function copyNear(event: MouseEvent, text: string): void {
  const button = event.currentTarget as HTMLElement;
  void navigator.clipboard?.writeText(text).then(() => button.classList.add("done"));
  window.setTimeout(() => button.classList.remove("done"), 1200);
}

function findingsOf(app: App, thing: number): HTMLElement | null {
  const all = app.run.findings(thing);
  if (!all.length) return null;
  return h(
    "section",
    { class: "group" },
    h("h3", {}, "Findings"),
    h(
      "ul",
      { class: "plain" },
      all.slice(0, 12).map((index) => {
        const finding = app.run.document.findings[index]!;
        return h(
          "li",
          {},
          h(
            "button",
            { type: "button", class: `mini-finding ${rank(finding)}`, onclick: () => openFinding(app, index) },
            h("span", { class: "dot" }),
            h(
              "span",
              {},
              h("b", {}, finding.title),
              h("small", {}, messageOf(finding)),
              gauge(finding),
            ),
          ),
        );
      }),
    ),
    all.length > 12 ? h("p", { class: "empty" }, `and ${all.length - 12} more`) : null,
  );
}

function values(app: App, thing: number, draw: () => void): HTMLElement | null {
  const { run } = app;
  const all = run.quantitiesOf(thing);
  if (!all.length) return null;
  const second = app.runs.length > 1 ? app.runs[1 - app.side]! : null;
  const margin = (one: (typeof all)[number]) => one.quantity.name.startsWith("margin");
  const groups = (
    [
      ["Values", all.filter((one) => !margin(one))],
      ["Margins", all.filter(margin)],
    ] as const
  ).filter(([, list]) => list.length > 0);
  const states = run.document.states.length;
  const more = h(
    "button",
    {
      type: "button",
      class: "button small",
      "aria-pressed": String(extremes),
      onclick: () => {
        extremes = !extremes;
        draw();
      },
    },
    extremes ? "Hide the range" : "Range over all states",
  );
  const unsettled = app.state && !app.state.settled;
  return h(
    "div",
    {},
    groups.map(([label, list], k) =>
      h(
        "section",
        { class: "group" },
        h("div", { class: "group-head" }, h("h3", {}, label), k === 0 && states > 1 ? more : null),
        unsettled && k === 0
          ? h("p", { class: "empty" }, "This state has no steady solution, so it has no values.")
          : null,
        h(
          "table",
          { class: "values" },
          h(
            "tbody",
            {},
            list.flatMap(({ quantity }) => valueRow(app, quantity, thing, second)),
          ),
        ),
      ),
    ),
  );
}

function valueRow(app: App, quantity: Quantity, thing: number, second: Run | null): HTMLElement[] {
  const { run } = app;
  const value = run.value(quantity, thing, app.stateIndex);
  const normal = run.value(quantity, thing, run.normal);
  const text = run.text(quantity, value);
  const usual = run.text(quantity, normal);
  const range = extremes ? run.range(quantity, thing) : null;
  const other = second?.quantity(quantity.name);
  const there =
    other && second ? second.value(other, second.scene.thing(run.id(thing)), second.state(app.now.state)) : NaN;
  const painted = quantity === app.quantity;
  const row = h(
    "tr",
    { class: painted ? "painted" : null, "data-quantity": quantity.name },
    h(
      "th",
      { scope: "row" },
      quantity.paint
        ? h(
            "button",
            {
              type: "button",
              class: "as-text",
              title: `${quantity.label}: colour by this`,
              onclick: () => paintBy(app, quantity.name),
            },
            shortLabel(quantity.label),
          )
        : h("span", { title: quantity.label }, shortLabel(quantity.label)),
    ),
    h(
      "td",
      {},
      h("span", { class: "value" }, text),
      usual !== text && Number.isFinite(normal)
        ? h("small", { title: "In the normal state" }, `normally ${usual}`)
        : null,
      Number.isFinite(there)
        ? h(
            "small",
            { title: "In the other run" },
            `other run ${run.text(quantity, there)} (${formatDifference(app.side === 0 ? there - value : value - there, run.document.dimensions[quantity.dimension])})`,
          )
        : null,
    ),
  );
  return range && range.low < range.high ? [row, rangeRow(app, quantity, range)] : [row];
}

/** Lowest and highest value of all states; each goes to its state. */
function rangeRow(app: App, quantity: Quantity, range: Range): HTMLElement {
  const end = (words: string, value: number, index: number) => {
    const state = app.run.stateAt(index);
    const name = !state ? "" : state.normal ? "normal" : stateTitle(state);
    return h(
      "button",
      { type: "button", class: "range-end", title: `${words}: ${name}`, onclick: () => chooseState(app, index) },
      h("span", {}, words),
      h("b", {}, app.run.text(quantity, value)),
      h("span", { class: "ellipsis" }, name),
    );
  };
  const ends = [end("lowest", range.low, range.lowState), end("highest", range.high, range.highState)];
  return h("tr", { class: "range" }, h("td", { colspan: 2 }, h("div", {}, ends)));
}

function path(app: App, thing: number, sort: Sort): HTMLElement | null {
  const { graph } = app.run;
  const up = graph.walk(thing, sort, true);
  const down = graph.walk(thing, sort, false);
  if (!up.things.length && !down.things.length) return null;
  const words = sort === "power" ? ["Power comes from", "Power goes to"] : ["Cooled by", "Cools"];
  return h(
    "section",
    { class: "group" },
    h(
      "h3",
      { class: "with-icon" },
      icon(sort === "power" ? "bolt" : "drop"),
      sort === "power" ? "Power path" : "Cooling path",
    ),
    up.things.length
      ? h("div", { class: "path" }, h("span", { class: "path-label" }, words[0]!), steps(app, up.things, up.more))
      : null,
    down.things.length
      ? h("div", { class: "path" }, h("span", { class: "path-label" }, words[1]!), steps(app, down.things, down.more))
      : null,
  );
}

/** Chips of things, kind by kind in the order of the path. */
function steps(app: App, things: number[], more: number): HTMLElement {
  const kinds = new Map<string, number[]>();
  for (const thing of things) {
    const kind = kindWords(app.run, thing);
    const known = kinds.get(kind);
    if (known) known.push(thing);
    else kinds.set(kind, [thing]);
  }
  return h(
    "div",
    { class: "kinds" },
    [...kinds].map(([kind, list]) =>
      h("div", { class: "kind-row" }, h("span", { class: "kind-name" }, kind), chips(app, list)),
    ),
    more ? h("p", { class: "empty" }, `and ${more.toLocaleString("en")} more`) : null,
  );
}

function chips(app: App, things: number[]): HTMLElement {
  const box = h("div", { class: "thing-chips" });
  const draw = (most: number) => {
    refill(
      box,
      things.slice(0, most).map((thing) => thingChip(app, thing)),
      things.length > most &&
        h(
          "button",
          { type: "button", class: "thing-chip more", onclick: () => draw(400) },
          `${(things.length - most).toLocaleString("en")} more`,
        ),
    );
  };
  draw(things.length <= CHIPS + 2 ? things.length : CHIPS);
  return box;
}

function thingChip(app: App, thing: number): HTMLElement {
  return h(
    "button",
    { type: "button", class: "thing-chip", title: kindWords(app.run, thing), onclick: () => app.select(thing) },
    h("bdi", {}, app.run.id(thing)),
  );
}

function loops(app: App, thing: number): HTMLElement | null {
  const { graph } = app.run;
  const own = graph.members(thing);
  if (own.sources.length || own.sinks.length)
    return h(
      "section",
      { class: "group" },
      h("h3", { class: "with-icon" }, icon("drop"), "Loop"),
      h("div", { class: "path" }, h("span", { class: "path-label" }, "Sources"), steps(app, own.sources, 0)),
      h("div", { class: "path" }, h("span", { class: "path-label" }, "Sinks"), steps(app, own.sinks, 0)),
    );
  const all = graph.loops(thing);
  if (!all.length) return null;
  return h("section", { class: "group" }, h("h3", {}, "Loops"), chips(app, all));
}
