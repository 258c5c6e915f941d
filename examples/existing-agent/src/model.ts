import { setTimeout as pause } from "node:timers/promises";
import type { ToolName } from "./tools.ts";

export interface Message {
  readonly role: "user" | "tool";
  readonly text: string;
}

/** A tool the model wants called, or its answer. */
export type Reply =
  | { readonly tool: ToolName; readonly order: string }
  | { readonly tool?: undefined; readonly text: string };

const latencyMs = Number(process.env.MODEL_MS ?? 10);

function firstNumber(pattern: RegExp, text: string): string {
  return pattern.exec(text)?.[1] ?? "0";
}

/** Stands in for a model: it reads the days of grace out of the prompt, so another prompt is another behaviour. */
export async function complete(system: string, messages: readonly Message[]): Promise<Reply> {
  await pause(latencyMs);
  const last = messages.at(-1)?.text ?? "";
  const order = firstNumber(/order (\d+)/, last);
  if (messages.length === 1) return { tool: "findOrder", order };
  if (last.includes("refunded")) return { text: `Done: ${last}.` };
  const grace = firstNumber(/within (\d+) days/, system);
  if (Number(firstNumber(/delivered (\d+) days/, last)) <= Number(grace))
    return { tool: "refundOrder", order };
  return { text: `Sorry: we refund within ${grace} days, and ${last}.` };
}
