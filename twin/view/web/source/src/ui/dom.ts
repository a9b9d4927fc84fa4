/** Elements: a small helper that only ever writes text, so that names stay names. */

type Child = Node | string | number | null | undefined | false;
type Value = string | number | boolean | null | undefined | ((event: never) => void) | Record<string, string>;

/** An element: `on...` listens, `style` is an object, true and false are attributes without value. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Value> = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
  fill(element, children.flat());
  return element;
}

function put(element: HTMLElement, name: string, value: Value): void {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
  else if (typeof value === "object")
    for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (name === "value" && "value" in element) (element as HTMLInputElement).value = String(value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

export function fill(element: Element, children: Child[]): void {
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      element.append(typeof child === "number" ? String(child) : child);
}

/** Put other children into an element; the focus stays on what is there again. */
export function refill(element: Element, ...children: (Child | Child[])[]): void {
  const focused = document.activeElement;
  const sign = focused && focused !== element && element.contains(focused) ? signOf(focused) : "";
  element.replaceChildren();
  fill(element, children.flat());
  if (!sign) return;
  for (const candidate of element.querySelectorAll<HTMLElement>("button, input, select"))
    if (signOf(candidate) === sign) return candidate.focus({ preventScroll: true });
}

/** What tells one control from another when it is made anew. */
function signOf(element: Element): string {
  const value = element instanceof HTMLInputElement && element.type === "radio" ? element.value : "";
  const label = element.getAttribute("aria-label") ?? element.closest("label")?.textContent ?? element.textContent;
  return [element.tagName, element.getAttribute("type"), value, element.getAttribute("data-layer") ?? label].join("|");
}

const PATHS: Record<string, string> = {
  search: "M9 3.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M13 13l4 4",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  moon: "M16.5 11.5A7 7 0 0 1 8.5 3.5a7 7 0 1 0 8 8",
  camera: "M3 7.5h3l1.5-2h5l1.5 2h3v8.5h-14zM10 9a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5",
  help: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15M7.8 8a2.2 2.2 0 1 1 3 2.1c-.6.3-.8.7-.8 1.4M10 14h.01",
  close: "M5 5l10 10M15 5L5 15",
  chevron: "M6 8l4 4l4-4",
  left: "M12 5l-5 5l5 5",
  right: "M8 5l5 5l-5 5",
  up: "M5 12l5-5l5 5",
  home: "M3.5 9.5L10 4l6.5 5.5M5.5 8.5v7.5h9v-7.5",
  cube: "M10 2.5l6.5 3.7v7.6L10 17.5l-6.5-3.7V6.2zM3.5 6.2L10 10l6.5-3.8M10 10v7.5",
  box: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7 7h6v6H7z",
  wind: "M2.5 8h9a2.3 2.3 0 1 0-2.3-2.3M2.5 11.5h12.2a2.2 2.2 0 1 1-2.2 2.2M2.5 15h6",
  streams: "M2.5 6c4-3 5 3 8.5.5S16 5 17.5 6M2.5 10.5c4-3 5 3 8.5.5s5-1.5 6.5-.5M2.5 15c4-3 5 3 8.5 .5s5-1.5 6.5-.5",
  label: "M3 5.5h8l6 4.5l-6 4.5H3zM6.5 10h.01",
  isolate: "M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7M10 1.5v3M10 15.5v3M1.5 10h3M15.5 10h3",
  fly: "M17 3L3 9l6 2l2 6z",
  eye: "M1.8 10S4.8 4.5 10 4.5S18.2 10 18.2 10S15.2 15.5 10 15.5S1.8 10 1.8 10M10 7.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5",
  off: "M3 3l14 14M8 5c.6-.2 1.3-.3 2-.3c5.2 0 8.2 5.3 8.2 5.3a14 14 0 0 1-2.5 3M12 15a8 8 0 0 1-2 .3C4.8 15.3 1.8 10 1.8 10a14 14 0 0 1 3.5-3.8",
  play: "M6 4l10 6l-10 6z",
  pause: "M6.5 4v12M13.5 4v12",
  table: "M3 4h14v12H3zM3 8h14M3 12h14M8.5 4v12",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  link: "M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1",
  list: "M7 5h10M7 10h10M7 15h10M3 5h.01M3 10h.01M3 15h.01",
  layers: "M10 3l7 3.5l-7 3.5l-7-3.5zM3 10l7 3.5l7-3.5M3 13.5l7 3.5l7-3.5",
  bolt: "M11 2L4.5 11.5H10L9 18l6.5-9.5H10z",
  drop: "M10 2.5c3 3.8 5 6 5 9a5 5 0 0 1-10 0c0-3 2-5.2 5-9",
  chart: "M3 3v14h14M6 13l3-4l3 2l4-6",
  clock: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15M10 6v4l2.5 2",
  split: "M3 4h14v12H3zM10 4v12",
  open: "M3 6h5l1.5 2H17v8H3zM10 14v-3.5M8.5 12l1.5-1.5l1.5 1.5",
  palette:
    "M10 2.5a7.5 7.5 0 1 0 0 15c1.2 0 1.6-.8 1.3-1.7c-.4-1.2.3-2.3 1.6-2.3h1.6c1.8 0 3-1.3 3-3.5c0-4.2-3.4-7.5-7.5-7.5M6 10h.01M8 6.5h.01M12 6.5h.01M14.3 9h.01",
  warn: "M10 3l7.5 13.5h-15zM10 8v4M10 14.3h.01",
  dock: "M3 4h14v12H3zM8 4v12",
};

/** A line drawing of 20 x 20. */
export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}

/** A button of an icon; its label is its tip. */
export function iconButton(
  name: string,
  label: string,
  press: (event: MouseEvent) => void,
  more: Record<string, Value> = {},
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "icon-button", title: label, "aria-label": label, onclick: press, ...more },
    icon(name),
  );
}

/** A box to tick, drawn as a switch. */
export function toggle(
  label: string,
  on: boolean,
  change: (on: boolean) => void,
  more: Record<string, Value> = {},
): HTMLLabelElement {
  const input = h("input", {
    type: "checkbox",
    role: "switch",
    checked: on,
    ...more,
    onchange: () => change(input.checked),
  });
  return h(
    "label",
    { class: "switch" },
    input,
    h("span", { class: "switch-track", "aria-hidden": "true" }),
    h("span", {}, label),
  );
}

/** A few choices beside one another. */
export function segments<Name extends string>(
  label: string,
  choices: readonly { name: Name; text: string }[],
  chosen: Name,
  choose: (name: Name) => void,
): HTMLElement {
  const group = `g${++groups}`;
  return h(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": label },
    choices.map(({ name, text }) => {
      const input = h("input", {
        type: "radio",
        name: group,
        value: name,
        checked: name === chosen,
        onchange: () => choose(name),
      });
      return h("label", {}, input, h("span", {}, text));
    }),
  );
}

let groups = 0;

/** A slider with its value beside it. */
export function slider(
  label: string,
  range: { low: number; high: number; step?: number },
  value: number,
  text: (value: number) => string,
  change: (value: number) => void,
): HTMLElement {
  const shown = h("output", {}, text(value));
  const step = range.step ?? Math.max((range.high - range.low) / 400, 1e-6);
  const input = h("input", {
    type: "range",
    min: range.low,
    max: range.high,
    step,
    value,
    "aria-label": label,
    "aria-valuetext": text(value),
    oninput: () => {
      const now = Number(input.value);
      shown.textContent = text(now);
      input.setAttribute("aria-valuetext", text(now));
      change(now);
    },
  });
  return h("label", { class: "slider" }, h("span", {}, label), input, shown);
}
