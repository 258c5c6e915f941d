import {
  type AgentKeys,
  type Clock,
  type NodeMode,
  type NodeView,
  type RouterEvents,
  requireId,
  type Store,
} from "@verdigris/contracts";
import type { EventHub } from "./event-hub.ts";
import type { HeldRoute } from "./held-route.ts";
import { listNodes, withSelf } from "./list-nodes.ts";
import { createNodeKeeper, type NodeFacts, type NodeKeeper, type NodeOptions } from "./node-keeper.ts";
import { createModeKeeper } from "./node-mode.ts";
import type { AppliedRoute } from "./route-snapshot.ts";
import type { StoreTime } from "./store-time.ts";

interface StandingOptions {
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly random: () => number;
  readonly newId: () => string;
  readonly pollMs: number;
  readonly watch: boolean;
  readonly node: NodeOptions | undefined;
  readonly held: HeldRoute;
  readonly events: EventHub<RouterEvents>;
}

/** Where this process stands among those of its agent: its mode, its record, and the records of the others. */
export interface Standing {
  mode(): NodeMode | null;
  nodes(): Promise<readonly NodeView[]>;
  tell(facts: NodeFacts): void;
  /** Applies what a read or a move found, and keeps mode and record in step. */
  apply(found: AppliedRoute | null, basis: AppliedRoute | null): void;
  /** A read of the route, sent then, was answered and is no regress. */
  heard(sentMonotonic: number): void;
  push(up: boolean): void;
  close(): Promise<void>;
}

/** Creates the standing of one process; one that reads on demand has no mode and keeps no record. */
export function createStanding(options: StandingOptions): Standing {
  const { store, keys, clock, time, random, pollMs, watch, held, events } = options;
  let node: NodeKeeper | null = null;
  const modes = watch
    ? createModeKeeper({
        clock,
        pollMs,
        onChange: (change) => {
          node?.touch();
          events.emit("mode", change);
        },
      })
    : null;
  if (modes !== null && options.node !== undefined) {
    const id = requireId("node.id", options.node.id ?? options.newId());
    const shared = { store, keys, clock, time, random, pollMs };
    node = createNodeKeeper({
      ...options.node,
      ...shared,
      id,
      mode: modes.current,
      applied: held.current,
    });
  }
  return {
    mode: () => modes?.current() ?? null,
    nodes: async () => withSelf(await listNodes(store, keys), node?.record() ?? null),
    tell: (facts) => node?.tell(facts),
    apply(found, basis) {
      const before = held.current();
      const said = held.regress();
      try {
        held.apply(found, basis);
      } finally {
        modes?.regressed(held.regress() !== null);
        if (held.current() !== before) node?.touch();
        // The store answers, and what this process knows is what a reanchor has to go on after: on record at once, since
        // the record may be among what was lost.
        if (held.regress() !== said) node?.touch();
        if (held.regress() !== null) node?.beat();
      }
    },
    heard(sent) {
      modes?.heard(sent);
      node?.beat();
    },
    push: (up) => modes?.push(up),
    async close() {
      modes?.stop();
      await node?.close();
    },
  };
}
