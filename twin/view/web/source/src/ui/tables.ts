/** Tables for screen readers and for everybody who wants to read rather than look. */
import { rank } from "../scene/findings";
import { compare } from "../scene/search";
import type { App } from "./app";
import { h, iconButton, refill, segments } from "./dom";
import { openFinding } from "./findings";

const PAGE = 200;
type Which = "findings" | "things";

export function openTables(app: App, which: Which = "findings"): void {
  if (!app.hasRun) return;
  const body = h("div", { class: "table-box scroll", tabindex: 0, role: "region", "aria-label": "Table" });
  const dialog = h("dialog", { class: "sheet wide", "aria-label": "Tables", onclose: () => dialog.remove() });
  const show = (chosen: Which) => refill(body, chosen === "findings" ? findings(app, dialog) : things(app, dialog));
  refill(
    dialog,
    h(
      "div",
      { class: "sheet-head" },
      segments(
        "Table",
        [
          { name: "findings", text: "Findings" },
          { name: "things", text: "Painted things" },
        ] as const,
        which,
        show,
      ),
      iconButton("close", "Close", () => dialog.close()),
    ),
    body,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  show(which);
  document.body.append(dialog);
  dialog.showModal();
}

/** A table whose rows are added a page at a time. */
function paged(caption: string, heads: string[], count: number, row: (index: number) => HTMLElement): HTMLElement {
  const body = h("tbody", {});
  const more = h("button", { type: "button", class: "button", onclick: () => add() });
  const add = () => {
    const from = body.children.length;
    for (let index = from; index < Math.min(count, from + PAGE); index++) body.append(row(index));
    more.hidden = body.children.length >= count;
    more.textContent = `Show more (${(count - body.children.length).toLocaleString("en")} left)`;
  };
  add();
  return h(
    "div",
    {},
    h(
      "table",
      { class: "big" },
      h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head) => h("th", { scope: "col" }, head)),
        ),
      ),
      body,
    ),
    more,
  );
}

function findings(app: App, dialog: HTMLDialogElement): HTMLElement {
  const all = app.run.document.findings;
  const caption = `${all.length.toLocaleString("en")} findings, worst first`;
  return paged(
    caption,
    ["Severity", "Code", "Rule", "Subject", "State", "Value", "Limit", "Finding"],
    all.length,
    (index) => {
      const finding = all[index]!;
      return h(
        "tr",
        {},
        h("td", { class: `${rank(finding)}-text` }, rank(finding)),
        h("td", { class: "code" }, finding.code),
        h(
          "th",
          { scope: "row" },
          h(
            "button",
            {
              type: "button",
              class: "as-text",
              onclick: () => {
                dialog.close();
                openFinding(app, index);
              },
            },
            finding.title,
          ),
        ),
        h("td", {}, h("bdi", {}, finding.subject)),
        h("td", {}, app.run.stateAt(finding.state)?.name ?? "design"),
        h("td", {}, finding.value),
        h("td", {}, finding.limit),
        h("td", {}, finding.waived ? `Waived: ${finding.waived}` : finding.message),
      );
    },
  );
}

function things(app: App, dialog: HTMLDialogElement): HTMLElement {
  const { run } = app;
  const rows: { thing: number; text: string; label: string }[] = [];
  for (const { quantity, thing, values } of app.paint()?.columns[app.side] ?? [])
    for (let k = 0; k < thing.length; k++)
      rows.push({ thing: thing[k]!, text: app.valueText(quantity, values[k]!), label: quantity.label });
  rows.sort((a, b) => compare(run.id(a.thing), run.id(b.thing)));
  const state = app.timeline ? app.timeline.label : (app.state?.name ?? "");
  const caption = `${app.paint()?.scale.title ?? "Nothing painted"}; state: ${state}`;
  return paged(caption, ["Id", "Kind", "Row", "Quantity", "Value"], rows.length, (index) => {
    const { thing, text, label } = rows[index]!;
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "button",
          {
            type: "button",
            class: "as-text",
            onclick: () => {
              dialog.close();
              app.select(thing);
              app.fly(thing);
            },
          },
          h("bdi", {}, run.id(thing)),
        ),
      ),
      h("td", {}, run.kind(thing).replaceAll("_", " ")),
      h("td", {}, h("bdi", {}, run.group(thing, "row"))),
      h("td", {}, label),
      h("td", {}, text),
    );
  });
}
