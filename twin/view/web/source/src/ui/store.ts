/** The one place of what is shown; the address follows it. */
import { START, fromHash, toHash, type Situation } from "../scene/situation";

export type Key = keyof Situation | "runs" | "graphics" | "live";
type Listener = (changed: ReadonlySet<Key>) => void;

export class Store {
  private value: Situation = START;
  private readonly listeners: { keys: ReadonlySet<Key>; listener: Listener }[] = [];
  private pending = 0;
  private written = "";

  get now(): Situation {
    return this.value;
  }

  /** Take the address's situation, and follow it back and forward; tells of what it did not understand. */
  follow(say: (ignored: string[]) => void): void {
    const read = () => {
      const hash = location.hash.replace(/^#/, "");
      if (hash === this.written) return;
      const { situation, ignored } = fromHash(hash);
      this.written = hash;
      if (ignored.length) say(ignored);
      this.put(situation);
    };
    read();
    addEventListener("popstate", read);
    addEventListener("hashchange", read);
  }

  /** Change something; `push` is a step that "back" undoes. */
  set(patch: Partial<Situation>, how: "push" | "replace" = "push"): void {
    const changed = this.put({ ...this.value, ...patch });
    if (changed) this.write(how);
  }

  /** Listen to changes of some keys. */
  watch(keys: Key[], listener: Listener): void {
    this.listeners.push({ keys: new Set(keys), listener });
  }

  /** Tell listeners of what is not part of the situation. */
  tell(...keys: Key[]): void {
    const changed = new Set(keys);
    for (const { keys: wanted, listener } of [...this.listeners])
      if ([...changed].some((key) => wanted.has(key))) listener(changed);
  }

  private put(next: Situation): boolean {
    const before = this.value;
    const changed = (Object.keys(next) as (keyof Situation)[]).filter((key) => !same(before[key], next[key]));
    this.value = next;
    if (changed.length) this.tell(...changed);
    return changed.length > 0;
  }

  private write(how: "push" | "replace"): void {
    clearTimeout(this.pending);
    if (how === "push") this.address(true);
    else this.pending = window.setTimeout(() => this.address(false), 250);
  }

  private address(push: boolean): void {
    const hash = toHash(this.value);
    if (hash === this.written) return;
    this.written = hash;
    try {
      if (push) history.pushState(null, "", `#${hash}`);
      else history.replaceState(null, "", `#${hash}`);
    } catch {
      // a page inside another (a notebook) has no address of its own
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}
