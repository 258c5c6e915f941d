import type { BundleId, OnRollback, ReleaseRecord } from "@verdigris/contracts";
import type { ReleasePorts, TouchedRun } from "../drive/ports.ts";
import type { World } from "../records/world.ts";

/** Who a bad bundle has touched. */
export interface Impact {
  readonly bundle: BundleId;
  /** Unfinished runs on it, soonest deadline first, up to 1,000; `more` when there are others. */
  readonly left: readonly { readonly run: string; readonly key: string; readonly deadline: number }[];
  readonly more: boolean;
  /** What becomes of them. */
  readonly policy: OnRollback;
  /** Store time by which the last is gone whatever happens; null while the bundle is on the route. */
  readonly goneBy: number | null;
  /** Finished runs, where the host knows them; null where it cannot say. */
  readonly touched: readonly TouchedRun[] | null;
  /** Tools with effects that ran, of the finished runs, each once. */
  readonly tools: readonly string[];
}

/** Lists what a bundle has touched: unfinished runs from the store, finished ones and their tools from the host. */
export async function impactOf(
  world: World,
  ports: Pick<ReleasePorts, "touched">,
  bundle: BundleId,
  release: ReleaseRecord | null,
): Promise<Impact> {
  const { runs, next } = await world.pinning.inFlight({ bundle, limit: 1_000 });
  const { drainedBy } = await world.pinning.drainReport(bundle);
  const since = release?.bundle.id === bundle ? release.startedAt : 0;
  const touched = ports.touched === undefined ? null : await ports.touched(bundle, since).catch(() => null);
  return {
    bundle,
    left: runs.map(({ run, key, deadline }) => ({ run, key, deadline })),
    more: next !== null,
    policy: world.router.snapshot()?.route.policy.onRollback ?? "finish",
    goneBy: drainedBy,
    touched,
    tools: [...new Set((touched ?? []).flatMap(({ tools }) => tools))].sort(),
  };
}
