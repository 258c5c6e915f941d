import type { RoutingDecision, RunScope } from "@verdigris/contracts";
import type { RunHost } from "./host.ts";
import type { PinState } from "./pin-state.ts";
import type { Lease } from "./pipelines.ts";
import { applyRollbackPolicy } from "./rollback-policy.ts";
import { LocalRun } from "./run.ts";

/** Tells listeners that a run begins in this process, and why on its bundle. */
export function announce<P>(run: LocalRun<P>, routing: RoutingDecision): void {
  const { events } = run.host;
  if (events.has("run-started"))
    events.emit("run-started", { scope: run.scope, deadline: run.deadline, routing });
}

/** Tells listeners that a run begun earlier goes on in this process. */
export function announceResumed<P>(run: LocalRun<P>): void {
  run.host.events.emit("run-resumed", { scope: run.scope, deadline: run.deadline ?? 0 });
}

/** Makes a run known in this process, under the rules its route has by now. */
export function hold<P>(
  host: RunHost<P>,
  scope: RunScope,
  lease: Lease<P>,
  pin: PinState | null,
): LocalRun<P> {
  const run = new LocalRun<P>({ host, scope, lease, pin, owner: true });
  host.held.get(run.id)?.stop({
    code: "run-superseded",
    message: `${run.id} was taken up again in this process: use the run that gave`,
  });
  host.held.get(run.id)?.leave();
  host.held.set(run.id, run);
  if (host.closing.aborted) {
    run.letGo();
    return run;
  }
  run.schedule();
  const route = host.pinned?.router.snapshot()?.route;
  if (route !== undefined) applyRollbackPolicy(run, route);
  return run;
}
