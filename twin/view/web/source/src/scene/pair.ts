/** What two runs do not share: things that only one of them has, and rules that only one of them breaks. */
import type { Finding } from "../generated/scene";
import { keyOf, rank } from "./findings";
import type { Run } from "./run";

export interface Alone {
  /** Ids of things that the other run does not have. */
  things: string[];
  /** Broken rules, with their subject, that are not broken in the other run; worst first. */
  broken: Finding[];
}

/** What each of two runs has alone: of the first, of the second. */
export function aloneIn(first: Run, second: Run): [Alone, Alone] {
  return [alone(first, second), alone(second, first)];
}

function alone(run: Run, other: Run): Alone {
  const known = new Set(brokenOf(other).map(nameOf));
  return {
    things: run.document.things.id.filter((id) => other.scene.thing(id) < 0),
    broken: brokenOf(run).filter((finding) => !known.has(nameOf(finding))),
  };
}

function brokenOf(run: Run): Finding[] {
  return run.document.findings.filter((finding) => rank(finding) === "broken");
}

function nameOf(finding: Finding): string {
  return `${keyOf(finding)} ${finding.subject}`;
}
