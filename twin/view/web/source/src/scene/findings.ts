/** Findings as people ask for them: how they count, and rule by rule. */
import type { Finding } from "../generated/scene";

/** How a finding counts: what is waived is neither broken nor fine. */
export type Rank = "broken" | "warning" | "waived" | "holds";

export const RANKS: readonly Rank[] = ["broken", "warning", "waived", "holds"];

/** Findings of one rule and rank. */
export interface Group {
  key: string;
  rank: Rank;
  /** Indices of the findings, worst first. */
  members: number[];
  /** The smallest margin; null where none has one. */
  margin: number | null;
}

export function rank(finding: Finding): Rank {
  if (finding.waived) return "waived";
  return finding.severity === "error" ? "broken" : finding.severity === "warning" ? "warning" : "holds";
}

export function counts(findings: readonly Finding[]): Record<Rank, number> {
  const sums: Record<Rank, number> = { broken: 0, warning: 0, waived: 0, holds: 0 };
  for (const finding of findings) sums[rank(finding)]++;
  return sums;
}

/** What tells one rule (and rank) from another; limits of the designer share a code. */
export function keyOf(finding: Finding): string {
  return `${rank(finding)} ${finding.code} ${finding.title}`;
}

/** Findings by rule, of those that are wanted: broken rules first, and in each rank in the order of the document. */
export function grouped(findings: readonly Finding[], wanted: (finding: Finding) => boolean = () => true): Group[] {
  const groups = new Map<string, Group>();
  findings.forEach((finding, index) => {
    if (!wanted(finding)) return;
    const key = keyOf(finding);
    const known = groups.get(key);
    if (!known) {
      groups.set(key, { key, rank: rank(finding), members: [index], margin: finding.margin });
      return;
    }
    known.members.push(index);
    if (finding.margin !== null && !(known.margin !== null && known.margin <= finding.margin)) known.margin = finding.margin;
  });
  return [...groups.values()].sort((one, other) => RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank));
}

/** Share of the limit that is left, or by which it is missed. */
export function marginText(margin: number | null): string {
  if (margin === null) return "";
  const percent = Math.abs(100 * margin);
  return `${margin < 0 ? "\u2212" : ""}${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** A value as a share of its limit; null where that says nothing. */
export function shareOfLimit({ value, limit, margin, message }: Finding): number | null {
  const [one, other] = [value, limit].map((text) => /^(-?[\d.]+(?:e[+-]?\d+)?)\s*(.*)$/.exec(text.replaceAll(",", "")));
  const [number, bound] = [Number(one?.[1]), Number(other?.[1])];
  if (!one || !other || !(bound > 0)) return null;
  if (one[2] === other[2]) return Math.max(0, number / bound);
  if (margin === null) return null;
  return Math.max(0, /\brequired\b/.test(message) ? 1 + margin : 1 - margin);
}
