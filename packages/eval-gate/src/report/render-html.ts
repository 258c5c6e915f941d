import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateEvidence } from "../evidence/evidence.ts";
import { type Html, html } from "./html.ts";
import { changeLists } from "./html-changes.ts";
import { reportStyle } from "./html-style.ts";
import { comparedTable, coverageTable, mustPassList, rareEventTable, sliceTable } from "./html-tables.ts";
import { intervalPlot } from "./interval-plot.ts";
import { moment, verdictWords } from "./wording.ts";

/** What {@link renderHtml} is told. */
export interface HtmlOptions {
  /** Shows the question beside the id of a case. Questions then travel with the report. @default ids alone */
  readonly set?: EvalSet;
}

/**
 * The evidence as one HTML page that needs nothing else: no script, no font, no address, and a content policy that
 * forbids them. Everything from outside is escaped. Light and dark follow the reader's system.
 */
export function renderHtml(evidence: GateEvidence, { set }: HtmlOptions = {}): string {
  const { verdict, candidate, baseline } = evidence;
  const title = `${verdict}: ${candidate.bundle.id}${baseline === null ? "" : ` against ${baseline.bundle.id}`}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${{ html: reportStyle }}</style>
</head>
<body>
${top(evidence)}
${remarks("In the way", evidence.reasons)}
${plot(evidence)}
${section("Compared", comparedTable(evidence))}
${section("Rare events", rareEventTable(evidence))}
${section("Must pass", mustPassList(evidence, set))}
${section("Other slices", sliceTable(evidence))}
${section("Coverage of production", coverageTable(evidence))}
${section("Who won and lost", changeLists(evidence, set))}
${remarks("To know", evidence.notes)}
${section("What this stands on", provenance(evidence))}
</body>
</html>
`;
  return page.html;
}

function top({ verdict, summary, baseline, candidate, set, compared, at }: GateEvidence): Html {
  const { cases, clusters, repeats } = compared;
  const often = repeats.least === repeats.most ? `${repeats.least}` : `${repeats.least} to ${repeats.most}`;
  const against =
    baseline === null ? html`nothing: it is the first bundle` : html`<code>${baseline.bundle.id}</code>`;
  const groups = clusters === cases ? "" : ` in ${clusters} clusters`;
  return html`<header class="${verdict}">
<h1>${verdictWords[verdict]}</h1>
<p>${summary}</p>
<p class="dim"><code>${candidate.bundle.id}</code> against ${against}, on <code>${set.name}@${set.version}</code>: ${cases} cases${groups}, asked ${often === "1" ? "once" : `${often} times`}, <time>${moment(at)}</time></p>
</header>`;
}

function remarks(title: string, list: GateEvidence["reasons"] | GateEvidence["notes"]): Html | null {
  if (list.length === 0) return null;
  const items = list.map(({ code, text }) => html`<li><code>${code}</code> ${text}</li>\n`);
  return html`<h2>${title}</h2>\n<ul>${items}</ul>`;
}

function plot({ metrics, policy }: GateEvidence): Html | null {
  const drawn = intervalPlot(metrics);
  if (drawn === null) return null;
  const level = Math.round(1000 * (1 - 2 * (policy.alpha / policy.looks))) / 10;
  return html`<h2>Change from baseline to candidate</h2>
<figure><div class="wide" tabindex="0">${drawn}</div><figcaption>Dot: the change. Bar: its ${level} % interval. Dashed: the margin agreed on before. A row passes when its whole bar is right of its dashed tick and its floor, if any, is reached.</figcaption></figure>`;
}

function section(title: string, body: Html | null): Html | null {
  return body === null ? null : html`<h2>${title}</h2>\n${body}`;
}

function provenance({
  digest,
  policy,
  baseline,
  candidate,
  set,
  scorers,
  qualityAxis,
  looks,
}: GateEvidence): Html {
  const rows: readonly (readonly [string, string])[] = [
    ["evidence", digest],
    ["policy", policy.digest],
    ["eval set", set.digest],
    ...(baseline === null
      ? []
      : ([["baseline", `${baseline.bundle.digest}, results ${baseline.results}`]] as const)),
    ["candidate", `${candidate.bundle.digest}, results ${candidate.results}`],
    ["quality axis", qualityAxis],
    ["looks", looks.map((look) => `${look.look} at ${moment(look.at)}: ${look.verdict}`).join("; ")],
  ];
  const body = rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>\n`,
  );
  return html`<div class="wide" tabindex="0"><table>${body}</table></div>
<details><summary>Policy, as it was digested</summary><pre>${{ html: block(policy) }}</pre></details>
<details><summary>Scorers</summary><pre>${{ html: block(scorers) }}</pre></details>`;
}

/** JSON over several lines, each of them escaped: `html` itself keeps text on one line. */
function block(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split("\n")
    .map((line) => html`${line}`.html)
    .join("\n");
}
