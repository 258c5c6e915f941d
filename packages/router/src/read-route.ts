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
  /** Revision of what stands in the place of the route and is none; null in all other cases. */
  readonly corruptRev: number | null;
}

/** Reads and applies the route; throws `store-regressed` where that proves that the store went backwards. */
export type ReadRoute = (more: readonly string[]) => Promise<ReadReply>;

/** The same without throwing for it, or for a record that is no route: `basis` was in force when the read was sent. */
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
    return { basis, sent, entry: entries[0] ?? null, others: entries.slice(1) };
  };
  /** Applies what was asked for. */
  const take = ({ entry, basis, sent }: Awaited<ReturnType<typeof ask>>): AppliedRoute | null => {
    const found = entry === null ? null : readRoute(entry);
    standing.apply(found, basis);
    standing.heard(sent);
    return found;
  };
  return {
    async read(more) {
      const asked = await ask(more);
      return { found: take(asked), others: asked.others, corruptRev: null };
    },
    async look(more) {
      const asked = await ask(more);
      const { entry, basis, others } = asked;
      try {
        return { found: take(asked), basis, others, corruptRev: null };
      } catch (error) {
        if (isVerdigrisError(error, "record-corrupt"))
          return { found: null, basis, others, corruptRev: entry?.rev ?? null };
        if (!isVerdigrisError(error, "store-regressed")) throw error;
        return { found: entry === null ? null : readRoute(entry), basis, others, corruptRev: null };
      }
    },
  };
}
