import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateEvidence } from "../evidence/evidence.ts";
import type { ComparedFinding } from "../evidence/findings.ts";
import { type Html, html } from "./html.ts";
import { questionOf } from "./html-changes.ts";
import { intervalText, noiseText, percent, points, probability, subject } from "./wording.ts";

/** Names of columns; those that begin with `#` hold numbers. */
function table(heads: readonly string[], rows: readonly Html[]): Html {
  const head = heads.map((name) =>
    name.startsWith("#")
      ? html`<th scope="col" class="number">${name.slice(1)}</th>`
      : html`<th scope="col">${name}</th>`,
  );
  return html`<div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>\n${rows}</tbody></table></div>`;
}

const number = (text: string | number): Html => html`<td class="number">${text}</td>`;

export function comparedTable({ metrics }: GateEvidence): Html | null {
  if (metrics.length === 0) return null;
  const floors = metrics.some(({ floor }) => floor !== null);
  const heads = [
    ...[
      "metric",
      "verdict",
      "#baseline",
      "#candidate",
      "#change",
      "#interval",
      "#margin",
      "#noise",
      "#cases",
    ],
    ...["#won / lost", ...(floors ? ["#floor"] : [])],
  ];
  const rows = metrics.map((finding) => comparedRow(finding, floors));
  return html`${table(heads, rows)}${texts(metrics)}${noise(metrics)}`;
}

function comparedRow(finding: ComparedFinding, floors: boolean): Html {
  const { verdict, baseline, candidate, difference, margin, agreedMargin, n, won, lost, floor } = finding;
  const judged = margin === agreedMargin ? "" : ` (of ${points(agreedMargin)})`;
  const reached = floor === null ? "" : `${percent(floor.floor)} ${floor.reached ? "held" : "missed"}`;
  return html`<tr><td><code>${subject(finding)}</code></td><td class="${verdict}">${verdict}</td>${[
    ...[number(baseline === null ? "" : percent(baseline)), number(percent(candidate))],
    number(difference === null ? "" : points(difference, { sign: true })),
    ...[number(intervalText(finding)), number(`−${points(margin)}${judged}`)],
    number(finding.noise === null ? "" : `±${points(finding.noise.expected)}`),
    ...[number(n), number(`${won.count} / ${lost.count}`)],
    ...(floors ? [number(reached)] : []),
  ]}</tr>\n`;
}

/** What the numbers say, for everything that did not pass; with the price of what would settle it. */
function texts(metrics: readonly ComparedFinding[]): Html | null {
  const open = metrics.filter(({ verdict }) => verdict !== "pass");
  if (open.length === 0) return null;
  return html`<ul>${open.map(({ text }) => html`<li>${text}</li>\n`)}</ul>`;
}

/** The live bundle against itself, beside the verdict. */
function noise(metrics: readonly ComparedFinding[]): Html | null {
  const items = metrics.flatMap((finding) => {
    const text = noiseText(finding);
    return text === null ? [] : [html`<li><code>${subject(finding)}</code> ${text}</li>\n`];
  });
  return items.length === 0 ? null : html`<h3>The baseline against itself</h3>\n<ul>${items}</ul>`;
}

export function rareEventTable({ rareEvents }: GateEvidence): Html | null {
  if (rareEvents.length === 0) return null;
  const rows = rareEvents.map(
    ({ metric, verdict, events, n, upper, ceiling, casesNeeded }) =>
      html`<tr><td><code>${metric}</code></td><td class="${verdict}">${verdict}</td>${[
        ...[
          number(`${events} of ${n}`),
          number(percent(upper)),
          number(percent(ceiling)),
          number(casesNeeded),
        ],
      ]}</tr>\n`,
  );
  return table(["metric", "verdict", "#events", "#at most", "#ceiling", "#cases needed"], rows);
}

export function mustPassList(
  { mustPass: { checked, failed } }: GateEvidence,
  set: EvalSet | undefined,
): Html | null {
  if (checked === 0) return null;
  const items = failed.map(
    ({ case: id, metric, worst }) =>
      html`<li><code>${id}</code> ${metric} ${worst} ${questionOf(id, set)}</li>\n`,
  );
  return html`<p>${checked - failed.length} of ${checked} cases passed every time.</p>${items.length === 0 ? null : html`<ul>${items}</ul>`}`;
}

export function sliceTable({ slices }: GateEvidence): Html | null {
  if (slices.length === 0) return null;
  const rows = slices.map(
    ({ slice, metric, n, baseline, candidate, difference, shrunk, adjustedP, worse }) =>
      html`<tr><td><code>${slice}</code></td><td><code>${metric}</code></td>${[
        ...[number(n), number(percent(baseline)), number(percent(candidate))],
        ...[
          number(points(difference, { sign: true })),
          number(points(shrunk, { sign: true })),
          number(probability(adjustedP)),
        ],
      ]}<td class="${worse ? "worse" : ""}">${worse ? "worse" : ""}</td></tr>\n`,
  );
  return table(
    ["slice", "metric", "#cases", "#baseline", "#candidate", "#change", "#shrunk", "#p (Holm)", "found"],
    rows,
  );
}

export function coverageTable({ coverage }: GateEvidence): Html | null {
  if (coverage === null) return null;
  const widest = Math.max(
    ...coverage.slices.map(({ productionShare, share }) => Math.max(productionShare, share)),
    0.01,
  );
  const bar = (share: number): Html =>
    html`<td><span class="share" style="width:${Math.round((60 * share) / widest) / 10}em"></span> ${percent(share)}</td>`;
  const rows = coverage.slices.map(
    ({ slice, productionShare, share, cases, add, state, isNew }) =>
      html`<tr><td><code>${slice}</code>${isNew ? " (new)" : ""}</td>${bar(productionShare)}${bar(share)}${number(cases)}${number(add === 0 ? "" : add)}<td class="${state}">${state}</td></tr>\n`,
  );
  return html`<p>${coverage.text}</p>${table(["slice", "production", "set", "#cases", "#to add", "state"], rows)}`;
}
