import {
  type AgentKeys,
  type BundleId,
  type Clock,
  type NodeMode,
  type NodeRecord,
  recordVersion,
  type ServesClaim,
  type Store,
  sdkVersion,
  type WarmCheck,
} from "@verdigris/contracts";
import { patienceFor } from "./node-mode.ts";
import type { AppliedRoute } from "./route-snapshot.ts";
import type { StoreTime } from "./store-time.ts";
import { createSurroundings, type SurroundingsOptions } from "./surroundings.ts";

/** What a process keeps on record of itself. */
export interface NodeOptions extends SurroundingsOptions {
  /** Unique per process start. @default a fresh id */
  readonly id?: string;
  /** What people call it: a pod, a host. */
  readonly name?: string;
  /** @default any bundle */
  readonly serves?: ServesClaim;
  /** Longest time between two writes while nothing changes, jittered by 20 %; 1,000 nodes make 200 writes a second of 5 s. @default 5000 */
  readonly heartbeatMs?: number;
}

/** What a process learns of itself after it began. */
export interface NodeFacts {
  readonly serves?: ServesClaim;
  /** Merged by bundle; null takes one off. */
  readonly warm?: Readonly<Record<BundleId, WarmCheck | null>>;
}

/** Keeps the record of this process. It never throws and needs no timer: reads of the route drive it. */
export interface NodeKeeper {
  /** The record as it would be written now. */
  record(): NodeRecord;
  tell(facts: NodeFacts): void;
  /** Something in the record has changed: writes it as soon as the store allows. */
  touch(): void;
  /** The store has just answered: writes what is due. */
  beat(): void;
  /** Stops writing and removes the record. */
  close(): Promise<void>;
}

interface KeeperOptions extends NodeOptions {
  readonly id: string;
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly random: () => number;
  readonly pollMs: number;
  readonly mode: () => NodeMode;
  readonly applied: () => AppliedRoute | null;
}

/** Writes the record once; where something else stands in its place, says at which revision to try again. */
async function putRecord(
  { store, keys, clock, time }: KeeperOptions,
  rev: number,
  record: NodeRecord,
): Promise<{ readonly ok: boolean; readonly rev: number }> {
  const sent = clock.monotonic();
  try {
    const value = JSON.stringify(record);
    const result = await store.commit([{ op: "put", key: keys.node(record.id), rev, value }]);
    time.observe(result.at, sent);
    // Swept meanwhile, or a lost reply that had landed.
    return { ok: result.ok, rev: (result.ok ? result.revs[0] : result.current?.rev) ?? 0 };
  } catch {
    return { ok: false, rev };
  }
}

/** The part of a record that follows from the release and from the route in force. */
function standingRecord({ id, name, mode, applied }: KeeperOptions) {
  const route = applied()?.route ?? null;
  return {
    // In the format in force, so that processes which read no later one still list it.
    v: route?.v ?? 1,
    id,
    ...(name === undefined ? {} : { name }),
    sdk: sdkVersion,
    formats: { record: recordVersion, hash: 1 },
    incarnation: route?.incarnation ?? null,
    generation: route?.generation ?? 0,
    mode: mode(),
  };
}

/** Creates the keeper of one process's record. */
export function createNodeKeeper(options: KeeperOptions): NodeKeeper {
  const { id, store, keys, clock, time, random, mode, heartbeatMs = 5_000 } = options;
  // The slowest heartbeat, one poll to drive it, and as long as a process may start runs without the store.
  const expiresMs = Math.ceil(1.2 * (heartbeatMs + options.pollMs) + patienceFor(options.pollMs).closedMs);
  const surroundings = createSurroundings(keys.nodes, options);
  let serves: ServesClaim = options.serves ?? { kind: "any" };
  let warm: Readonly<Record<BundleId, WarmCheck>> = {};
  let startedAt: number | null = null;
  let rev = 0;
  let dirty = true;
  let failed = false;
  let writing: Promise<void> | null = null;
  let dueAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  const record = (): NodeRecord => ({
    ...standingRecord(options),
    ...surroundings(),
    serves,
    startedAt: startedAt ?? Math.floor(time.now()),
    warm,
    expiresMs,
  });
  const put = async (): Promise<void> => {
    dirty = false;
    startedAt ??= Math.floor(time.now());
    const written = await putRecord(options, rev, record());
    rev = written.rev;
    // The next read that is answered tries again; until then the record ages, which is the truth.
    failed = !written.ok;
    if (written.ok) dueAt = clock.monotonic() + heartbeatMs * (0.8 + 0.4 * random());
  };
  const write = (): void => {
    if (closed || writing !== null) return;
    writing = put().finally(() => {
      writing = null;
      // What changed while it was being written.
      if (dirty && !failed) write();
    });
  };
  return {
    record,
    tell(facts) {
      if (facts.serves !== undefined) serves = facts.serves;
      if (facts.warm !== undefined) {
        const merged = Object.entries({ ...warm, ...facts.warm });
        warm = Object.fromEntries(merged.filter((entry): entry is [string, WarmCheck] => entry[1] !== null));
      }
      this.touch();
    },
    touch() {
      dirty = true;
      if (startedAt !== null && mode() !== "closed") write();
    },
    beat() {
      if (dirty || failed || clock.monotonic() >= dueAt) write();
    },
    async close() {
      closed = true;
      await writing;
      if (rev === 0) return;
      await store.commit([{ op: "del", key: keys.node(id), rev }]).catch(() => {});
    },
  };
}
