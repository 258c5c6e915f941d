import { type BundleId, type BundleRecord, decodeRecord, type Route } from "@verdigris/contracts";
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
  try {
    return await report(host, bundle);
  } catch {
    return { bundle, status: "unknown", inFlight: null, proof: null, drainedBy: null };
  }
}

/** Waits until a bundle has no unfinished run left or its bound has passed; under the strategy `pin` it does not wait. */
export async function waitForDrain<P>(
  run: RunHost<P>,
  host: PinnedHost,
  bundle: BundleId,
  options: { readonly signal?: AbortSignal; readonly pollMs?: number },
): Promise<DrainReport> {
  const { signal, pollMs = 1_000 } = options;
  for (;;) {
    signal?.throwIfAborted();
    const now = await drainReport(host, bundle);
    const strategy = host.router.snapshot()?.route.policy.strategy;
    const empty = now.status === "draining" && now.inFlight?.count === 0;
    const over = empty || now.proof !== null || now.status === "recycled";
    if (over || (strategy === "pin" && now.status !== "unknown")) return now;
    await new Promise<void>((resolve, reject) => {
      const cancel = run.clock.setTimer(done, pollMs);
      function done(): void {
        signal?.removeEventListener("abort", abort);
        resolve();
      }
      function abort(): void {
        cancel();
        reject(signal?.reason);
      }
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
