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
    events.emit("run-started", {
      scope: run.scope,
      deadline: run.deadline,
      acceptedAt: run.pin?.record.accepted ?? null,
      routing,
    });
}

/** Tells listeners that a run begun earlier goes on in this process. */
export function announceResumed<P>(run: LocalRun<P>): void {
  run.host.events.emit("run-resumed", {
    scope: run.scope,
    deadline: run.deadline ?? 0,
    acceptedAt: run.pin?.record.accepted ?? 0,
  });
}

/** Makes a run known in this process, under the rules its route has by now. */
export function hold<P>(host: RunHost<P>, of: PinState | RunScope, lease: Lease<P>): LocalRun<P> {
  const run = new LocalRun<P>({ host, lease, of, owner: true });
  const before = host.held.get(run.id);
  if (before !== undefined) {
    const message = `${run.id} was taken up again in this process: use the run that gave`;
    before.stop({ code: "run-superseded", message });
    before.leave();
  }
  host.held.add(run);
  if (host.closing.aborted) {
    run.letGo();
    return run;
  }
  run.schedule();
  const route = host.pinned?.router.snapshot()?.route;
  if (route !== undefined) applyRollbackPolicy(run, route);
  return run;
}
