/** The frame of the page: top bar, dock, picture, panels over it. */
import type { Tab } from "../scene/situation";
import type { App } from "./app";
import { h, icon, iconButton, refill } from "./dom";
import { findingsTab } from "./findings";
import { figuresTab } from "./figures";
import { layersTab } from "./layers";
import { legend, openChooser } from "./legend";
import { livePanel } from "./live";
import { openHelp } from "./keys";
import { halfNames, verdictMark } from "./pair";
import { savePicture } from "./save";
import { searchBox } from "./searchbox";
import { selectionPanel } from "./selection";
import { stateBanner, statesTab } from "./states";
import { openTables } from "./tables";
import { timeBar, timelineChoice } from "./timebar";
import { compareBar, themeButton, tools } from "./tools";

const TABS: readonly { name: Tab; text: string; icon: string; build: (app: App) => HTMLElement }[] = [
  { name: "findings", text: "Findings", icon: "list", build: findingsTab },
  { name: "layers", text: "Layers", icon: "layers", build: layersTab },
  { name: "states", text: "States", icon: "bolt", build: statesTab },
  { name: "figures", text: "Figures", icon: "chart", build: figuresTab },
];

export interface Shell {
  /** Where the stage draws. */
  host: HTMLElement;
  /** Fill the panels; after the first picture. */
  furnish(app: App, choose: (file: File) => void): void;
}

/** The empty frame: enough for the stage to know its size. */
export function buildShell(root: HTMLElement): Shell {
  const host = h("div", {
    class: "stage",
    id: "stage",
    tabindex: 0,
    role: "application",
    "aria-label": "3-D picture; arrow keys turn it, question mark for help",
  });
  const over = h("div", { class: "over" });
  const top = h("header", { class: "top" });
  const dock = h("nav", { class: "dock", "aria-label": "Findings, layers, states and figures" });
  const main = h("main", { class: "main" }, host, over);
  refill(
    root,
    h("a", { class: "skip", href: "#dock", onclick: (event: Event) => skip(event) }, "Skip the picture"),
    top,
    dock,
    main,
  );
  return {
    host,
    furnish: (app, choose) => {
      fillTop(app, top, choose);
      fillDock(app, dock);
      refill(
        over,
        h("div", { class: "over-top" }, compareBar(app), livePanel(app), stateBanner(app), halfNames(app)),
        tools(app),
        selectionPanel(app),
        h("div", { class: "over-bottom" }, timeBar(app), legend(app)),
      );
    },
  };
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>(".dock [role=tab][aria-selected=true]")?.focus();
}

function fillTop(app: App, top: HTMLElement, choose: (file: File) => void): void {
  const about = h("div", { class: "about-run" });
  const file = h("input", {
    type: "file",
    hidden: true,
    "aria-hidden": "true",
    tabindex: -1,
    accept: ".html,.scene,.gz,.twin",
  });
  file.addEventListener("change", () => {
    if (file.files?.[0]) choose(file.files[0]);
    file.value = "";
  });
  const draw = () => {
    if (!app.hasRun) return refill(about, h("h1", {}, "twin"));
    const { title, summary } = app.run.document;
    document.title = `${title} \u00b7 twin`;
    if (app.runs.length > 1 && (app.now.compare === "both" || app.differs)) {
      const [one, other] = app.runs.map((run) => run.document.title);
      const both = one === other ? title : `${one} and ${other}`;
      const marks = ([0, 1] as const).map((side) => verdictMark(app, side, side ? "Second: " : "First: "));
      return refill(about, h("h1", { class: "ellipsis", title: both }, h("bdi", {}, both)), h("span", { class: "both-marks" }, marks));
    }
    refill(
      about,
      h("h1", { class: "ellipsis", title }, h("bdi", {}, title)),
      verdictMark(app, app.side),
      h("span", { class: "summary ellipsis", title: summary }, summary),
    );
  };
  app.store.watch(["runs", "compare"], draw);
  draw();
  refill(
    top,
    iconButton("dock", "Show or hide the dock", () => document.documentElement.classList.toggle("dock-closed"), {
      class: "icon-button dock-button",
    }),
    about,
    searchBox(app),
    h(
      "div",
      { class: "top-buttons" },
      timelineChoice(app),
      file,
      iconButton("split", "Compare with another run", () => file.click()),
      iconButton("palette", "Colour by (c)", () => openChooser(app)),
      iconButton("table", "Tables (v)", () => openTables(app)),
      iconButton("camera", "Save the picture (s)", () => void savePicture(app)),
      themeButton(app),
      iconButton("help", "Keys and gestures (?)", () => openHelp(app)),
    ),
  );
}

function fillDock(app: App, dock: HTMLElement): void {
  const built = new Map<Tab, HTMLElement>();
  const body = h("div", { class: "dock-body", id: "dock" });
  const strip = h("div", { class: "tabs", role: "tablist", "aria-label": "Dock" });
  const buttons = TABS.map((tab) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${tab.name}`,
        "aria-controls": `panel-${tab.name}`,
        onclick: () => open(tab.name),
      },
      icon(tab.icon),
      h("span", {}, tab.text),
      h("span", { class: "badge" }),
    ),
  );
  const open = (name: Tab) => {
    const page = document.documentElement.classList;
    if (narrow() && page.contains("dock-open") && app.now.tab === name) return page.remove("dock-open");
    page.add("dock-open");
    app.store.set({ tab: name }, "replace");
    show();
  };
  const show = () => {
    if (!app.hasRun) return;
    const { tab } = app.now;
    TABS.forEach(({ name, build }, k) => {
      const chosen = name === tab;
      buttons[k]!.setAttribute("aria-selected", String(chosen));
      buttons[k]!.tabIndex = chosen ? 0 : -1;
      if (chosen && !built.has(name)) {
        const panel = h(
          "div",
          { class: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` },
          build(app),
        );
        built.set(name, panel);
        body.append(panel);
      }
      const panel = built.get(name);
      if (panel) panel.hidden = !chosen;
    });
    const sums = app.run.counts;
    buttons[0]!.querySelector(".badge")!.textContent =
      sums.broken + sums.warning ? (sums.broken + sums.warning).toLocaleString("en") : "";
  };
  strip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = TABS.findIndex(({ name }) => name === app.now.tab);
    const next = (at + step + TABS.length) % TABS.length;
    open(TABS[next]!.name);
    buttons[next]!.focus();
  });
  app.store.watch(["tab", "runs", "compare"], show);
  refill(strip, buttons);
  refill(dock, strip, body);
  show();
}

/** The page is a phone's, and the dock a sheet over the picture. */
export function narrow(): boolean {
  return matchMedia("(max-width: 760px)").matches;
}

/** Height of the colour bar's card until it stands there, on a wide page and on a phone. [px] */
const EXPECTED = { wide: 108, narrow: 138 };

/** How much of each edge of the stage panels cover, CSS pixels; never more than half of it. */
export function coveredEdges(host: HTMLElement): { left: number; top: number; right: number; bottom: number } {
  const whole = host.getBoundingClientRect();
  const rect = (selector: string) => {
    const place = document.querySelector(`.over ${selector}`)?.getBoundingClientRect();
    return place && place.width > 0 && place.right > whole.left && place.left < whole.right ? place : null;
  };
  const [panel, upper] = [rect(".selection"), rect(".half-names") ?? rect(".banner") ?? rect(".compare")];
  const sheet = panel !== null && narrow();
  const lower = [rect(".legend"), rect(".time"), sheet ? panel : null].filter((place) => place !== null);
  const bottom = lower.length
    ? whole.bottom - Math.min(...lower.map((place) => place.top))
    : EXPECTED[narrow() ? "narrow" : "wide"];
  const right = panel && !sheet ? whole.right - panel.left : 0;
  return {
    left: 0,
    top: Math.min(upper ? upper.bottom - whole.top : 0, whole.height / 4),
    right: Math.min(right, whole.width / 2),
    bottom: Math.min(bottom, whole.height / 2),
  };
}

/** Short messages at the lower edge. */
export function noticeBox(): { element: HTMLElement; show: (text: string, sort: "note" | "error") => void } {
  const element = h("div", { class: "notices", role: "status", "aria-live": "polite" });
  return {
    element,
    show: (text, sort) => {
      const note = h(
        "div",
        { class: `notice ${sort}` },
        text,
        sort === "error" ? iconButton("close", "Dismiss", () => note.remove()) : null,
      );
      element.append(note);
      while (element.children.length > 3) element.firstElementChild!.remove();
      window.setTimeout(() => note.remove(), sort === "error" ? 15_000 : 4000);
    },
  };
}

/** A page of its own for what cannot be shown: what is wrong, and what to do. */
export function failurePage(
  root: HTMLElement,
  title: string,
  message: string,
  advice: string,
  choose?: (file: File) => void,
): void {
  const file = h("input", { type: "file", hidden: true, onchange: () => file.files?.[0] && choose?.(file.files[0]) });
  refill(
    root,
    h(
      "main",
      { class: "failure", role: "alert" },
      h(
        "div",
        { class: "failure-card" },
        icon("warn"),
        h("h1", {}, title),
        h("p", {}, message),
        h("p", { class: "advice" }, advice),
        choose && h("button", { type: "button", class: "button", onclick: () => file.click() }, "Open a file"),
        file,
      ),
    ),
  );
}
