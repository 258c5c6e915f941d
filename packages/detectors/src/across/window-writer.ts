import {
  type AgentKeys,
  type BundleId,
  isVerdigrisError,
  type Store,
  type StoreOp,
} from "@verdigris/contracts";
import type { Cohort } from "../windows/cohort.ts";
import type { RunRecorder } from "../windows/recorder.ts";
import { slotMs, slotOf, windowText } from "./window-record.ts";

/** Writes what one process has counted under keys of its own, so that no two ever contend. */
export interface WindowWriter {
  /** Notes that a cohort of a bundle has changed. */
  touched(bundle: BundleId, cohort: Cohort): void;
  /** Writes every minute that has changed. Rejects when the store does not answer; what was not written is written next time. */
  flush(): Promise<void>;
  /** Removes records of minutes before `before`, whoever wrote them. */
  forget(before: number): Promise<void>;
}

interface WriterOptions {
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly node: string;
  readonly recorder: Pick<RunRecorder, "between" | "bundles">;
}

/** A record that would be longer is written in parts, one per ten seconds; a part of a bounded histogram always fits. */
const longestText = 48_000;
const putsPerCommit = 16;
const pageSize = 200;

interface Slot {
  readonly bundle: BundleId;
  readonly at: number;
}

interface Put {
  readonly key: string;
  readonly value: string;
}

/** The records of minutes: what was counted by now. */
function createTexts({ keys, node, recorder }: WriterOptions): (slot: Slot) => Put[] {
  const split = new Set<string>();
  return ({ bundle, at }) => {
    const cohorts = recorder.between(bundle, at, at + slotMs);
    const key = keys.window(bundle, at, node);
    const whole = windowText(bundle, node, cohorts);
    if (whole.length <= longestText && !split.has(key)) return [{ key, value: whole }];
    split.add(key);
    // In one commit with the whole emptied: a reader sees the one or the others.
    const parts = cohorts.map((cohort) => ({
      key: keys.window(bundle, at, node, cohort.at - at),
      value: windowText(bundle, node, [cohort]),
    }));
    return [{ key, value: windowText(bundle, node, []) }, ...parts];
  };
}

/** Puts records whose revisions are known as last heard; asks for those of all others first. */
function createPuts(store: Store): {
  /** Keys whose revision has to be asked for. */
  unknown(puts: readonly Put[]): string[];
  learn(keys: readonly string[]): Promise<void>;
  /** False when another write of this process had landed whose reply was lost. */
  commit(puts: readonly Put[]): Promise<boolean>;
} {
  const revs = new Map<string, number>();
  const opsOf = (puts: readonly Put[]): StoreOp[] =>
    puts.map(({ key, value }) => ({ op: "put", key, rev: revs.get(key) ?? 0, value }));
  return {
    unknown: (puts) => puts.map(({ key }) => key).filter((key) => !revs.has(key)),
    async learn(keys) {
      const { entries } = await store.get(keys);
      for (const [i, key] of keys.entries()) revs.set(key, entries[i]?.rev ?? 0);
    },
    async commit(puts) {
      const result = await store.commit(opsOf(puts)).catch((error: unknown) => {
        if (isVerdigrisError(error, "store-indeterminate")) for (const { key } of puts) revs.delete(key);
        throw error;
      });
      if (result.ok) for (const [i, { key }] of puts.entries()) revs.set(key, result.revs[i] ?? 0);
      else revs.set(result.key, result.current?.rev ?? 0);
      return result.ok;
    },
  };
}

/** Creates the writer of one process. `node` is unique per process start. */
export function createWindowWriter(options: WriterOptions): WindowWriter {
  const { store, keys, recorder } = options;
  const dirty = new Map<string, Slot>();
  const puts = createPuts(store);
  const textsOf = createTexts(options);

  const write = async (slots: readonly (readonly [string, Slot])[]): Promise<void> => {
    let records = slots.flatMap(([, slot]) => textsOf(slot));
    for (let ask = puts.unknown(records); ask.length > 0; ask = puts.unknown(records)) {
      await puts.learn(ask);
      records = slots.flatMap(([, slot]) => textsOf(slot));
    }
    // From here to the commit nothing is awaited: what changes later is dirty again.
    for (const [name] of slots) dirty.delete(name);
    let isWritten = false;
    try {
      isWritten = await puts.commit(records);
    } finally {
      if (!isWritten) for (const [name, slot] of slots) dirty.set(name, slot);
    }
  };
  const writeAll = async (): Promise<void> => {
    const waiting = [...dirty];
    const isLong = ([, slot]: readonly [string, Slot]): boolean => textsOf(slot).length > 1;
    const short = waiting.filter((one) => !isLong(one));
    for (let i = 0; i < short.length; i += putsPerCommit) await write(short.slice(i, i + putsPerCommit));
    for (const one of waiting.filter(isLong)) await write([one]);
  };
  return {
    touched(bundle, cohort) {
      const at = slotOf(cohort.at);
      const name = `${bundle}/${at}`;
      if (!dirty.has(name)) dirty.set(name, { bundle, at });
    },
    async flush() {
      // Again where a revision was not what it seemed: once per record that a lost reply had written.
      for (let round = 0; round < mostRounds && dirty.size > 0; round++) await writeAll();
    },
    async forget(before) {
      for (const bundle of recorder.bundles()) await forgetWindows(store, keys.windows(bundle), before);
    },
  };
}

const mostRounds = 4;

async function forgetWindows(store: Store, prefix: string, before: number): Promise<void> {
  const { entries } = await store.list(prefix, { limit: pageSize });
  for (const { key, rev } of entries) {
    if (Number(key.slice(prefix.length, prefix.length + 13)) + slotMs > before) return;
    await store.commit([{ op: "del", key, rev }]);
  }
}
