import type { ComparedFinding } from "../evidence/findings.ts";
import { type Html, html } from "./html.ts";
import { intervalText, points, subject } from "./wording.ts";

const size = { width: 860, row: 46, top: 34, bottom: 34, left: 250, right: 90 } as const;

/**
 * Intervals of the change, one row per metric and critical slice: the dot is the change, the bar its interval, the
 * dashed tick the margin. A row passes when its bar is right of its tick. Null where nothing was compared.
 */
export function intervalPlot(findings: readonly ComparedFinding[]): Html | null {
  const compared = findings.filter(({ interval, difference }) => interval !== null && difference !== null);
  if (compared.length === 0) return null;
  const scale = scaleOf(compared);
  const height = size.top + compared.length * size.row + size.bottom;
  const title = `Change from baseline to candidate in points, with intervals, for ${compared.length} comparisons`;
  return html`<svg class="plot" viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${title}">
${axis(scale, height)}
${compared.map((finding, row) => rowOf(finding, row, scale))}
</svg>`;
}

interface Scale {
  readonly at: (change: number) => number;
  readonly ticks: readonly number[];
}

/** Ends in round numbers of points, zero always in sight. */
function scaleOf(findings: readonly ComparedFinding[]): Scale {
  const values = findings.flatMap(({ interval, margin, difference }) => [
    ...[interval?.lower ?? 0, interval?.upper ?? 0, difference ?? 0, -margin, 0],
  ]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = stepFor(high - low);
  const [first, last] = [Math.floor(low / step) - 0.5, Math.ceil(high / step) + 0.5];
  const wide = size.width - size.left - size.right;
  const at = (change: number): number => round(size.left + ((change / step - first) / (last - first)) * wide);
  const ticks: number[] = [];
  for (let tick = Math.ceil(first); tick <= last; tick += 1) ticks.push(tick * step);
  return { at, ticks };
}

function stepFor(span: number): number {
  const wanted = Math.max(span, 0.01) / 6;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10);
}

function axis({ at, ticks }: Scale, height: number): Html {
  const bottom = height - size.bottom;
  const lines = ticks.map((tick) => {
    const zero = Math.abs(tick) < 1e-12;
    return html`<line class="${zero ? "zero" : "grid"}" x1="${at(tick)}" x2="${at(tick)}" y1="${size.top - 8}" y2="${bottom}"/>
<text class="tick" x="${at(tick)}" y="${bottom + 18}" text-anchor="middle">${zero ? "0" : points(tick, { sign: true })}</text>`;
  });
  return html`${lines}<text class="tick" x="${size.left}" y="14">worse</text><text class="tick" x="${size.width - size.right}" y="14" text-anchor="end">better, points</text>`;
}

function rowOf(finding: ComparedFinding, row: number, { at }: Scale): Html {
  const { interval, difference, margin, verdict, n } = finding;
  const y = size.top + row * size.row + size.row / 2;
  const name = subject(finding);
  const label = name.length > 32 ? `${name.slice(0, 31)}…` : name;
  const [low, high] = [at(interval?.lower ?? 0), at(interval?.upper ?? 0)];
  return html`<g class="${verdict}"><title>${name}: ${points(difference ?? 0, { sign: true })} points, ${intervalText(finding)}, margin −${points(margin)}: ${verdict}</title>
<text class="label" x="0" y="${y}">${label}</text><text class="sub" x="0" y="${y + 16}">${n} cases, ${verdict}</text>
<line class="margin" x1="${at(-margin)}" x2="${at(-margin)}" y1="${y - 16}" y2="${y + 16}"/>
<line class="bar" x1="${low}" x2="${high}" y1="${y}" y2="${y}"/><line class="cap" x1="${low}" x2="${low}" y1="${y - 6}" y2="${y + 6}"/><line class="cap" x1="${high}" x2="${high}" y1="${y - 6}" y2="${y + 6}"/>
<circle class="dot" cx="${at(difference ?? 0)}" cy="${y}" r="6"/>
<text class="value" x="${size.width}" y="${y + 5}" text-anchor="end">${points(difference ?? 0, { sign: true })}</text></g>
`;
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}
