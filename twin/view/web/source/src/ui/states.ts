/** States: what each loss makes dark, slow, overloaded or hot; choosing one repaints. */
import type { State } from "../generated/scene";
import type { App } from "./app";
import { h, icon, iconButton, refill, toggle } from "./dom";
import { Rows } from "./rows";
import { timelineChoice } from "./timebar";

/** Columns of the list, and what each sorts by. */
const COLUMNS = [
  { name: "order", text: "State", title: "In the order of the run" },
  { name: "dark", text: "Dark", title: "Most racks without power first" },
  { name: "throttled", text: "Slow", title: "Most throttled racks first" },
  { name: "overloaded", text: "Over", title: "Most overloaded power machines first" },
  { name: "hottest", text: "Hottest", title: "Warmest rack inlet first" },
] as const;

const filter = { text: "", racks: false, sort: "order" as (typeof COLUMNS)[number]["name"] };
let playing = 0;

export function statesTab(app: App): HTMLElement {
  let shown: number[] = [];
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: "Filter states",
    "aria-label": "Filter states",
    value: filter.text,
  });
  const only = toggle("Only those that lose racks", filter.racks, (on) => {
    filter.racks = on;
    refresh();
  });
  const rows = new Rows({
    label: "States",
    height: 48,
    row: (index) => stateRow(app.run.document.states[shown[index]!]!),
    open: (index) => chooseState(app, shown[index]!),
  });
  const empty = h("p", { class: "empty" }, "No state matches.");
  const refresh = () => {
    shown = listed(app);
    empty.hidden = shown.length > 0;
    rows.refresh(shown.length, shown.indexOf(app.stateIndex));
  };
  search.addEventListener("input", () => {
    filter.text = search.value;
    refresh();
  });
  app.store.watch(["runs", "compare"], () => rows.element.isConnected && refresh());
  app.store.watch(
    ["state"],
    () => rows.element.isConnected && shown.includes(app.stateIndex) && rows.mark(shown.indexOf(app.stateIndex)),
  );
  refresh();
  requestAnimationFrame(() => shown.includes(app.stateIndex) && rows.mark(shown.indexOf(app.stateIndex)));
  const head = h(
    "div",
    { class: "state-row state-head", role: "group", "aria-label": "Sort by" },
    COLUMNS.map(({ name, text, title }) => {
      const press = () => {
        filter.sort = name;
        head
          .querySelectorAll("button")
          .forEach((button, k) => button.setAttribute("aria-pressed", String(COLUMNS[k]!.name === name)));
        refresh();
      };
      return h(
        "button",
        { type: "button", title, "aria-label": title, "aria-pressed": String(filter.sort === name), onclick: press },
        text,
      );
    }),
  );
  return h(
    "div",
    { class: "tab-body" },
    h("div", { class: "tab-tools" }, timelineChoice(app), search, only),
    head,
    empty,
    rows.element,
  );
}

function listed(app: App): number[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const indices = app.run.document.states.map((_, index) => index);
  const left = indices.filter((index) => {
    const state = app.run.document.states[index]!;
    if (filter.racks && !(state.dark > 0) && !state.normal) return false;
    return words.every((word) => state.name.toLowerCase().includes(word));
  });
  const { sort } = filter;
  if (sort === "order") return left;
  const value = (index: number) => badness(app.run.document.states[index]!, sort);
  return left.sort((one, other) => value(other) - value(one) || one - other);
}

/** What states are sorted by; those without values come last. */
function badness(state: State, sort: "dark" | "throttled" | "overloaded" | "hottest"): number {
  if (!state.settled) return -Infinity;
  return sort === "hottest" ? Number.parseFloat(state.hottest) || -Infinity : state[sort];
}

function stateRow(state: State): HTMLElement {
  const number = (value: number, sort: string) =>
    h(
      "span",
      { class: state.settled && value ? `number ${sort}` : "number none" },
      state.settled ? String(value) : "\u2013",
    );
  return h(
    "div",
    { class: "state-row", title: stateWords(state), "aria-label": stateWords(state) },
    h(
      "span",
      { class: "state-name" },
      h("span", { class: "ellipsis" }, stateTitle(state)),
      !state.settled
        ? h("small", { class: "broken-text" }, "did not settle")
        : state.findings > 0 && h("small", {}, `${state.findings} finding${state.findings === 1 ? "" : "s"}`),
    ),
    number(state.dark, "broken-text"),
    number(state.throttled, "warning-text"),
    number(state.overloaded, "broken-text"),
    h("span", { class: "number" }, state.hottest || "\u2013"),
  );
}

/** What a state is called: what is lost, without the word for it. */
export function stateTitle(state: State): string {
  return state.normal ? "Normal operation" : state.name.replace(/^lose:/, "");
}

/** A state in words. */
export function stateWords(state: State): string {
  if (!state.settled)
    return `${state.normal ? "Normal operation" : state.name}: no steady solution, so there are no values`;
  const parts = [
    state.dark ? `${state.dark} rack${state.dark === 1 ? "" : "s"} dark` : "no rack dark",
    state.throttled ? `${state.throttled} throttled` : "",
    state.overloaded ? `${state.overloaded} overloaded` : "",
    state.hottest ? `warmest inlet ${state.hottest}` : "",
  ];
  return `${state.normal ? "Normal operation" : state.name}: ${parts.filter(Boolean).join(", ")}`;
}

export function chooseState(app: App, index: number): void {
  const state = app.run.stateAt(index);
  if (!state) return;
  stopCascade();
  app.closeSheet();
  app.store.set({ state: state.normal ? "" : state.name, step: -1, timeline: "" });
  app.say(stateWords(state));
}

/** Next or previous state of those that the list shows. */
export function stepState(app: App, by: number): void {
  const shown = listed(app);
  if (!shown.length) return;
  const at = shown.indexOf(app.stateIndex);
  chooseState(app, shown[(at + by + shown.length) % shown.length]!);
}

/** Banner of a state that is not the normal one, with its cascade. */
export function stateBanner(app: App): HTMLElement {
  const banner = h("section", { class: "banner", "aria-label": "State" });
  const draw = () => {
    const state = app.hasRun ? app.state : undefined;
    banner.hidden = !state || (state.normal && state.settled) || app.timeline !== undefined;
    if (state && !banner.hidden) refill(banner, bannerHead(app, state), !state.settled ? null : cascadeRow(app, state));
  };
  app.store.watch(["state", "runs", "compare", "step", "timeline"], draw);
  draw();
  return banner;
}

function bannerHead(app: App, state: State): HTMLElement {
  const lost =
    state.failed.length <= 4
      ? state.failed.map((thing) => app.run.id(thing)).join(", ")
      : `${state.failed.length} machines out`;
  const facts = [
    state.dark ? h("b", { class: "broken-text" }, `${state.dark} dark`) : null,
    state.throttled ? h("b", { class: "warning-text" }, `${state.throttled} throttled`) : null,
    state.overloaded ? h("b", { class: "broken-text" }, `${state.overloaded} overloaded`) : null,
    state.hottest ? h("span", {}, `warmest inlet ${state.hottest}`) : null,
    lost && lost !== stateTitle(state) ? h("span", { class: "ellipsis", title: lost }, lost) : null,
  ].filter((fact) => fact !== null);
  return h(
    "div",
    { class: "banner-head" },
    iconButton("left", "Previous state ([)", () => stepState(app, -1)),
    h(
      "div",
      { class: "banner-words" },
      h("strong", { class: "ellipsis", title: state.name }, state.normal ? "Normal operation" : lossWords(app, state)),
      h(
        "div",
        { class: "facts" },
        state.settled
          ? facts.length
            ? facts
            : "Nothing goes dark, slow or over its rating"
          : "No steady solution: this state has no values",
      ),
    ),
    iconButton("right", "Next state (])", () => stepState(app, 1)),
    !state.normal && iconButton("close", "Back to the normal state", () => chooseState(app, app.run.normal)),
  );
}

function lossWords(app: App, state: State): string {
  const names = (list: readonly number[]) =>
    list.length <= 3 ? list.map((thing) => app.run.id(thing)).join(", ") : `${list.length} machines`;
  const whole = state.name.startsWith("lose:") ? stateTitle(state) : names(state.failed);
  const lost = state.failed.length ? `${whole} lost` : "";
  const kept = state.maintained.length ? `${names(state.maintained)} in maintenance` : "";
  return [lost, kept].filter(Boolean).join(", ") || state.name;
}

function cascadeRow(app: App, state: State): HTMLElement | null {
  const { cascade } = state;
  if (!cascade.length) return null;
  const at = app.now.step;
  const go = (step: number) => {
    app.store.set({ step, sel: "" });
    const now = cascade[step];
    if (!now) return;
    app.say(`Step ${step + 1} of ${cascade.length}: ${now.text}`);
    app.flyAround(now.things);
  };
  const play = () => {
    if (playing) return stopCascade(() => app.store.tell("step"));
    go(0);
    playing = window.setInterval(
      () => (app.now.step + 1 < cascade.length ? go(app.now.step + 1) : stopCascade(() => app.store.tell("step"))),
      1600,
    );
    app.store.tell("step");
  };
  return h(
    "div",
    { class: "cascade" },
    iconButton(playing ? "pause" : "play", playing ? "Stop" : "Play the cascade", play),
    h(
      "ol",
      { class: "steps" },
      cascade.map((step, index) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "step",
              "aria-current": index === at ? "step" : null,
              "aria-label": `Step ${index + 1}: ${step.text}`,
              title: step.text,
              onclick: () => go(index === at ? -1 : index),
            },
            String(index + 1),
          ),
        ),
      ),
    ),
    h(
      "span",
      { class: "step-text" },
      at >= 0 && cascade[at]
        ? cascade[at].text
        : [icon("bolt"), `Cascade of ${cascade.length} step${cascade.length === 1 ? "" : "s"}`],
    ),
  );
}

function stopCascade(then?: () => void): void {
  clearInterval(playing);
  playing = 0;
  then?.();
}
