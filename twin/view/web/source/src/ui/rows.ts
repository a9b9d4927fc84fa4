/** A long list of which only the rows in sight exist; arrow keys move along it. */
import { h } from "./dom";

export interface Rowed {
  label: string;
  /** Height of a row; where rows are as high as their text, what is expected until they stand there. [px] */
  height: number;
  /** Rows are as high as their text. */
  free?: boolean;
  /** Rows of rows: what those of the first level hold can be opened. */
  tree?: { level(index: number): number; open(index: number): boolean | null; toggle(index: number, on: boolean): void };
  row(index: number): HTMLElement;
  open(index: number): void;
}

export class Rows {
  readonly element: HTMLElement;
  private readonly space = h("div", { class: "rows-space", role: "presentation" });
  private readonly drawn = new Map<number, HTMLElement>();
  private readonly id = `rows${++made}`;
  /** Where every row begins, and where the last one ends. */
  private starts = new Float64Array(1);
  private count = 0;
  private active = -1;

  constructor(private readonly about: Rowed) {
    this.element = h(
      "div",
      {
        class: "rows",
        role: about.tree ? "tree" : "listbox",
        tabindex: 0,
        "aria-label": about.label,
        onscroll: () => this.draw(),
        onkeydown: (event: KeyboardEvent) => this.key(event),
      },
      this.space,
    );
    let width = 0;
    new ResizeObserver(() => {
      if (about.free && this.element.clientWidth !== width) this.refresh(this.count);
      else this.draw();
      width = this.element.clientWidth;
    }).observe(this.element);
  }

  /** Draw anew, with so many rows. */
  refresh(count: number, active = this.active): void {
    this.count = count;
    this.active = active < count ? active : -1;
    this.starts = Float64Array.from({ length: count + 1 }, (_, index) => index * this.about.height);
    this.clear();
    this.draw();
  }

  /** Mark a row and bring it into sight. */
  mark(index: number): void {
    this.active = index;
    this.drawn.forEach((row, drawn) => row.setAttribute("aria-selected", String(drawn === index)));
    this.reveal(index);
    this.draw();
    this.reveal(index); // rows that were drawn for the first time may be higher than expected
  }

  private reveal(index: number): void {
    const [top, bottom] = [this.starts[index] ?? 0, this.starts[index + 1] ?? 0];
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop || bottom - top > clientHeight) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.element.scrollTop = bottom - clientHeight;
  }

  private clear(): void {
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
  }

  private draw(): void {
    const height = this.element.clientHeight;
    let [first, last] = [0, -1];
    for (let round = 0; round < 3; round++) {
      const { scrollTop } = this.element;
      first = Math.max(0, this.under(scrollTop) - 3);
      last = Math.min(this.count - 1, this.under(scrollTop + height) + 3);
      for (let index = first; index <= last; index++) if (!this.drawn.has(index)) this.place(index);
      if (!this.about.free || !this.measure()) break;
    }
    for (const [index, row] of this.drawn)
      if (index < first || index > last) {
        row.remove();
        this.drawn.delete(index);
      }
    this.space.style.height = `${this.starts[this.count]}px`;
    for (const [index, row] of this.drawn) row.style.top = `${this.starts[index]}px`;
    if (this.active >= 0) this.element.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** The row at a height of the list. */
  private under(y: number): number {
    let [low, high] = [0, Math.max(0, this.count - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Take the heights of the rows that are drawn; whether any was another than expected. */
  private measure(): boolean {
    const { starts } = this;
    const heights = [...this.drawn].map(([index, row]) => [index, row.offsetHeight] as const);
    const gaps = new Map<number, number>();
    for (const [index, height] of heights) {
      const gap = height - (starts[index + 1]! - starts[index]!);
      if (height && Math.abs(gap) > 0.5) gaps.set(index, gap);
    }
    if (!gaps.size) return false;
    const top = this.element.scrollTop;
    let [sum, above] = [0, 0];
    for (let index = 0; index < this.count; index++) {
      const begins = starts[index]!;
      starts[index] = begins + sum;
      sum += gaps.get(index) ?? 0;
      if (gaps.has(index) && begins < top) above = sum;
    }
    starts[this.count]! += sum;
    this.space.style.height = `${starts[this.count]}px`;
    if (above && this.under(top) > 0) this.element.scrollTop = top + above;
    return true;
  }

  private place(index: number): void {
    const { free, height, tree } = this.about;
    const row = this.about.row(index);
    row.classList.add("rows-row");
    row.id = `${this.id}-${index}`;
    row.style.top = `${this.starts[index]}px`;
    if (!free) row.style.height = `${height}px`;
    row.setAttribute("role", tree ? "treeitem" : "option");
    row.setAttribute("aria-selected", String(index === this.active));
    row.setAttribute("aria-setsize", String(this.count));
    row.setAttribute("aria-posinset", String(index + 1));
    if (tree) row.setAttribute("aria-level", String(tree.level(index)));
    const open = tree?.open(index) ?? null;
    if (open !== null) row.setAttribute("aria-expanded", String(open));
    row.addEventListener("click", () => this.choose(index));
    this.drawn.set(index, row);
    const next = Math.min(...[...this.drawn.keys()].filter((other) => other > index));
    this.space.insertBefore(row, this.drawn.get(next) ?? null);
  }

  private choose(index: number): void {
    this.mark(index);
    this.about.open(index);
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.about.height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.count,
      End: this.count,
    };
    const step = steps[event.key];
    if (step !== undefined && this.count) this.mark(Math.min(this.count - 1, Math.max(0, this.active + step)));
    else if ((event.key === "Enter" || event.key === " ") && this.active >= 0) this.about.open(this.active);
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && this.about.tree && this.active >= 0)
      this.about.tree.toggle(this.active, event.key === "ArrowRight");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

let made = 0;
