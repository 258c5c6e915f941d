import type { GateEvidence } from "@verdigris/eval-gate";
import type { Question } from "../agent/questions.ts";
import type { View } from "../progress.ts";

/** Shows what the eval gate found, one line for all questions and one for each slice. */
export function showVerdict(
  { metrics, verdict }: GateEvidence,
  questions: readonly Question[],
  { line, paint }: View,
): void {
  for (const metric of metrics) {
    const { slice, n, won, lost } = metric;
    const [was, is] = [metric.baseline ?? 0, metric.candidate].map(
      (share) => `${(100 * share).toFixed(1)} %`,
    );
    const change = `${signed(metric.difference ?? 0)} points${rangeOf(metric)}`;
    const name = (slice ?? "all").padEnd(8);
    const games = `won ${won.count}, lost ${lost.count}`;
    line(`   ${name} ${n} questions: ${was} → ${is}, ${change}, ${games}: ${metric.verdict}`);
  }
  if (verdict === "pass") return;
  const lost = metrics.find((metric) => metric.slice !== null && metric.verdict !== "pass")?.lost.cases ?? [];
  const first = questions.find(({ id }) => id === lost[0]);
  if (first !== undefined) line(paint("dim", `   one it lost: ${first.text.slice(0, 100)}`));
}

function rangeOf({ interval, margin }: GateEvidence["metrics"][number]): string {
  if (interval === null) return "";
  return ` (${signed(interval.lower)} to ${signed(interval.upper)}, margin ${signed(-margin)})`;
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
}
