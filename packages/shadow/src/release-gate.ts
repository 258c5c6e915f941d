import type { Clock, GateAnswer, JsonValue, ReleaseGate, Verdict } from "@verdigris/contracts";
import type { ShadowEvidence } from "./shadow.ts";

/** What the gate of a release looks at. */
export interface GateParts {
  readonly clock: Clock;
  verdict(): { readonly verdict: Verdict };
  gate(): GateAnswer;
  evidence(): ShadowEvidence;
  /** True when nothing more will be compared: the mirror is closed, or its budget is spent and nothing runs. */
  isOver(): boolean;
}

/** How often it looks. */
const lookMs = 1_000;

/** Waits a moment, or until `signal` is aborted. */
async function wait(clock: Clock, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.setTimer(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, lookMs);
    function stop(): void {
      cancel();
      resolve();
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Makes the gate: it answers when the verdict can be told, when it never will be, or when nobody waits for it any more. */
export function createReleaseGate({ clock, verdict, gate, evidence, isOver }: GateParts): ReleaseGate {
  return async ({ signal, keep }) => {
    while (verdict().verdict === "inconclusive" && !signal.aborted && !isOver()) await wait(clock, signal);
    // Of one moment: more may be compared while the evidence is being kept.
    const [answer, found] = [gate(), evidence()];
    return { ...answer, evidence: await keep(JSON.parse(JSON.stringify(found)) as JsonValue) };
  };
}
