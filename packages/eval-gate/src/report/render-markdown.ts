import type { GateEvidence } from "../evidence/evidence.ts";
import type { CaseList, ComparedFinding } from "../evidence/findings.ts";
import {
  intervalText,
  moment,
  noiseText,
  percent,
  points,
  probability,
  shown,
  subject,
  verdictWords,
} from "./wording.ts";

/** Cases named in a list; the evidence names up to a hundred. */
const namedCases = 10;

/**
 * The evidence as Markdown for a pull request or a terminal: verdict and bundles first, then what stands in the way, the
 * numbers, and who won and lost. Names from outside stand in code spans or are escaped: none can add a heading, a link,
 * a mention or a row.
 */
export function renderMarkdown(evidence: GateEvidence): string {
  const parts = [
    head(evidence),
    remarks("In the way", evidence.reasons),
    compared(evidence),
    rareEvents(evidence),
    mustPass(evidence),
    screen(evidence),
    coverage(evidence),
    changes(evidence),
    remarks("To know", evidence.notes),
    foot(evidence),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function head({
  verdict,
  summary,
  baseline,
  candidate,
  set,
  compared: { cases, repeats },
}: GateEvidence): string {
  const against = baseline === null ? "nothing (the first bundle)" : code(baseline.bundle.id);
  const often = repeats.least === repeats.most ? `${repeats.least}` : `${repeats.least} to ${repeats.most}`;
  return [
    `## ${verdictWords[verdict]}`,
    plain(summary),
    `${code(candidate.bundle.id)} against ${against}, on ${code(`${set.name}@${set.version}`)}: ${cases} cases, asked ${often === "1" ? "once" : `${often} times`}.`,
  ].join("\n\n");
}

function remarks(title: string, list: GateEvidence["reasons"] | GateEvidence["notes"]): string {
  if (list.length === 0) return "";
  return `### ${title}\n\n${list.map(({ code: name, text }) => `- ${code(name)} ${plain(text)}`).join("\n")}`;
}

function compared({ metrics }: GateEvidence): string {
  if (metrics.length === 0) return "";
  const rows = metrics.map((finding) => [
    code(subject(finding)),
    finding.verdict,
    finding.baseline === null ? "" : percent(finding.baseline),
    percent(finding.candidate),
    finding.difference === null ? "" : points(finding.difference, { sign: true }),
    intervalText(finding),
    `−${points(finding.margin)}`,
    String(finding.n),
    `${finding.won.count} / ${finding.lost.count}`,
    finding.noise === null ? "" : `±${points(finding.noise.expected)}`,
  ]);
  const heads = [
    "metric",
    "verdict",
    "baseline",
    "candidate",
    "change",
    "interval",
    "margin",
    "cases",
    "won / lost",
    "noise",
  ];
  const plans = metrics.flatMap((finding) =>
    finding.verdict === "pass" ? [] : [`- ${plain(finding.text)}`],
  );
  const noise = metrics.flatMap((finding) => {
    const text = noiseText(finding);
    return text === null ? [] : [`- ${code(subject(finding))} ${text}`];
  });
  const itself = noise.length === 0 ? "" : `The baseline against itself:\n\n${noise.join("\n")}`;
  const parts = [`### Compared\n\n${table(heads, rows)}`, plans.join("\n"), itself];
  return parts.filter(Boolean).join("\n\n");
}

function rareEvents({ rareEvents: list }: GateEvidence): string {
  if (list.length === 0) return "";
  const rows = list.map(({ metric, verdict, events, n, upper, ceiling, casesNeeded }) => [
    ...[code(metric), verdict, `${events} of ${n}`, percent(upper), percent(ceiling), String(casesNeeded)],
  ]);
  return `### Rare events\n\n${table(["metric", "verdict", "events", "at most", "ceiling", "cases needed"], rows)}`;
}

function mustPass({ mustPass: { checked, failed } }: GateEvidence): string {
  if (checked === 0) return "";
  const first = failed.slice(0, namedCases).map(({ case: id, metric }) => `- ${code(id)} (${code(metric)})`);
  const rest = failed.length > namedCases ? [`- and ${failed.length - namedCases} more`] : [];
  return [`### Must pass\n\n${checked - failed.length} of ${checked} did.`, [...first, ...rest].join("\n")]
    .filter(Boolean)
    .join("\n\n");
}

function screen({ slices }: GateEvidence): string {
  if (slices.length === 0) return "";
  const rows = slices.map(({ slice, metric, n, baseline, candidate, difference, adjustedP, worse }) => [
    ...[code(slice), code(metric), String(n), percent(baseline), percent(candidate)],
    ...[points(difference, { sign: true }), probability(adjustedP), worse ? "worse" : ""],
  ]);
  return `### Other slices\n\n${table(["slice", "metric", "cases", "baseline", "candidate", "change", "p (Holm)", "found"], rows)}`;
}

function coverage({ coverage: report }: GateEvidence): string {
  if (report === null) return "";
  const rows = report.slices.map(({ slice, productionShare, share, cases, add, state }) => [
    ...[
      code(slice),
      percent(productionShare),
      percent(share),
      String(cases),
      add === 0 ? "" : String(add),
      state,
    ],
  ]);
  const heads = ["slice", "production", "set", "cases", "to add", "state"];
  return `### Coverage of production: ${report.state}\n\n${plain(report.text)}\n\n${table(heads, rows)}`;
}

function changes({ metrics }: GateEvidence): string {
  const lists = metrics.flatMap((finding) => [...changed(finding, "lost"), ...changed(finding, "won")]);
  return lists.length === 0 ? "" : `### Who won and lost\n\n${lists.join("\n")}`;
}

function changed(finding: ComparedFinding, side: "won" | "lost"): readonly string[] {
  const { count, cases }: CaseList = finding[side];
  if (count === 0) return [];
  const named = cases.slice(0, namedCases).map(code).join(", ");
  const more = count > namedCases ? `, and ${count - namedCases} more` : "";
  return [`- ${code(subject(finding))} ${side} ${count}: ${named}${more}`];
}

function foot({ digest, policy, at, qualityAxis }: GateEvidence): string {
  return `Quality axis: ${qualityAxis}. One-sided α ${policy.alpha}. Policy ${code(policy.digest)}. Evidence ${code(digest)} of ${moment(at)}.`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text with no meaning of its own in Markdown or HTML. A zero-width space keeps `@name` from calling somebody. */
function plain(text: string): string {
  return shown(text)
    .replace(/[\\`*_{}[\]()#+!|~$]/g, (one) => `\\${one}`)
    .replace(/[<>&]/g, (one) => `&#${one.charCodeAt(0)};`)
    .replace(/@(?=\w)/g, "@\u200b")
    .replace(/:\/\//g, ":\u200b//");
}

/** A name as a code span. A bar is escaped, since it ends the cell of a table even there. */
function code(text: string): string {
  const inner = shown(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...inner.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(inner) || inner === "" ? " " : "";
  return `${fence}${pad}${inner}${pad}${fence}`;
}
