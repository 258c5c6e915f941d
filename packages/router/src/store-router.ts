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
import { createEventHub } from "./event-hub.ts";
import { createHeldRoute } from "./held-route.ts";
import { createMover, type ReadRoute } from "./move-route.ts";
import { readRoute } from "./route-snapshot.ts";
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
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
  /** @default crypto.randomUUID */
  readonly newId?: () => string;
}

/** A router over a store, and the store's time as its replies tell it. */
export interface StoreRouter extends Router {
  readonly time: StoreTime;
}

/** Routes one agent by its record in `store`. Every process that opens the same store sees the same route. */
export function createStoreRouter(options: StoreRouterOptions): StoreRouter {
  const { agent, store, clock = systemClock, watch = true, pollMs = 1_000, random = Math.random } = options;
  const newId = options.newId ?? (() => crypto.randomUUID());
  if (!(pollMs >= 10 && pollMs <= 60_000))
    throw new InvalidArgumentError("pollMs", `must be 10 to 60000, got ${pollMs}`);
  const keys = agentKeys(agent);
  const time = createStoreTime(clock);
  const events = createEventHub<RouterEvents>((event, error) => {
    if (event !== "router-error") events.emit("router-error", { error });
  });
  const held = createHeldRoute(agent, events);
  let closed = false;

  const read: ReadRoute = async (more) => {
    if (closed) throw new VerdigrisError("closed", `the router of ${agent} is closed`, { agent });
    const basis = held.current();
    const sent = clock.monotonic();
    const { entries, at } = await store.get([keys.route, ...more]);
    time.observe(at, sent);
    const entry = entries[0] ?? null;
    const found = entry === null ? null : readRoute(entry);
    held.apply(found, basis);
    return { found, others: entries.slice(1) };
  };
  const move = createMover({
    agent,
    keys,
    store,
    time,
    clock,
    newId,
    read,
    accept: (found) => held.apply(found, null),
  });

  const readInBackground = async (): Promise<void> => {
    try {
      await read([]);
    } catch (error) {
      if (!closed && !isVerdigrisError(error, "store-regressed")) events.emit("router-error", { error });
    }
  };
  const watcher = watch
    ? watchRoute({ store, key: keys.route, clock, pollMs, random, read: readInBackground })
    : null;

  return {
    agent,
    time,
    snapshot: held.current,
    assign(key, labels) {
      const applied = held.current();
      if (applied === null) {
        throw new VerdigrisError(
          "no-route",
          `${agent} has no route here yet: await refresh(), or open it with its first bundle`,
          { agent },
        );
      }
      return applied.assign(key, labels);
    },
    async refresh() {
      await read([]);
      return held.current();
    },
    move: (request: MoveRequest): Promise<MoveResult> => move(request),
    on: events.on,
    async close() {
      closed = true;
      watcher?.stop();
      events.clear();
    },
  };
}
