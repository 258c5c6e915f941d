import type { Route } from "@verdigris/contracts";
import type { LocalRun } from "./run.ts";

/** Does to a run on a rolled-back bundle what the route's policy says; nothing to any other run. */
export function applyRollbackPolicy<P>(run: LocalRun<P>, route: Route): void {
  const off = route.retiring.find((item) => item.bundle === run.scope.bundle);
  run.moveTo = null;
  if (off === undefined || !off.rolledBack || !run.owner || run.stopped !== null) return;
  switch (route.policy.onRollback) {
    case "finish":
      return;
    case "migrate":
      run.moveTo = route.stable;
      return;
    case "cancel":
      run.stop({
        code: "run-cancelled",
        message: `${run.id} was cancelled: ${run.scope.bundle} was rolled back`,
      });
      run.host.events.emit("run-cancelled", {
        scope: run.scope,
        reason: `${run.scope.bundle} was rolled back`,
      });
  }
}
