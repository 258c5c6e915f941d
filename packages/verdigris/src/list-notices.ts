import {
  type Actor,
  agentKeys,
  type BundleId,
  decodeRecord,
  InvalidArgumentError,
  type Store,
  storeLimits,
  type TrafficClass,
} from "@verdigris/contracts";
import type { Verb } from "./verb.ts";

/** Something on record that moved nothing: a verb that was refused, a run whose bundle somebody named, a denial lifted. */
export type Notice =
  | {
      readonly kind: "refused";
      readonly actor: Actor;
      readonly verb: Verb;
      readonly why: string;
      readonly bundle: BundleId | null;
      readonly reason: string;
      /** How many of its process were left out before this one, to keep the rate. */
      readonly suppressed: number;
    }
  | {
      /** A bundle was taken off the deny list. */
      readonly kind: "lifted";
      readonly actor: Actor;
      readonly bundle: BundleId;
      readonly reason: string;
      /** What it had been denied by and for. */
      readonly denied: { readonly by: Actor; readonly why: string };
    }
  | {
      readonly kind: "named-start";
      readonly run: string;
      readonly bundle: BundleId;
      readonly class: TrafficClass;
      readonly suppressed: number;
    };

/** One notice as it is stored. */
export interface NoticeLine {
  /** Its place in the order: pass the last one as `after` to go on. */
  readonly id: string;
  /** Store time. */
  readonly at: number;
  readonly notice: Notice;
}

/** Notices after a place, oldest first, one page at a time. */
export async function listNotices(
  store: Store,
  agent: string,
  options: { readonly after?: string; readonly limit?: number } = {},
): Promise<readonly NoticeLine[]> {
  const { after, limit = 100 } = options;
  if (after !== undefined && !/^\d{13}\/[\w.:-]{1,128}$/.test(after))
    throw new InvalidArgumentError("after", "must be the id of a notice");
  if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= storeLimits.listLimit))
    throw new InvalidArgumentError("limit", `must be 1 to ${storeLimits.listLimit}, got ${limit}`);
  const prefix = `${agentKeys(agent).prefix}notice/`;
  const from = after === undefined ? {} : { after: prefix + after };
  const { entries } = await store.list(prefix, { limit, ...from });
  return entries.map(({ key, at, value }) => ({
    id: key.slice(prefix.length),
    at,
    notice: decodeRecord<Notice & { readonly v: number }>(key, value),
  }));
}
