import type { BundleId, Labels, TrafficClass } from "@verdigris/contracts";
import { InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import { findClaimed } from "./find-pin.ts";
import type { PinnedHost } from "./host.ts";
import { LocalRun } from "./run.ts";
import type { StartOptions } from "./run-types.ts";
import { parseToken } from "./token.ts";

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
}

/** Reads the parent of a new run: from the handle in this process, else from its pin. */
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
  const record =
    parent instanceof LocalRun ? parent.requirePin().record : (await findClaimed(host, claim)).record;
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
  };
}
