import {
  type AgentKeys,
  agentKeys,
  type BundleId,
  type Digest,
  decodeRecord,
  InvalidArgumentError,
  isVerdigrisError,
  type Store,
  type StoreEntry,
  type StoreOp,
  storeLimits,
  VerdigrisError,
} from "@verdigris/contracts";
import { digestOf } from "../digest.ts";
import { type BlobRecord, type ChunkRecord, chunkUnits, hexOf, longestContent } from "./blob-records.ts";

/** Texts by their digest, kept in chunks beside an agent's other records. */
export interface ContentStore {
  /** The text with this digest, or null. Throws `digest-mismatch` when what is stored is not it. */
  read(digest: Digest): Promise<string | null>;
  /**
   * Writes what is missing or damaged and resolves with the ops that tie the texts to a bundle: they belong in the commit that registers
   * it. Shared texts get a new revision there, so that a clean-up under way leaves them alone.
   */
  prepare(texts: readonly string[], bundle: BundleId): Promise<readonly StoreOp[]>;
}

const chunksPerCommit = 8;

function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < text.length || at === 0; at += chunkUnits)
    chunks.push(text.slice(at, at + chunkUnits));
  return chunks;
}

function checkText(text: string): void {
  if (typeof text !== "string")
    throw new InvalidArgumentError("contents", `must be a list of texts, got ${typeof text}`);
  if (text.length > longestContent) {
    throw new InvalidArgumentError(
      "contents",
      `may hold texts of at most ${longestContent} characters, got ${text.length}`,
    );
  }
}

async function joinChunks(store: Store, keys: AgentKeys, hex: string, blob: BlobRecord): Promise<string> {
  const wanted = Array.from({ length: blob.chunks }, (_, index) => keys.chunk(hex, blob.upload, index));
  const parts: string[] = [];
  for (let at = 0; at < wanted.length; at += chunksPerCommit) {
    const { entries } = await store.get(wanted.slice(at, at + chunksPerCommit));
    const found = entries.filter((entry) => entry !== null);
    parts.push(...found.map((entry) => decodeRecord<ChunkRecord>(entry.key, entry.value).text));
  }
  return parts.join("");
}

async function isWhole(
  store: Store,
  keys: AgentKeys,
  hex: string,
  blob: BlobRecord,
  text: string,
): Promise<boolean> {
  try {
    return (await joinChunks(store, keys, hex, blob)) === text;
  } catch (error) {
    if (isVerdigrisError(error, "record-corrupt")) return false;
    throw error;
  }
}

/** Creates the content store of one agent. `newId` names uploads; `format` is the one its records are written in. */
export function createContentStore(
  agent: string,
  store: Store,
  newId: () => string,
  format: () => number = () => 1,
): ContentStore {
  const keys = agentKeys(agent);

  const upload = async (hex: string, text: string): Promise<{ upload: string; chunks: number }> => {
    const id = newId();
    const chunks = chunksOf(text);
    for (let at = 0; at < chunks.length; at += chunksPerCommit) {
      const ops = chunks.slice(at, at + chunksPerCommit).map((part, i): StoreOp => {
        const value = JSON.stringify({ v: format(), text: part } satisfies ChunkRecord);
        return { op: "put", key: keys.chunk(hex, id, at + i), rev: 0, value };
      });
      // The upload's name is its own, so a lost reply may be repeated: the second one finds its chunks there.
      await store.commit(ops).catch(async (error: unknown) => {
        if (!isVerdigrisError(error, "store-indeterminate")) throw error;
        await store.commit(ops);
      });
    }
    return { upload: id, chunks: chunks.length };
  };
  const headerOp = async (text: string, entry: StoreEntry | null, bundle: BundleId): Promise<StoreOp> => {
    const hex = hexOf(digestOf(text));
    const key = keys.blob(hex);
    if (entry === null) {
      const record: BlobRecord = { v: format(), ...(await upload(hex, text)), bundle };
      return { op: "put", key, rev: 0, value: JSON.stringify(record) };
    }
    const record = decodeRecord<BlobRecord>(key, entry.value);
    // What was damaged is replaced here; otherwise no bundle with this text could ever be loaded again.
    const mended = (await isWhole(store, keys, hex, record, text)) ? {} : await upload(hex, text);
    return { op: "put", key, rev: entry.rev, value: JSON.stringify({ ...record, ...mended, bundle }) };
  };

  return {
    async read(digest) {
      const key = keys.blob(hexOf(digest));
      const header = (await store.get([key])).entries[0] ?? null;
      if (header === null) return null;
      const text = await joinChunks(store, keys, hexOf(digest), decodeRecord<BlobRecord>(key, header.value));
      if (digestOf(text) === digest) return text;
      // A clean-up between the two reads took it away, or somebody changed it.
      const now = (await store.get([key])).entries[0] ?? null;
      if (now?.rev !== header.rev) return null;
      throw new VerdigrisError(
        "digest-mismatch",
        `the stored content of ${digest} is not what its digest says: register its bundle again with its contents`,
        { agent, digest },
      );
    },
    async prepare(texts, bundle) {
      for (const text of texts) checkText(text);
      const distinct = [...new Map(texts.map((text) => [digestOf(text), text])).entries()];
      if (distinct.length > storeLimits.opsPerCommit - 2) {
        throw new InvalidArgumentError(
          "contents",
          `may hold ${storeLimits.opsPerCommit - 2} texts, got ${distinct.length}`,
        );
      }
      const { entries } = await store.get(distinct.map(([digest]) => keys.blob(hexOf(digest))));
      const ops: StoreOp[] = [];
      for (const [i, [, text]] of distinct.entries())
        ops.push(await headerOp(text, entries[i] ?? null, bundle));
      return ops;
    },
  };
}
