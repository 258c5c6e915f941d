import type { Divergence } from "./divergence.ts";
import type { Fidelity, ToolAnswers } from "./shadow-job.ts";

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(1)} %`;
}

function sideText(side: string, { ran, recorded, refused }: ToolAnswers): string {
  const calls = ran + recorded + refused;
  if (calls === 0) return `${side} called no tool`;
  const shares = [
    [ran, "ran"],
    [recorded, "were answered from the recording"],
    [refused, "were refused"],
  ] as const;
  const seen = shares.filter(([count]) => count > 0).map(([count, how]) => `${percent(count, calls)} ${how}`);
  return `of ${calls} tool calls of ${side} ${seen.join(", ")}`;
}

/** How true a comparison is, in words: green's calls, and those of blue run again. */
export function fidelityText({ fidelity }: { readonly fidelity: Fidelity } | Divergence): string {
  const { blue, green } = fidelity;
  const none = [blue, green].every(({ ran, recorded, refused }) => ran + recorded + refused === 0);
  return none ? "no tool was called" : `${sideText("green", green)}; ${sideText("blue run again", blue)}`;
}
