import { type Actor, type BundleId, type MoveResult, type Route, requireId } from "@verdigris/contracts";
import { drainedBy } from "@verdigris/router";
import { proofOf } from "./drain.ts";
import type { PinnedHost } from "./host.ts";
import { firstInFlight } from "./in-flight.ts";

/** One reason why a bundle may not be recycled yet. */
export type RecycleBlocker =
  | { readonly code: "on-route"; readonly role: "live" | "stable" | "candidate" }
  | { readonly code: "not-retiring" }
  | { readonly code: "held"; readonly by: Actor; readonly why: string }
  | {
      readonly code: "runs-in-flight";
      readonly run: string;
      readonly deadline: number;
      readonly drainedBy: number;
    }
  | { readonly code: "route-moved" }
  | { readonly code: "unknown"; readonly error: unknown };

/** Whether a bundle may be recycled, and everything that stands in the way. */
export interface RecycleCheck {
  readonly ok: boolean;
  readonly blockers: readonly RecycleBlocker[];
}

/** What became of an attempt to recycle. */
export type RecycleResult =
  | { readonly recycled: true; readonly generation: number }
  | { readonly recycled: false; readonly blockers: readonly RecycleBlocker[] };

const attempts = 4;

async function blockersOf(
  host: PinnedHost,
  route: Route | null,
  bundle: BundleId,
): Promise<RecycleBlocker[]> {
  const blockers: RecycleBlocker[] = [];
  if (route === null) return [{ code: "not-retiring" }];
  for (const role of ["live", "stable", "candidate"] as const) {
    if (route[role] === bundle) blockers.push({ code: "on-route", role });
  }
  const item = route.retiring.find((retiring) => retiring.bundle === bundle);
  if (item === undefined && blockers.length === 0) blockers.push({ code: "not-retiring" });
  if (route.held !== null) blockers.push({ code: "held", ...route.held });
  if (item === undefined) return blockers;
  if ((await proofOf(host, route, bundle)) !== null) return blockers;
  const first = await firstInFlight(host, bundle);
  if (first !== null)
    blockers.push({
      code: "runs-in-flight",
      run: first.run,
      deadline: first.deadline,
      drainedBy: drainedBy(route, item),
    });
  return blockers;
}

/** Names everything that stands in the way of recycling; a store that cannot be asked is a blocker, not a yes. */
export async function canRecycle(host: PinnedHost, bundle: BundleId): Promise<RecycleCheck> {
  requireId("bundle", bundle);
  try {
    const blockers = await blockersOf(host, (await host.router.refresh())?.route ?? null, bundle);
    return { ok: blockers.length === 0, blockers };
  } catch (error) {
    return { ok: false, blockers: [{ code: "unknown", error }] };
  }
}

function isLeftSealed(host: PinnedHost, bundle: BundleId, check: RecycleCheck): boolean {
  return (
    host.router.snapshot()?.route.sealed.includes(bundle) === true &&
    check.blockers.some((blocker) => blocker.code === "runs-in-flight")
  );
}

function generationOf(result: MoveResult): number | null {
  return result.outcome === "moved" || result.outcome === "unchanged" ? result.generation : null;
}

/**
 * Count, seal, count, then recycle or unseal: each a move of the route. The seal is tried only after a zero count, so a
 * live parent's child is never refused; only the count after the seal is a proof.
 */
export async function recycleBundle(
  host: PinnedHost,
  bundle: BundleId,
  facts: { readonly actor: Actor; readonly reason: string },
): Promise<RecycleResult> {
  for (let tries = 0; tries < attempts; tries++) {
    const before = await canRecycle(host, bundle);
    if (!before.ok) {
      // Left by a recycler that died after its seal: a run that slipped in before it would see its children refused.
      if (isLeftSealed(host, bundle, before))
        await host.router.move({ move: { verb: "unseal", bundle }, ...facts });
      return { recycled: false, blockers: before.blockers };
    }
    const expect = host.router.snapshot()?.route.generation ?? 0;
    const sealed = await host.router.move({ move: { verb: "seal", bundle }, expect, ...facts });
    const generation = generationOf(sealed);
    if (generation === null || sealed.route === null) continue;
    const proof = await proofOf(host, sealed.route, bundle).catch(() => null);
    if (proof === null) {
      await host.router.move({ move: { verb: "unseal", bundle }, ...facts });
      continue;
    }
    const reason = `${facts.reason} (${proof})`;
    const done = await host.router.move({
      move: { verb: "recycle", bundle },
      expect: generation,
      actor: facts.actor,
      reason,
    });
    const at = generationOf(done);
    if (at !== null) return { recycled: true, generation: at };
    await host.router.move({ move: { verb: "unseal", bundle }, ...facts });
  }
  return { recycled: false, blockers: [{ code: "route-moved" }] };
}
