import { canonicalJson } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateEvidence } from "../evidence/evidence.ts";
import type { ComparedFinding } from "../evidence/findings.ts";
import { type Html, html } from "./html.ts";
import { subject } from "./wording.ts";

const longestQuestion = 240;

/** Who lost and won, a list per comparison; the losses of what did not pass are open. */
export function changeLists({ metrics }: GateEvidence, set: EvalSet | undefined): Html | null {
  const lists = metrics.flatMap((finding) => [
    changeList(finding, "lost", set),
    changeList(finding, "won", set),
  ]);
  const some = lists.filter((list) => list !== null);
  return some.length === 0 ? null : html`${some}`;
}

function changeList(finding: ComparedFinding, side: "won" | "lost", set: EvalSet | undefined): Html | null {
  const { count, cases } = finding[side];
  if (count === 0) return null;
  const open = { html: side === "lost" && finding.verdict !== "pass" ? " open" : "" };
  const items = cases.map((id) => html`<li><code>${id}</code> ${questionOf(id, set)}</li>\n`);
  const more = count > cases.length ? html`<li class="dim">and ${count - cases.length} more</li>` : null;
  return html`<details${open}><summary><code>${subject(finding)}</code> ${side} ${count}</summary><ul>${items}${more}</ul></details>\n`;
}

/** What was asked, where the report may say so. */
export function questionOf(id: string, set: EvalSet | undefined): Html | null {
  const input = set?.cases.find((one) => one.id === id)?.input;
  if (input === undefined) return null;
  const text = typeof input === "string" ? input : canonicalJson(input);
  return html`<span class="dim">${text.length > longestQuestion ? `${text.slice(0, longestQuestion)}…` : text}</span>`;
}
