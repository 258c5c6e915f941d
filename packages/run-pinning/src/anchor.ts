import {
  type AgentKeys,
  type BundleId,
  decodeRecord,
  type PinPointer,
  type PinRecord,
  type RoutePolicy,
  type StoreOp,
  type TrafficClass,
} from "@verdigris/contracts";
import { isProduction } from "./choose-bundle.ts";
import { findPin } from "./find-pin.ts";
import type { PinnedHost } from "./host.ts";
import type { ParentFacts } from "./parent.ts";
import { clearAway, commitNoted, pointerText } from "./pin-state.ts";

const anchorId = (root: string): string => `root:${root}`;

/** Where the children of another agent's root run go on this agent; null for the first of them. */
export async function followRoot(
  host: PinnedHost,
  parent: ParentFacts,
): Promise<{
  readonly bundle: BundleId;
  readonly class: TrafficClass;
  readonly deadline: number;
} | null> {
  const { entries } = await host.store.get([host.keys.claim(anchorId(parent.root))]);
  const claim = entries[0] ?? null;
  if (claim === null) return null;
  const pointer = decodeRecord<PinPointer>(claim.key, claim.value);
  const anchor = await findPin(host, pointer.pin, host.keys.moved(pointer.run));
  if (anchor === null) {
    await commitNoted(host, [{ op: "del", key: claim.key, rev: claim.rev }]);
    return null;
  }
  if (anchor.record.deadline <= host.time.now()) {
    await clearAway(host, anchor);
    return null;
  }
  return {
    bundle: anchor.record.bundle,
    // The anchor alone says how long its bundle, retiring perhaps, must be counted on to stay.
    deadline: anchor.record.deadline,
    class: isProduction(parent.class) ? anchor.record.class : parent.class,
  };
}

/** The ops by which a first child settles, for all later ones, which bundle of this agent its root run is on. */
export function anchorOps(
  keys: AgentKeys,
  parent: ParentFacts,
  child: PinRecord,
  policy: RoutePolicy,
): readonly StoreOp[] {
  const run = anchorId(parent.root);
  // No pin outlives its agent's own policy, whatever another agent allows the root.
  const deadline = Math.min(parent.rootDeadline, child.accepted + policy.maxAgeMs);
  const anchor: PinRecord = {
    v: child.v,
    run,
    bundle: child.bundle,
    epoch: 1,
    accepted: child.accepted,
    deadline,
    cap: deadline,
    class: child.class,
    generation: child.generation,
    claim: run,
    anchor: true,
  };
  const key = keys.pin(child.bundle, anchor.deadline, run);
  return [
    { op: "put", key: keys.claim(run), rev: 0, value: pointerText(anchor, key) },
    { op: "put", key, rev: 0, value: JSON.stringify(anchor) },
  ];
}
