/** A long list of which only the rows in sight exist; arrow keys move along it. */
import { h } from "./dom";

export interface Rowed {
  label: string;
  /** Height of every row. [px] */
  height: number;
  row(index: number): HTMLElement;
  open(index: number): void;
}

export class Rows {
  readonly element: HTMLElement;
  private readonly space = h("div", { class: "rows-space" });
  private readonly drawn = new Map<number, HTMLElement>();
  private readonly id = `rows${++made}`;
  private count = 0;
  private active = -1;

  constructor(private readonly about: Rowed) {
    this.element = h(
      "div",
      {
        class: "rows",
        role: "listbox",
        tabindex: 0,
        "aria-label": about.label,
        onscroll: () => this.draw(),
        onkeydown: (event: KeyboardEvent) => this.key(event),
      },
      this.space,
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Draw anew, with so many rows. */
  refresh(count: number, active = this.active): void {
    this.count = count;
    this.active = active < count ? active : -1;
    this.space.style.height = `${count * this.about.height}px`;
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
    this.draw();
  }

  /** Mark a row and bring it into sight. */
  mark(index: number): void {
    const top = index * this.about.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.about.height > scrollTop + clientHeight)
      this.element.scrollTop = top + this.about.height - clientHeight;
    this.refresh(this.count, index);
  }

  private draw(): void {
    const { height } = this.about;
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - 4);
    const last = Math.min(this.count - 1, Math.ceil((this.element.scrollTop + this.element.clientHeight) / height) + 4);
    for (const [index, row] of this.drawn)
      if (index < first || index > last) {
        row.remove();
        this.drawn.delete(index);
      }
    for (let index = first; index <= last; index++) if (!this.drawn.has(index)) this.place(index);
    if (this.active >= 0) this.element.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private place(index: number): void {
    const row = this.about.row(index);
    row.classList.add("rows-row");
    row.id = `${this.id}-${index}`;
    row.style.top = `${index * this.about.height}px`;
    row.style.height = `${this.about.height}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === this.active));
    row.setAttribute("aria-setsize", String(this.count));
    row.setAttribute("aria-posinset", String(index + 1));
    row.addEventListener("click", () => this.choose(index));
    this.drawn.set(index, row);
    this.space.append(row);
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
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

let made = 0;
