import type { BundleId, Labels, TrafficClass } from "@verdigris/contracts";
import { InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import { findClaimed } from "./find-pin.ts";
import type { PinnedHost } from "./host.ts";
import { superseded } from "./move-run.ts";
import type { PinState } from "./pin-state.ts";
import { LocalRun } from "./run.ts";
import type { StartOptions } from "./run-types.ts";
import { parseToken, type RunClaim } from "./token.ts";

/** What a child needs to know of its parent, whichever process or agent that runs in. */
export interface ParentFacts {
  readonly agent: string;
  readonly run: string;
  readonly root: string;
  readonly rootDeadline: number;
  readonly bundle: BundleId;
  readonly deadline: number;
  readonly class: TrafficClass;
  readonly key: string;
  readonly labels: Labels | undefined;
  /** Where the parent's pin stood when this was read: a start is fenced by it. */
  readonly pin: { readonly key: string; readonly rev: number };
}

/** The pin of a parent as its owner's handle knows it, else as the store does: only an owner knows of every move. */
async function pinOf(
  host: PinnedHost,
  parent: StartOptions<never>["parent"],
  claim: RunClaim,
): Promise<PinState> {
  if (!(parent instanceof LocalRun && parent.owner)) return findClaimed(host, claim);
  while (parent.moving !== null) await parent.moving;
  return parent.requirePin();
}

/**
 * Called when the pin of a parent was not where its facts say. A handle that still says so has lost the run to another
 * owner: throws `run-superseded`. Every other parent is read again.
 */
export function parentLost(parent: StartOptions<never>["parent"], facts: ParentFacts): void {
  if (!(parent instanceof LocalRun && parent.owner) || parent.stopped !== null || parent.moving !== null)
    return;
  if (parent.requirePin().rev === facts.pin.rev) throw superseded(parent);
}

/** Reads the parent of a new run: from its owner's handle in this process, else from its pin. */
export async function readParent(
  host: PinnedHost,
  parent: StartOptions<never>["parent"],
  now: number,
): Promise<ParentFacts | null> {
  if (parent === undefined) return null;
  if (parent instanceof LocalRun && parent.stopped !== null) throw parent.stopError(parent.stopped);
  const token = typeof parent === "string" ? parent : parent.token;
  if (token === null) throw new InvalidArgumentError("parent", "must be a pinned run or its token");
  const claim = parseToken(token);
  const { record, key, rev } = await pinOf(host, parent, claim);
  // A machine that slept has not told the handle yet.
  if (now >= record.deadline) {
    throw new VerdigrisError("run-expired", `${record.run} passed its deadline: it takes no more children`, {
      run: record.run,
      bundle: record.bundle,
    });
  }
  return {
    agent: claim.agent,
    run: record.run,
    root: record.root ?? record.run,
    rootDeadline: record.rootDeadline ?? record.deadline,
    bundle: record.bundle,
    deadline: record.deadline,
    class: record.class,
    key: record.key ?? record.run,
    labels: record.labels,
    pin: { key, rev },
  };
}
