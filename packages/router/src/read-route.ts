import {
  type AgentKeys,
  type Clock,
  isVerdigrisError,
  type Store,
  type StoreEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import type { HeldRoute } from "./held-route.ts";
import type { Standing } from "./node-standing.ts";
import { type AppliedRoute, readRoute } from "./route-snapshot.ts";
import type { StoreTime } from "./store-time.ts";

/** What one read of the route, and of other keys in the same moment, found. */
export interface ReadReply {
  readonly found: AppliedRoute | null;
  readonly others: readonly (StoreEntry | null)[];
}

/** Reads and applies the route; throws `store-regressed` where that proves that the store went backwards. */
export type ReadRoute = (more: readonly string[]) => Promise<ReadReply>;

/** The same without throwing for it: `basis` was in force when the read was sent. */
export type LookAtRoute = (
  more: readonly string[],
) => Promise<ReadReply & { readonly basis: AppliedRoute | null }>;

/** Creates the two ways in which a process reads its route. */
export function createReaders(options: {
  readonly agent: string;
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly held: HeldRoute;
  readonly standing: Standing;
  readonly closing: AbortSignal;
}): { readonly read: ReadRoute; readonly look: LookAtRoute } {
  const { agent, store, keys, clock, time, held, standing, closing } = options;

  const ask = async (more: readonly string[]) => {
    if (closing.aborted) throw new VerdigrisError("closed", `the router of ${agent} is closed`, { agent });
    const basis = held.current();
    const sent = clock.monotonic();
    const { entries, at } = await store.get([keys.route, ...more]);
    time.observe(at, sent);
    const entry = entries[0] ?? null;
    const found = entry === null ? null : readRoute(entry);
    return { basis, sent, found, others: entries.slice(1) };
  };
  const take = ({ found, basis, sent }: Awaited<ReturnType<typeof ask>>): void => {
    standing.apply(found, basis);
    standing.heard(sent);
  };
  return {
    async read(more) {
      const seen = await ask(more);
      take(seen);
      return seen;
    },
    async look(more) {
      const seen = await ask(more);
      try {
        take(seen);
      } catch (error) {
        if (!isVerdigrisError(error, "store-regressed")) throw error;
      }
      return seen;
    },
  };
}
