import type { BundleId, NodeView, ReleaseRecord } from "@verdigris/contracts";

/**
 * How well the bundle of a rollback stands: `ok` where a living process says so; `failed` where they say otherwise, or the
 * last smoke of it did; `stale` where only processes that are gone ever said; `unknown` where nobody keeps records.
 */
export interface TargetHealth {
  readonly bundle: BundleId;
  readonly health: "ok" | "failed" | "stale" | "unknown";
  /** Milliseconds since the check it is judged by; null where there is none. */
  readonly ageMs: number | null;
  readonly text: string;
}

interface Said {
  readonly ok: boolean;
  readonly at: number;
  readonly living: boolean;
}

function latest(said: readonly Said[]): Said | undefined {
  return said.reduce<Said | undefined>(
    (best, one) => (best === undefined || one.at > best.at ? one : best),
    undefined,
  );
}

/** Judges a rollback's target by the last checks on record, at a store time. Pure. */
export function judgeTarget(
  bundle: BundleId,
  nodes: readonly NodeView[],
  recheck: ReleaseRecord["wayBack"],
  at: number,
): TargetHealth {
  const said = nodes.flatMap((node): Said[] => {
    const check = node.readable ? node.warm[bundle] : undefined;
    return check === undefined ? [] : [{ ...check, living: !node.expired }];
  });
  const living = said.filter((one) => one.living);
  const warm = latest(living.filter((one) => one.ok));
  const cold = latest(living);
  const judged = (
    health: TargetHealth["health"],
    check: { readonly at: number } | undefined,
    text: string,
  ): TargetHealth => {
    const ageMs = check === undefined ? null : Math.max(0, at - check.at);
    return { bundle, health, ageMs, text: `${bundle} ${text}` };
  };
  if (recheck?.ok === false && recheck.at >= (warm?.at ?? 0))
    return judged("failed", recheck, `failed its last smoke: ${recheck.summary}`);
  if (warm !== undefined)
    return judged(
      "ok",
      warm,
      `stands in ${living.filter((one) => one.ok).length} of ${living.length} processes`,
    );
  if (cold !== undefined)
    return judged("failed", cold, "stands nowhere: every process that tried to load it failed");
  const gone = latest(said.filter((one) => one.ok));
  if (gone !== undefined) return judged("stale", gone, "stood only in processes that are gone");
  if (recheck?.ok === true) return judged("ok", recheck, `passed its last smoke: ${recheck.summary}`);
  return judged("unknown", undefined, "was checked by nobody: no process says what it has loaded");
}
