import {
  agentKeys,
  type Clock,
  InvalidArgumentError,
  isVerdigrisError,
  type MoveRequest,
  type MoveResult,
  type Router,
  type RouterEvents,
  type Store,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { createEventHub, type EventHub } from "./event-hub.ts";
import { createHeldRoute } from "./held-route.ts";
import { createMover } from "./move-route.ts";
import type { NodeFacts, NodeOptions } from "./node-keeper.ts";
import { createStanding } from "./node-standing.ts";
import { watchPropagation } from "./propagation.ts";
import { createReaders, type ReadRoute } from "./read-route.ts";
import type { AppliedRoute } from "./route-snapshot.ts";
import { watchRoute } from "./route-watcher.ts";
import { createStoreTime, type StoreTime } from "./store-time.ts";

/** Options of {@link createStoreRouter}. */
export interface StoreRouterOptions {
  readonly agent: string;
  readonly store: Store;
  /** @default systemClock */
  readonly clock?: Clock;
  /** False for short-lived processes: they read on demand, and the start fence keeps them right. @default true */
  readonly watch?: boolean;
  /** Longest time between two reads while watching, jittered by 20 %. @default 1000 */
  readonly pollMs?: number;
  /** Keeps a record of this process for `nodes()` and `propagation()`; needs `watch`. @default none */
  readonly node?: NodeOptions;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
  /** @default crypto.randomUUID */
  readonly newId?: () => string;
}

/** A router over a store, and the store's time as its replies tell it. */
export interface StoreRouter extends Router {
  readonly time: StoreTime;
  /** Adds to what the record of this process says; harmless where it keeps none. */
  tell(facts: NodeFacts): void;
}

/** A read that nobody waits for; what a regress means is reported where it is found. */
function reportingInto(
  events: EventHub<RouterEvents>,
  closing: AbortSignal,
  read: ReadRoute,
): () => Promise<void> {
  return async () => {
    try {
      await read([]);
    } catch (error) {
      if (!closing.aborted && !isVerdigrisError(error, "store-regressed"))
        events.emit("router-error", { error });
    }
  };
}

function checked(pollMs: number): number {
  if (pollMs >= 10 && pollMs <= 60_000) return pollMs;
  throw new InvalidArgumentError("pollMs", `must be 10 to 60000, got ${pollMs}`);
}

function noRoute(agent: string): never {
  const message = `${agent} has no route here yet: await refresh(), or open it with its first bundle`;
  throw new VerdigrisError("no-route", message, { agent });
}

/** Routes one agent by its record in `store`. Every process that opens the same store sees the same route. */
export function createStoreRouter(options: StoreRouterOptions): StoreRouter {
  const { agent, store, clock = systemClock, watch = true, random = Math.random } = options;
  const pollMs = checked(options.pollMs ?? 1_000);
  const newId = options.newId ?? (() => crypto.randomUUID());
  const keys = agentKeys(agent);
  const time = createStoreTime(clock);
  const events = createEventHub<RouterEvents>((event, error) => {
    if (event !== "router-error") events.emit("router-error", { error });
  });
  const held = createHeldRoute(agent, events);
  const shared = { store, keys, clock, time, random, newId, pollMs, watch };
  const standing = createStanding({ ...shared, node: options.node, held, events });
  const closing = new AbortController();

  const { read, look } = createReaders({ ...shared, agent, held, standing, closing: closing.signal });
  const accept = (found: AppliedRoute): void => standing.apply(found, null);
  const move = createMover({ ...shared, agent, read, look, accept, nodes: standing.nodes });

  const inBackground = reportingInto(events, closing.signal, read);
  const watcher = watch
    ? watchRoute({ ...shared, key: keys.route, read: inBackground, onPush: standing.push })
    : null;

  return {
    agent,
    time,
    snapshot: held.current,
    assign: (key, labels) => (held.current() ?? noRoute(agent)).assign(key, labels),
    async refresh() {
      await read([]);
      return held.current();
    },
    move: (request: MoveRequest): Promise<MoveResult> => move(request),
    mode: standing.mode,
    nodes: standing.nodes,
    propagation: (route) => watchPropagation({ clock, list: standing.nodes, closing: closing.signal }, route),
    tell: standing.tell,
    on: events.on,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      watcher?.stop();
      await standing.close();
      events.clear();
    },
  };
}
