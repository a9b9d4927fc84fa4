/** Finding things by id, product, kind, row; and groups of things. */
import type { Run } from "./run";

export interface Hit {
  sort: "thing" | "pod" | "row" | "hall" | "quantity" | "state";
  name: string;
  detail: string;
  /** Index of the thing; -1 for groups. */
  thing: number;
}

/** Words of every thing, in small letters; built when somebody first searches. */
export class Index {
  private readonly words: string[];
  private readonly ids: string[];
  private readonly groups: Hit[];

  constructor(private readonly run: Run) {
    const { things, quantities, states } = run.document;
    const kinds = things.kinds.map((kind) => kind.toLowerCase().replaceAll("_", " "));
    const types = things.types.map((type) => type.split("\t")[0]!.toLowerCase());
    const rows = things.rows.map((row) => row.toLowerCase());
    this.ids = things.id.map((id) => id.toLowerCase());
    this.words = this.ids.map(
      (id, k) => `${id} ${kinds[things.kind[k]!] ?? ""} ${types[things.type[k]!] ?? ""} ${rows[things.row[k]!] ?? ""}`,
    );
    const group = (sort: "pod" | "row" | "hall", names: string[], of: number[]): Hit[] => {
      const counts = new Uint32Array(names.length);
      for (const index of of) if (index >= 0) counts[index]!++;
      return names.map((name, k) => ({ sort, name, detail: `${counts[k]} things`, thing: -1 }));
    };
    this.groups = [
      ...group("hall", things.halls, things.hall),
      ...group("pod", things.pods, things.pod),
      ...group("row", things.rows, things.row),
      ...states.map((state): Hit => ({ sort: "state", name: state.name, detail: "state", thing: -1 })),
      ...quantities
        .filter((one) => one.paint)
        .map((one): Hit => ({ sort: "quantity", name: one.name, detail: one.label, thing: -1 })),
    ];
  }

  /** Best matches; every word must occur, or else its letters in order. */
  find(text: string, most = 30): Hit[] {
    const wanted = text.toLowerCase().trim();
    if (!wanted) return [];
    const tokens = wanted.split(/\s+/);
    const scored: [number, Hit][] = [];
    const add = (score: number, hit: () => Hit) => {
      if (scored.length >= 4 * most && score <= scored[scored.length - 1]![0]) return;
      scored.push([score, hit()]);
      if (scored.length > 8 * most) scored.sort((a, b) => b[0] - a[0]).splice(4 * most);
    };
    for (const hit of this.groups) {
      const score = scoreOf(
        hit.name.toLowerCase(),
        `${hit.sort} ${hit.name.toLowerCase()} ${hit.detail.toLowerCase()}`,
        wanted,
        tokens,
      );
      if (score > 0) add(score + (hit.sort === "state" || hit.sort === "quantity" ? -6 : 1), () => hit);
    }
    for (let k = 0; k < this.ids.length; k++) {
      const score = scoreOf(this.ids[k]!, this.words[k]!, wanted, tokens);
      if (score > 0) add(score, () => this.hit(k));
    }
    if (scored.length === 0 && wanted.length > 1)
      for (let k = 0; k < this.ids.length && scored.length < 4 * most; k++)
        if (inOrder(this.ids[k]!, wanted)) add(20 - this.ids[k]!.length / 10, () => this.hit(k));
    return scored
      .sort((a, b) => b[0] - a[0] || compare(a[1].name, b[1].name))
      .slice(0, most)
      .map(([, hit]) => hit);
  }

  private hit(thing: number): Hit {
    const kind = this.run.kind(thing).replaceAll("_", " ");
    const detail = [kind, this.run.product(thing).name].filter(Boolean).join(" \u00b7 ");
    return { sort: "thing", name: this.run.id(thing), detail, thing };
  }
}

function scoreOf(id: string, words: string, wanted: string, tokens: string[]): number {
  if (id === wanted) return 100;
  if (id.startsWith(wanted)) return 80 - Math.min(id.length, 40) / 10;
  let score = 0;
  for (const token of tokens) {
    const at = words.indexOf(token);
    if (at < 0) return 0;
    const start = at === 0 || !/[a-z0-9]/.test(words[at - 1]!);
    score += start ? 50 : 35;
  }
  return score / tokens.length - Math.min(id.length, 40) / 10;
}

function inOrder(text: string, letters: string): boolean {
  let at = -1;
  for (const letter of letters) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Names in the order of people: `r2` before `r10`. */
export function compare(a: string, b: string): number {
  return collator.compare(a, b);
}
