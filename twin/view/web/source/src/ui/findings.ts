/** Findings, rule by rule, worst first: a click flies to the worst thing and goes to its state; a rule opens to all of them. */
import type { Finding } from "../generated/scene";
import { grouped, keyOf, marginText, rank, RANKS, type Group, type Rank } from "../scene/findings";
import type { App } from "./app";
import { h, icon, refill } from "./dom";
import { leftOut } from "./figures";
import { listedRun } from "./pair";
import { Rows } from "./rows";
import { stateTitle } from "./states";

const WORDS: Record<Rank, string> = { broken: "Broken", warning: "Warnings", waived: "Waived", holds: "Holds" };
const ONE: Record<Rank, string> = { broken: "broken", warning: "warning", waived: "waived", holds: "holds" };

/** Which findings are listed; kept while the page is open. */
const filter = { text: "", rank: "" as "" | Rank };
/** Rules whose things are listed. */
const opened = new Set<string>();

/** A row of the list: a rule, or one of its findings where the rule is open. */
interface Entry {
  group: Group;
  /** -1: the rule itself, which stands for its worst finding. */
  member: number;
}

/** What was opened last: a finding, or a rule by its worst one. */
let current: { key: string; finding: number; rule: boolean } | null = null;
let onStep: () => void = () => undefined;

export function findingsTab(app: App): HTMLElement {
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Severity" });
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: "Filter findings",
    "aria-label": "Filter findings",
    value: filter.text,
  });
  const empty = h("p", { class: "empty" });
  const notes = h("div", {});
  let shown: Entry[] = [];
  const toggle = (key: string, on: boolean) => {
    const before = rows.element.scrollTop;
    if (on) opened.add(key);
    else opened.delete(key);
    refresh();
    rows.element.scrollTop = before;
  };
  const rows: Rows = new Rows({
    label: "Findings, worst first",
    height: 84,
    free: true,
    tree: {
      level: (index) => (shown[index]!.member < 0 ? 1 : 2),
      open: (index) => (shown[index]!.member < 0 && many(shown[index]!.group) ? opened.has(shown[index]!.group.key) : null),
      toggle: (index, on) => {
        const { group } = shown[index]!;
        if (!many(group) || opened.has(group.key) === on) return;
        current = { key: group.key, finding: group.members[0]!, rule: true };
        toggle(group.key, on);
      },
    },
    row: (index) => entryRow(app, shown[index]!, (on) => toggle(shown[index]!.group.key, on)),
    open: (index) => openEntry(app, shown[index]!),
  });
  const refresh = () => {
    shown = listed(app);
    refill(chips, ...chipsOf(app, refresh));
    empty.hidden = shown.length > 0;
    const any = app.run.document.findings.length > 0;
    empty.textContent = any ? "No finding matches." : "No rule has anything to say about this design.";
    refill(notes, listedRun(app), leftOut(app));
    rows.element.hidden = shown.length === 0;
    rows.refresh(shown.length, shown.findIndex(isCurrent));
  };
  search.addEventListener("input", () => {
    filter.text = search.value;
    refresh();
  });
  app.store.watch(["runs", "compare"], () => rows.element.isConnected && refresh());
  onStep = () => {
    const at = shown.findIndex(isCurrent);
    if (rows.element.isConnected && at >= 0) rows.mark(at);
  };
  refresh();
  return h("div", { class: "tab-body" }, h("div", { class: "tab-tools" }, search, chips, notes), empty, rows.element);
}

function many(group: Group): boolean {
  return group.members.length > 1;
}

/** Rows of what the filter leaves, broken rules first. */
function listed(app: App): Entry[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = grouped(app.run.document.findings, (finding) => {
    if (!words.length) return true;
    const text = `${finding.code} ${finding.title} ${finding.subject} ${finding.message}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return groups
    .filter((group) => !filter.rank || group.rank === filter.rank)
    .flatMap((group) => [
      { group, member: -1 },
      ...(many(group) && opened.has(group.key) ? group.members.map((_, member) => ({ group, member })) : []),
    ]);
}

function chipsOf(app: App, refresh: () => void): HTMLElement[] {
  const sums = app.run.counts;
  return RANKS.filter((name) => sums[name] > 0).map((name) =>
    h(
      "button",
      {
        type: "button",
        class: `chip ${name}`,
        "aria-pressed": String(filter.rank === name),
        onclick: () => {
          filter.rank = filter.rank === name ? "" : name;
          refresh();
        },
      },
      h("span", { class: "dot" }),
      `${WORDS[name]} ${sums[name].toLocaleString("en")}`,
    ),
  );
}

function entryRow(app: App, entry: Entry, toggle: (on: boolean) => void): HTMLElement {
  const finding = app.run.document.findings[findingOf(entry)]!;
  return entry.member < 0 ? ruleRow(app, entry.group, finding, toggle) : memberRow(app, entry.group.rank, finding);
}

function ruleRow(app: App, group: Group, finding: Finding, toggle: (on: boolean) => void): HTMLElement {
  const several = many(group);
  const open = opened.has(group.key);
  return h(
    "div",
    { class: `finding ${group.rank}` },
    h(
      "div",
      { class: "finding-head" },
      h("span", { class: "dot" }),
      h("span", { class: "finding-title" }, finding.title),
      h("span", { class: "visually-hidden" }, ONE[group.rank]),
      h("span", { class: "finding-margin", title: MARGIN }, marginText(group.margin)),
    ),
    h("div", { class: "finding-text", title: finding.message }, messageOf(finding)),
    h(
      "div",
      { class: "finding-foot" },
      h("span", { class: "code" }, finding.code),
      h("bdi", { class: "ellipsis", title: finding.subject }, several ? `worst: ${finding.subject}` : finding.subject),
      several ? null : where(app, finding),
      several
        ? h(
            "button",
            {
              type: "button",
              class: "finding-more",
              tabindex: -1,
              "aria-expanded": String(open),
              onclick: (event: MouseEvent) => {
                event.stopPropagation();
                toggle(!open);
              },
            },
            `all ${group.members.length.toLocaleString("en")}`,
            icon("chevron"),
          )
        : null,
    ),
  );
}

const MARGIN = "What is left of the limit, or by how much it is missed";

function memberRow(app: App, rank: Rank, finding: Finding): HTMLElement {
  return h(
    "div",
    { class: `finding member ${rank}`, title: messageOf(finding) },
    h(
      "div",
      { class: "finding-head" },
      h("bdi", { class: "finding-title ellipsis" }, finding.subject),
      h("span", { class: "finding-margin" }, marginText(finding.margin)),
    ),
    h(
      "div",
      { class: "finding-foot" },
      finding.margin === null
        ? h("span", { class: "ellipsis" }, messageOf(finding))
        : h("span", { class: "value-limit" }, `${finding.value}, limit ${finding.limit}`),
      where(app, finding),
    ),
  );
}

export function messageOf(finding: Finding): string {
  return finding.waived ? `Waived: ${finding.waived}` : finding.message;
}

/** The state in which it is worst, and in how many others the rule is broken as well. */
function where(app: App, finding: Finding): HTMLElement | null {
  const state = app.run.stateAt(finding.state);
  if (!state) return null;
  const more = finding.count > 1 ? `, ${finding.count.toLocaleString("en")} states` : "";
  const name = state.normal ? "normal" : stateTitle(state) + (state.name.startsWith("lose:") ? " lost" : "");
  return h("span", { class: "ellipsis", title: `Worst in ${state.name}${more}` }, name + more);
}

function findingOf({ group, member }: Entry): number {
  return group.members[Math.max(0, member)]!;
}

function openEntry(app: App, entry: Entry): void {
  openFinding(app, findingOf(entry), entry.member < 0);
}

/** Whether a row is what was opened last. */
function isCurrent({ group, member }: Entry): boolean {
  if (group.key !== current?.key) return false;
  const rule = current.rule || !opened.has(group.key);
  return member < 0 ? rule : !rule && group.members[member] === current.finding;
}

/** Fly to a finding, select its thing, go to its state and paint what it is about. */
export function openFinding(app: App, index: number, rule = false): void {
  const finding = app.run.document.findings[index];
  if (!finding) return;
  current = { key: keyOf(finding), finding: index, rule };
  app.closeSheet();
  const state = app.run.stateAt(finding.state);
  const about = app.run.about(finding);
  app.store.set({
    sel: finding.thing >= 0 ? app.run.id(finding.thing) : app.now.sel,
    // what is said of the design as a whole is told of it as it normally runs
    state: !state || state.normal ? "" : state.name,
    paint: about?.paint ? about.name : app.now.paint,
    step: -1,
    timeline: "",
  });
  if (finding.thing >= 0 && app.run.position(finding.thing)) app.fly(finding.thing);
  else if (finding.position) app.stage.fly(finding.position, app.side);
  app.say(`${finding.code}, ${finding.title}: ${finding.message}`);
  onStep();
}

/** A design that fails opens with what shows why: the worst broken rule's quantity, in the state in which it is worst. */
export function openWorst(app: App): void {
  const { findings } = app.run.document;
  const index = findings.findIndex((finding) => {
    const state = app.run.stateAt(finding.state);
    return rank(finding) === "broken" && app.run.about(finding)?.paint === true && state?.settled !== false;
  });
  const finding = findings[index];
  if (!finding) return;
  current = { key: keyOf(finding), finding: index, rule: true };
  const state = app.run.stateAt(finding.state);
  app.store.set({ state: !state || state.normal ? "" : state.name, paint: app.run.about(finding)!.name }, "replace");
  app.say(`${finding.code}, ${finding.title}: ${finding.message}`);
}

/** Next or previous row: the worst finding of every rule, and all of those that are open. */
export function stepFinding(app: App, by: number): void {
  const shown = listed(app);
  if (!shown.length) return;
  const at = shown.findIndex(isCurrent);
  const from = at < 0 ? -1 : findingOf(shown[at]!);
  let next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length;
  if (shown.length > 2 && findingOf(shown[next]!) === from) next = (next + by + shown.length) % shown.length;
  openEntry(app, shown[next]!);
}
