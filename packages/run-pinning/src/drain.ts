import {
  type BundleId,
  type BundleRecord,
  decodeRecord,
  InvalidArgumentError,
  pause,
  type Route,
  requireId,
} from "@verdigris/contracts";
import { drainedBy } from "@verdigris/router";
import type { PinnedHost, RunHost } from "./host.ts";
import { countInFlight, firstInFlight, type RunCount } from "./in-flight.ts";

/**
 * Where a bundle is in its life. `unknown` says that the store could not be asked or has never seen the bundle; nothing
 * may be torn down on it.
 */
export type BundleStatus =
  | "live"
  | "candidate"
  | "quarantined"
  | "draining"
  | "sealed"
  | "drained"
  | "recycled"
  | "registered"
  | "unknown";

/** What proves that no run of a bundle is left: none was found after it was sealed, or every possible deadline has passed. */
export type DrainProof = "empty-after-seal" | "deadline-passed";

/** Where a bundle stands, and what proves it. */
export interface DrainReport {
  readonly bundle: BundleId;
  readonly status: BundleStatus;
  /** Unfinished runs; null where they could not be counted. */
  readonly inFlight: RunCount | null;
  readonly proof: DrainProof | null;
  /** Store time by which a retiring bundle is drained whatever happens; null for others. */
  readonly drainedBy: number | null;
}

function statusOnRoute(route: Route, bundle: BundleId): BundleStatus | null {
  if (route.live === bundle) return "live";
  if (route.stable === bundle) return "quarantined";
  if (route.candidate === bundle) return "candidate";
  return null;
}

/** The proof a retiring bundle has now, or null. Only what is read after the seal can prove emptiness. */
export async function proofOf(host: PinnedHost, route: Route, bundle: BundleId): Promise<DrainProof | null> {
  const item = route.retiring.find((retiring) => retiring.bundle === bundle);
  if (item === undefined) return null;
  if ((await host.freshTime()) > drainedBy(route, item)) return "deadline-passed";
  if (!route.sealed.includes(bundle)) return null;
  return (await firstInFlight(host, bundle)) === null ? "empty-after-seal" : null;
}

async function statusOffRoute(host: PinnedHost, bundle: BundleId): Promise<BundleStatus> {
  const { entries } = await host.store.get([host.keys.bundle(bundle)]);
  const entry = entries[0] ?? null;
  if (entry === null) return "unknown";
  return decodeRecord<BundleRecord>(entry.key, entry.value).recycled === undefined
    ? "registered"
    : "recycled";
}

async function report(host: PinnedHost, bundle: BundleId): Promise<DrainReport> {
  const route = (await host.router.refresh())?.route ?? null;
  const onRoute = route === null ? null : statusOnRoute(route, bundle);
  const item = route?.retiring.find((retiring) => retiring.bundle === bundle);
  const inFlight = await countInFlight(host, bundle);
  if (onRoute !== null) return { bundle, status: onRoute, inFlight, proof: null, drainedBy: null };
  if (route === null || item === undefined) {
    return { bundle, status: await statusOffRoute(host, bundle), inFlight, proof: null, drainedBy: null };
  }
  const proof = await proofOf(host, route, bundle);
  const open = route.sealed.includes(bundle) ? "sealed" : "draining";
  return {
    bundle,
    status: proof === null ? open : "drained",
    inFlight,
    proof,
    drainedBy: drainedBy(route, item),
  };
}

/** Reports where a bundle stands; answers `unknown` instead of throwing when the store does not. */
export async function drainReport(host: PinnedHost, bundle: BundleId): Promise<DrainReport> {
  requireId("bundle", bundle);
  try {
    return await report(host, bundle);
  } catch {
    return { bundle, status: "unknown", inFlight: null, proof: null, drainedBy: null };
  }
}

/** Neither of these can be drained: new runs keep coming, or nobody knows. */
const openEnded: readonly BundleStatus[] = ["live", "candidate", "unknown"];

/** Waits until a bundle has no unfinished run left or its bound has passed; under the strategy `pin` it does not wait. */
export async function waitForDrain<P>(
  run: RunHost<P>,
  host: PinnedHost,
  bundle: BundleId,
  options: { readonly signal?: AbortSignal; readonly pollMs?: number },
): Promise<DrainReport> {
  const { pollMs = 1_000 } = options;
  if (!(pollMs >= 10 && pollMs <= 60_000))
    throw new InvalidArgumentError("pollMs", `must be 10 to 60000, got ${pollMs}`);
  const signal = AbortSignal.any([run.closing, ...(options.signal === undefined ? [] : [options.signal])]);
  for (;;) {
    signal.throwIfAborted();
    const now = await drainReport(host, bundle);
    const strategy = host.router.snapshot()?.route.policy.strategy;
    const empty = !openEnded.includes(now.status) && now.inFlight?.count === 0;
    if (empty || now.proof !== null || (strategy === "pin" && now.status !== "unknown")) return now;
    await pause(run.clock, pollMs, signal);
  }
}
