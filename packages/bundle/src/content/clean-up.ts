import {
  agentKeys,
  type Digest,
  decodeRecord,
  type Store,
  type StoreEntry,
  type StoreOp,
  storeLimits,
} from "@verdigris/contracts";
import { type BlobRecord, hexOf } from "./blob-records.ts";
import { contentDigests, listBundles } from "./referenced-pieces.ts";

/** What a clean-up removed. */
export interface CleanUp {
  readonly contents: number;
  readonly chunks: number;
}

/** Uploads younger than this may belong to a registration under way. */
const abandonedAfterMs = 3_600_000;
const mostChecks = storeLimits.opsPerCommit - 1;

async function* listAll(store: Store, prefix: string): AsyncGenerator<StoreEntry> {
  let after: string | undefined;
  for (;;) {
    const { entries } = await store.list(prefix, { limit: 200, ...(after === undefined ? {} : { after }) });
    yield* entries;
    if (entries.length < 200) return;
    after = entries.at(-1)?.key;
  }
}

interface Uses {
  readonly needed: Set<string>;
  /** Records of recycled bundles by the content they would need again. */
  readonly recycled: Map<string, StoreEntry[]>;
}

async function usesOf(store: Store, agent: string): Promise<Uses> {
  const uses: Uses = { needed: new Set(), recycled: new Map() };
  for await (const { entry, record } of listBundles(store, agent)) {
    for (const hex of contentDigests(record.manifest).map((digest: Digest) => hexOf(digest))) {
      if (record.recycled === undefined) uses.needed.add(hex);
      else uses.recycled.set(hex, [...(uses.recycled.get(hex) ?? []), entry]);
    }
  }
  return uses;
}

async function removeChunks(
  store: Store,
  prefix: string,
  removable: (entry: StoreEntry) => boolean,
): Promise<number> {
  let removed = 0;
  for await (const entry of listAll(store, prefix)) {
    if (!removable(entry)) continue;
    if ((await store.commit([{ op: "del", key: entry.key, rev: entry.rev }])).ok) removed++;
  }
  return removed;
}

/**
 * Removes contents that no bundle needs any more, and what uploads left behind. Safe beside registrations and other
 * clean-ups: a header goes only at the revision at which nobody needed it (a registration gives it a new one), and only
 * while the bundles that once used it are still recycled. Headers are listed before bundles, so a bundle registered
 * after the listing has touched every header it shares.
 */
export async function cleanUpContent(store: Store, agent: string): Promise<CleanUp> {
  const keys = agentKeys(agent);
  const headers: StoreEntry[] = [];
  for await (const header of listAll(store, keys.blob(""))) headers.push(header);
  const uses = await usesOf(store, agent);
  let contents = 0;
  let chunks = 0;
  const kept = new Set<string>();
  for (const header of headers) {
    const hex = header.key.slice(keys.blob("").length);
    const { upload } = decodeRecord<BlobRecord>(header.key, header.value);
    const former = uses.recycled.get(hex) ?? [];
    const ops: StoreOp[] = former.slice(0, mostChecks).map(({ key, rev }) => ({ op: "check", key, rev }));
    const free = !uses.needed.has(hex) && former.length <= mostChecks;
    if (free && (await store.commit([...ops, { op: "del", key: header.key, rev: header.rev }])).ok) {
      contents++;
      chunks += await removeChunks(store, keys.chunks(hex, upload), () => true);
    } else kept.add(keys.chunks(hex, upload));
  }
  const { at } = await store.get([]);
  const old = ({ key, at: written }: StoreEntry): boolean =>
    written < at - abandonedAfterMs && !kept.has(key.slice(0, key.lastIndexOf("/") + 1));
  chunks += await removeChunks(store, keys.chunks(), old);
  return { contents, chunks };
}
