/** Buttons beside the picture: views, fit, section, air, lines, labels. */
import type { View } from "../contract";
import { shortLabel } from "../scene/scale";
import { VIEWS } from "../scene/situation";
import type { App } from "./app";
import { h, icon, iconButton, refill } from "./dom";
import { wholeBox } from "./layers";
import { verdictWord } from "./pair";
import { takeView } from "./picture";

const NAMES: Record<View, string> = {
  iso: "Perspective",
  plan: "Plan",
  south: "From the south",
  east: "From the east",
  north: "From the north",
  west: "From the west",
};

export function tools(app: App): HTMLElement {
  const strip = h("div", {
    class: "tools card",
    role: "toolbar",
    "aria-label": "View",
    "aria-orientation": "vertical",
  });
  const draw = () => {
    if (!app.hasRun) return strip.replaceChildren();
    const { volumes, streams } = app.run.document;
    refill(
      strip,
      iconButton("home", "Whole scene (1)", () => look(app, "iso")),
      viewMenu(app),
      h("hr", {}),
      lamp("box", "Section box", app.now.box !== null, () =>
        app.store.set({ box: app.now.box ? null : wholeBox(app), tab: app.now.box ? app.now.tab : "layers" }),
      ),
      volumes.length
        ? lamp("wind", "Air slices", app.now.air !== "off", () =>
            app.store.set({ air: app.now.air === "off" ? "slice" : "off" }),
          )
        : null,
      streams.length
        ? lamp("streams", "Streamlines", app.now.streams, () => app.store.set({ streams: !app.now.streams }))
        : null,
      lamp("label", "Labels (l)", app.now.labels, () => app.store.set({ labels: !app.now.labels })),
      app.now.isolate ? lamp("isolate", "Show everything again", true, () => app.store.set({ isolate: "" })) : null,
    );
  };
  app.store.watch(["runs", "box", "air", "streams", "labels", "isolate", "compare"], draw);
  draw();
  return strip;
}

function lamp(name: string, label: string, on: boolean, press: () => void): HTMLElement {
  return iconButton(name, label, press, { "aria-pressed": String(on) });
}

function viewMenu(app: App): HTMLElement {
  const list = h(
    "div",
    { class: "menu card", role: "menu", hidden: true },
    VIEWS.map((view, k) =>
      h(
        "button",
        { type: "button", role: "menuitem", onclick: () => look(app, view) },
        NAMES[view],
        h("kbd", {}, String(k + 1)),
      ),
    ),
  );
  const button = iconButton(
    "cube",
    "Views",
    () => {
      list.hidden = !list.hidden;
      button.setAttribute("aria-expanded", String(!list.hidden));
      if (!list.hidden) list.querySelector<HTMLElement>("button")?.focus();
    },
    { "aria-haspopup": "menu", "aria-expanded": "false" },
  );
  const box = h(
    "div",
    {
      class: "menu-box",
      onfocusout: (event: FocusEvent) => box.contains(event.relatedTarget as Node | null) || (list.hidden = true),
    },
    button,
    list,
  );
  list.addEventListener("click", () => (list.hidden = true));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...list.querySelectorAll<HTMLElement>("button")];
    if (event.key === "Escape") button.focus();
    else if (step) all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return box;
}

/** One of the named views; the same one again frames the scene again. */
export function look(app: App, view: View): void {
  if (app.now.view === view) takeView(app);
  app.store.set({ view });
  app.say(`View: ${NAMES[view]}`);
}

/** Which of two runs is seen. */
export function compareBar(app: App): HTMLElement {
  const bar = h("section", { class: "compare", "aria-label": "Comparing two runs" });
  const draw = () => {
    bar.hidden = app.runs.length < 2;
    if (bar.hidden) return bar.replaceChildren();
    const choices = [
      ["first", app.names[0] ?? "First"],
      ["second", app.names[1] ?? "Second"],
      ["both", "Side by side"],
      ["difference", "Difference"],
    ] as const;
    refill(
      bar,
      h(
        "div",
        { class: "segments", role: "group" },
        choices.map(([name, text]) =>
          h(
            "button",
            {
              type: "button",
              "aria-pressed": String(app.now.compare === name),
              title: name === "first" || name === "second" ? `${text} (x flicks)` : text,
              onclick: () => app.store.set({ compare: name }),
            },
            h("bdi", { class: "ellipsis" }, text),
            name === "first" || name === "second" ? verdictWord(app, name === "first" ? 0 : 1) : null,
          ),
        ),
      ),
      iconButton("close", "Stop comparing", () => {
        app.store.set({ compare: "first" });
        app.take(app.runs.slice(0, 1).map((run) => run.scene));
      }),
    );
  };
  app.store.watch(["runs", "compare"], draw);
  draw();
  return bar;
}

/** A small tip beside the pointer. */
export function tipBox(app: App, host: HTMLElement): { show(thing: number, side: 0 | 1, x: number, y: number): void } {
  const tip = h("div", { class: "tip", role: "presentation", hidden: true });
  host.append(tip);
  return {
    show(thing, side, x, y) {
      const run = app.runs[side];
      tip.hidden = thing < 0 || !run;
      if (!run || thing < 0) return;
      const painted = app.shown(thing, side);
      const product = run.product(thing).name;
      refill(
        tip,
        h("strong", {}, h("bdi", {}, run.id(thing))),
        h("span", {}, [run.kind(thing).replaceAll("_", " "), product].filter(Boolean).join(" \u00b7 ")),
        painted
          ? h(
              "span",
              { class: "tip-value" },
              `${shortLabel(painted.quantity.label)}: ${app.valueText(painted.quantity, painted.value)}`,
            )
          : null,
      );
      const covered = document.documentElement.classList.contains("has-selection") ? 370 : 0;
      const flip = x > host.clientWidth - covered - 260;
      tip.style.left = flip ? "" : `${x + 14}px`;
      tip.style.right = flip ? `${host.clientWidth - x + 10}px` : "";
      tip.style.top = `${Math.min(y + 14, host.clientHeight - 80)}px`;
    },
  };
}

/** Keeps a button's picture in step with the theme. */
export function themeButton(app: App): HTMLElement {
  const button = iconButton("moon", "Light or dark (t)", () => toggleTheme(app));
  const draw = () => {
    document.documentElement.dataset["theme"] = app.theme;
    refill(button, icon(app.theme === "dark" ? "sun" : "moon"));
  };
  app.store.watch(["theme"], draw);
  draw();
  return button;
}

export function toggleTheme(app: App): void {
  app.store.set({ theme: app.theme === "dark" ? "light" : "dark" }, "replace");
}
