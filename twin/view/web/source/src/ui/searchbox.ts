/** Search: things, groups, states and quantities; arrow keys, and Enter flies there. */
import { Index, type Hit } from "../scene/search";
import type { Run } from "../scene/run";
import type { App } from "./app";
import { h, icon, refill } from "./dom";
import { paintBy } from "./legend";
import { maskOf } from "./picture";
import { chooseState } from "./states";

const indices = new WeakMap<Run, Index>();

function index(run: Run): Index {
  let found = indices.get(run);
  if (!found) indices.set(run, (found = new Index(run)));
  return found;
}

export function searchBox(app: App): HTMLElement {
  let hits: Hit[] = [];
  let active = 0;
  const input = h("input", {
    type: "search",
    id: "search",
    placeholder: "Search things, rows, states\u2026",
    autocomplete: "off",
    spellcheck: "false",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "hits",
    "aria-label": "Search",
    "aria-autocomplete": "list",
  });
  const list = h("div", { class: "hits", id: "hits", role: "listbox", "aria-label": "Results", hidden: true });
  const box = h(
    "div",
    { class: "search", role: "search" },
    icon("search"),
    input,
    h("kbd", { "aria-hidden": "true" }, "/"),
    list,
  );
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (hit: Hit | undefined) => {
    if (!hit) return;
    open(app, hit);
    close();
    input.blur();
  };
  const mark = () => {
    [...list.children].forEach((row, k) => row.setAttribute("aria-selected", String(k === active)));
    list.children[active]?.scrollIntoView({ block: "nearest" });
    if (hits[active]) input.setAttribute("aria-activedescendant", `hit${active}`);
  };
  const draw = () => {
    const text = input.value;
    hits = app.hasRun ? index(app.run).find(text) : [];
    active = 0;
    list.hidden = !text.trim();
    input.setAttribute("aria-expanded", String(!list.hidden));
    refill(
      list,
      hits.length
        ? hits.map((hit, k) => row(hit, k, () => choose(hit)))
        : [h("p", { class: "empty" }, "Nothing is called that.")],
    );
    mark();
  };
  input.addEventListener("input", draw);
  input.addEventListener("focus", () => input.value && draw());
  // a click on a hit comes after the blur; whoever types again meanwhile keeps the list
  input.addEventListener("blur", () => window.setTimeout(() => document.activeElement === input || close(), 150));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + hits.length) % Math.max(1, hits.length);
      mark();
    } else if (event.key === "Enter") choose(hits[active]);
    else if (event.key === "Escape") {
      close();
      input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return box;
}

function row(hit: Hit, k: number, choose: () => void): HTMLElement {
  const names = { thing: "fly", pod: "isolate", row: "isolate", hall: "isolate", state: "bolt", quantity: "palette" };
  return h(
    "div",
    {
      class: "hit",
      role: "option",
      id: `hit${k}`,
      "aria-selected": "false",
      onpointerdown: (event: PointerEvent) => event.preventDefault(),
      onclick: choose,
    },
    icon(names[hit.sort]),
    h(
      "span",
      { class: "ellipsis" },
      h(
        "bdi",
        {},
        hit.sort === "thing" || hit.sort === "state" || hit.sort === "quantity" ? hit.name : `${hit.sort} ${hit.name}`,
      ),
    ),
    h("small", { class: "ellipsis" }, h("bdi", {}, hit.detail)),
  );
}

function open(app: App, hit: Hit): void {
  if (hit.sort === "thing") {
    app.select(hit.thing);
    app.fly(hit.thing);
  } else if (hit.sort === "state") chooseState(app, app.run.state(hit.name));
  else if (hit.sort === "quantity") paintBy(app, hit.name);
  else {
    app.store.set({ isolate: `${hit.sort}:${hit.name}` });
    const mask = maskOf(app.run, app.now.isolate);
    if (mask) app.flyAround([...mask.keys()].filter((thing) => mask[thing]));
    app.say(`Only ${hit.sort} ${hit.name} is shown`);
  }
}
