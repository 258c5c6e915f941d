import type { JsonValue } from "@verdigris/contracts";
import { fidelityText } from "./fidelity-text.ts";
import { reportStyle } from "./report-style.ts";
import type { Shadow, ShadowEvidence } from "./shadow.ts";
import type { ExampleSide } from "./shadow-job.ts";
import type { ViewVerdict } from "./shadow-verdict.ts";
import type { DivergenceExample } from "./worst-examples.ts";

function percent(value: number | null): string {
  return value === null ? "—" : `${(value * 100).toFixed(1)} %`;
}

function costText({ divergence: { cost, tokens, durationMs, compared } }: ShadowEvidence): string {
  const mean = (sum: number) => (compared === 0 ? 0 : Math.round(sum / compared));
  const took = `${mean(durationMs.blue)} and ${mean(durationMs.green)} ms on average`;
  const words = [took, `tokens ${tokens.blue} and ${tokens.green}`];
  if (cost.blue + cost.green > 0)
    words.push(
      `cost ${cost.blue.toFixed(4)} and ${cost.green.toFixed(4)} on the ${cost.n} of ${compared} with a price`,
    );
  return `blue and green: ${words.join(", ")}`;
}

function viewLine({ view, judged, verdict, between, noise, excess, pairs, needed }: ViewVerdict): string {
  const more = needed === null ? "" : `, about ${needed} pairs more`;
  const name = judged ? view : `(${view})`;
  return `  ${name.padEnd(14)} ${verdict.padEnd(12)} ${percent(between).padStart(8)} ${percent(noise).padStart(8)} ${percent(excess).padStart(8)}  ${pairs} pairs${more}`;
}

/** The evidence for a terminal or a log: one line per view, noise beside divergence. No content of inputs or answers. */
export function renderShadowText(evidence: ShadowEvidence): string {
  const { blue, green, verdict, divergence, status } = evidence;
  const dropped = Object.entries(status.dropped).map(([why, count]) => `${count} ${why}`);
  return [
    `shadow ${verdict.verdict}: ${green} against ${blue}, ${divergence.compared} inputs`,
    `  ${verdict.reason}`,
    "",
    `  ${"view".padEnd(14)} ${"verdict".padEnd(12)} ${"apart".padStart(8)} ${"noise".padStart(8)} ${"excess".padStart(8)}`,
    ...verdict.views.map(viewLine),
    "",
    `  ${fidelityText(divergence)}`,
    `  parted at the first tool call ${divergence.parted.first}, later ${divergence.parted.later}, never ${divergence.parted.never}`,
    `  ${costText(evidence)}`,
    ...(dropped.length === 0 ? [] : [`  not compared: ${dropped.join(", ")}`]),
  ].join("\n");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function shown(value: JsonValue): string {
  return escapeHtml(typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

/** Bar of the noise and the excess on one scale, so that what is blue's own can be told from what is green's. */
function bar({ noise, excess }: ViewVerdict): string {
  const own = Math.max(0, Math.min(1, noise ?? 0)) * 100;
  const more = Math.max(0, Math.min(1 - own / 100, excess ?? 0)) * 100;
  return `<span class="bar" role="img" aria-label="noise ${percent(noise)}, excess ${percent(excess)}"><i style="width:${own.toFixed(1)}%"></i><b style="width:${more.toFixed(1)}%"></b></span>`;
}

function viewRow(view: ViewVerdict): string {
  const { interval } = view;
  const range =
    interval === null ? "" : `<small>${percent(interval.low)} to ${percent(interval.high)}</small>`;
  const name = view.judged
    ? escapeHtml(view.view)
    : `<span class="dim">${escapeHtml(view.view)}, not judged</span>`;
  return `<tr class="${view.verdict}"><th scope="row">${name}</th><td>${view.verdict}</td><td>${bar(view)}</td><td>${percent(view.between)}</td><td>${percent(view.noise)}</td><td>${percent(view.excess)} ${range}</td><td>${view.pairs} of ${view.n}</td><td>${escapeHtml(view.reason)}</td></tr>`;
}

function side(label: string, { answer, failure, calls, durationMs, tokens, cost }: ExampleSide): string {
  const called =
    calls.length === 0
      ? "no tool"
      : calls.map(({ tool, answered }) => `${escapeHtml(tool)} (${answered})`).join(", ");
  const price = cost === null ? "no price" : cost.toFixed(4);
  const body =
    failure === null ? `<pre>${shown(answer)}</pre>` : `<p class="failed">${escapeHtml(failure)}</p>`;
  return `<div><h4>${label}</h4>${body}<p class="dim">${called} · ${Math.round(durationMs)} ms · ${tokens} tokens · ${price}</p></div>`;
}

function exampleCard({ distance, slice, divergedAt, fidelity, example }: DivergenceExample): string {
  const where = divergedAt === null ? "same tool calls" : `parted at tool call ${divergedAt + 1}`;
  const of = slice === null ? "" : ` · ${escapeHtml(slice)}`;
  return `<article><p class="dim">${percent(distance)} apart · ${where}${of} · ${fidelityText({ fidelity })}</p><pre class="input">${shown(example.input)}</pre><div class="sides">${side("blue", example.blue)}${side("green", example.green)}</div></article>`;
}

function exampleSections(examples: readonly DivergenceExample[]): string {
  const views = [...new Set(examples.map(({ view }) => view))];
  return views
    .map(
      (view) =>
        `<section><h3>${escapeHtml(view)}</h3>${examples
          .filter((one) => one.view === view)
          .map(exampleCard)
          .join("")}</section>`,
    )
    .join("");
}

/**
 * The evidence as one HTML page that needs nothing else, with the worst divergences side by side where they were kept. No
 * script, no address; everything from outside is escaped. Light and dark follow the reader's system.
 */
export function renderShadowHtml(
  evidence: ShadowEvidence,
  examples: ReturnType<Shadow<never, never>["examples"]> = [],
): string {
  const { blue, green, verdict, divergence, status, digest, at } = evidence;
  const dropped = Object.entries(status.dropped).map(([why, count]) => `${count} ${escapeHtml(why)}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>shadow ${verdict.verdict}: ${escapeHtml(green)} against ${escapeHtml(blue)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header class="${verdict.verdict}">
<h1>${verdict.verdict}</h1>
<p><code>${escapeHtml(green)}</code> in the shadow of <code>${escapeHtml(blue)}</code>, ${divergence.compared} inputs. ${escapeHtml(verdict.reason)}</p>
</header>
<h2>How far apart</h2>
<table><thead><tr><th>view</th><th>verdict</th><th>noise and excess</th><th>apart</th><th>noise</th><th>excess</th><th>noise pairs</th><th></th></tr></thead>
<tbody>${verdict.views.map(viewRow).join("\n")}</tbody></table>
<h2>How true</h2>
<p>${escapeHtml(fidelityText(divergence))}. Runs parted at the first tool call ${divergence.parted.first} times, later ${divergence.parted.later} times, never ${divergence.parted.never} times.</p>
<p>${escapeHtml(costText(evidence))}.${dropped.length === 0 ? "" : ` Not compared: ${dropped.join(", ")}.`}</p>
${examples.length === 0 ? "" : `<h2>Farthest apart</h2>${exampleSections(examples)}`}
<footer class="dim"><code>${digest}</code> · ${new Date(at).toISOString()}</footer>
</body>
</html>
`;
}
