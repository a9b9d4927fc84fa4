/** Findings, worst first: a click flies there and goes to the state. */
import type { Finding } from "../generated/scene";
import { rank, type Rank } from "../scene/run";
import type { App } from "./app";
import { h, refill } from "./dom";
import { Rows } from "./rows";

const WORDS: Record<Rank, string> = { broken: "Broken", warning: "Warnings", waived: "Waived", holds: "Holds" };
const ONE: Record<Rank, string> = { broken: "broken", warning: "warning", waived: "waived", holds: "holds" };

/** Which findings are listed; kept while the page is open. */
const filter = { text: "", rank: "" as "" | Rank };

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
  let shown: number[] = [];
  const rows = new Rows({
    label: "Findings, worst first",
    height: 92,
    row: (index) =>
      findingRow(
        app.run.document.findings[shown[index]!]!,
        app.run.stateAt(app.run.document.findings[shown[index]!]!.state)?.name ?? "",
      ),
    open: (index) => openFinding(app, shown[index]!),
  });
  const refresh = () => {
    shown = listed(app);
    refill(chips, ...chipsOf(app, refresh));
    const all = app.run.document.findings.length;
    empty.hidden = shown.length > 0;
    empty.textContent = all ? "No finding matches." : "No rule has anything to say about this design.";
    rows.element.hidden = shown.length === 0;
    rows.refresh(shown.length, shown.indexOf(current));
  };
  search.addEventListener("input", () => {
    filter.text = search.value;
    refresh();
  });
  app.store.watch(["runs", "compare"], () => rows.element.isConnected && refresh());
  onStep = () => rows.element.isConnected && shown.includes(current) && rows.mark(shown.indexOf(current));
  refresh();
  return h("div", { class: "tab-body" }, h("div", { class: "tab-tools" }, search, chips), empty, rows.element);
}

let current = -1;
let onStep: () => void = () => undefined;

/** Indices of what the filter leaves, broken ones first. */
function listed(app: App): number[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found: number[] = [];
  app.run.document.findings.forEach((finding, index) => {
    if (filter.rank && rank(finding) !== filter.rank) return;
    const text = words.length
      ? `${finding.code} ${finding.title} ${finding.subject} ${finding.message}`.toLowerCase()
      : "";
    if (words.every((word) => text.includes(word))) found.push(index);
  });
  return found;
}

export function counts(findings: readonly Finding[]): Record<Rank, number> {
  const sums: Record<Rank, number> = { broken: 0, warning: 0, waived: 0, holds: 0 };
  for (const finding of findings) sums[rank(finding)]++;
  return sums;
}

function chipsOf(app: App, refresh: () => void): HTMLElement[] {
  const sums = counts(app.run.document.findings);
  return (Object.keys(WORDS) as Rank[])
    .filter((name) => sums[name] > 0)
    .map((name) =>
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

function findingRow(finding: Finding, state: string): HTMLElement {
  const sort = rank(finding);
  const margin = finding.margin === null ? "" : marginText(finding.margin);
  return h(
    "div",
    { class: `finding ${sort}`, title: finding.message },
    h(
      "div",
      { class: "finding-head" },
      h("span", { class: "dot" }),
      h("span", { class: "finding-title" }, finding.title),
      h("span", { class: "visually-hidden" }, ONE[sort]),
      h("span", { class: "finding-margin" }, margin),
    ),
    h("div", { class: "finding-text" }, finding.waived ? `Waived: ${finding.waived}` : finding.message),
    h(
      "div",
      { class: "finding-foot" },
      h("span", { class: "code" }, finding.code),
      h("span", { class: "ellipsis" }, finding.subject),
      state && h("span", { class: "ellipsis" }, state),
    ),
  );
}

/** Share of the limit that is left, or by which it is missed. */
function marginText(margin: number): string {
  const percent = Math.abs(100 * margin);
  return `${margin < 0 ? "\u2212" : ""}${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** Fly to a finding, select its thing and go to its state. */
export function openFinding(app: App, index: number): void {
  const finding = app.run.document.findings[index];
  if (!finding) return;
  current = index;
  app.closeSheet();
  const state = app.run.stateAt(finding.state);
  app.store.set({
    sel: finding.thing >= 0 ? app.run.id(finding.thing) : app.now.sel,
    state: !state ? app.now.state : state.normal ? "" : state.name,
    step: -1,
    timeline: "",
  });
  if (finding.position) app.stage.fly(finding.position, app.side);
  else app.fly(finding.thing);
  app.say(`${finding.code}, ${finding.title}: ${finding.message}`);
}

/** Next or previous finding of those that the list shows. */
export function stepFinding(app: App, by: number): void {
  const shown = listed(app);
  if (!shown.length) return;
  const at = shown.indexOf(current);
  openFinding(app, shown[(at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by + shown.length) % shown.length]!);
  onStep();
}
