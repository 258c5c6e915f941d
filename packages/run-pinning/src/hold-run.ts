import type { RunScope } from "@verdigris/contracts";
import type { RunHost } from "./host.ts";
import type { PinState } from "./pin-state.ts";
import type { Lease } from "./pipelines.ts";
import { LocalRun } from "./run.ts";

/** Makes a run known in this process. */
export function hold<P>(
  host: RunHost<P>,
  scope: RunScope,
  lease: Lease<P>,
  pin: PinState | null,
): LocalRun<P> {
  const run = new LocalRun<P>({ host, scope, lease, pin, owner: true });
  host.held
    .get(run.id)
    ?.stop({ code: "run-superseded", message: `${run.id} was taken up again in this process` });
  host.held.get(run.id)?.leave();
  host.held.set(run.id, run);
  run.schedule();
  return run;
}
