import { InvalidArgumentError, type JsonValue } from "@verdigris/contracts";
import type { StateChange } from "./backing.ts";
import { encodeGone, encodeValue, isAbsent } from "./entry.ts";
import { addressOf, keyPrefixText, keyText } from "./key-text.ts";
import { listThrough, readThrough, type SeenRow } from "./layered-rows.ts";
import type { ListMemory, Memory, MemoryEntry, SetMemory } from "./memory.ts";
import { type MemoryParts, type Standing, sourceOf, standingOf, writeStanding } from "./memory-parts.ts";
import { canRead, unreadable } from "./schema-range.ts";

function checkTtl(ttlMs: number | undefined): void {
  if (ttlMs === undefined || (Number.isFinite(ttlMs) && ttlMs > 0)) return;
  throw new InvalidArgumentError("ttlMs", `must be a number of milliseconds above 0, got ${ttlMs}`);
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000) return;
  throw new InvalidArgumentError("limit", `must be a whole number from 1 to 1,000, got ${limit}`);
}

/** The value a row has for this bundle; undefined where it has none any more. Throws `schema-unreadable`. */
function read(parts: MemoryParts, { schema }: Standing, seen: SeenRow | undefined): JsonValue | undefined {
  if (seen === undefined || isAbsent(seen.entry, parts.clock.now())) return undefined;
  if (schema !== undefined && !canRead(schema, seen.entry.schema)) {
    const what = `${parts.bundle} cannot read ${JSON.stringify(addressOf(seen.layer, seen.row.key).key)}`;
    throw unreadable(what, schema, [seen.entry.schema ?? 0]);
  }
  return seen.entry.value;
}

async function getMany(
  parts: MemoryParts,
  keys: readonly string[],
): Promise<readonly (JsonValue | undefined)[]> {
  const standing = await standingOf(parts);
  const rows = keys.map((key) => standing.rows + keyText(key));
  const seen = await readThrough(sourceOf(parts), standing.chain, rows);
  return seen.map((row) => read(parts, standing, row));
}

async function setMany(parts: MemoryParts, entries: readonly (MemoryEntry & SetMemory)[]): Promise<void> {
  for (const { ttlMs } of entries) checkTtl(ttlMs);
  const at = parts.clock.now();
  await writeStanding(parts, async ({ rows, layer, schema }) => {
    // A row that hides another must outlive its value, or what it hides would come back.
    const hides = layer.parent !== null;
    return entries.map(({ key, value, ttlMs }): StateChange => {
      const expires = ttlMs === undefined ? {} : { expires: at + ttlMs };
      const version = schema === undefined ? {} : { schema: schema.writes };
      const text = encodeValue(key, value, { at, ...expires, ...version });
      return { key: rows + keyText(key), text, ...(ttlMs === undefined || hides ? {} : { ttlMs }) };
    });
  });
}

async function deleteMany(parts: MemoryParts, keys: readonly string[]): Promise<number> {
  // In which layer, over all attempts: one that was cut short by a move of the lineage may have deleted some already.
  const deleted = new Map<string, string>();
  await writeStanding(parts, async ({ rows, chain }) => {
    const now = parts.clock.now();
    const wanted = [...new Set(keys)].map((key) => rows + keyText(key));
    const seen = await readThrough(sourceOf(parts), chain, wanted);
    const found = wanted.filter((key, index) => {
      const row = seen[index];
      const present = row !== undefined && !isAbsent(row.entry, now);
      const name = key.slice(rows.length);
      if (present) deleted.set(name, chain[0] as string);
      // Gone meanwhile, and not by an earlier attempt: it was somebody else's delete, and hides nothing here.
      else if (chain.length > 1 && row?.layer !== deleted.get(name)) deleted.delete(name);
      return present;
    });
    const text = chain.length > 1 ? encodeGone(now) : null;
    return found.map((key) => ({ key, text }));
  });
  return deleted.size;
}

async function list(
  parts: MemoryParts,
  { prefix = "", after, limit = 100 }: ListMemory,
): Promise<readonly MemoryEntry[]> {
  checkLimit(limit);
  const standing = await standingOf(parts);
  const { rows, chain } = standing;
  const page = { after: after === undefined ? undefined : rows + keyText(after), likely: limit };
  const entries: MemoryEntry[] = [];
  for await (const seen of listThrough(sourceOf(parts), chain, rows + keyPrefixText(prefix), page)) {
    const value = read(parts, standing, seen);
    if (value !== undefined) entries.push({ key: addressOf(seen.layer, seen.row.key).key, value });
    if (entries.length === limit) break;
  }
  return entries;
}

/** Reads and writes through the layers of one bundle. */
export function createMemory(parts: MemoryParts): Memory {
  return {
    get: async (key) => (await getMany(parts, [key]))[0],
    getMany: (keys) => getMany(parts, keys),
    has: async (key) => (await getMany(parts, [key]))[0] !== undefined,
    set: (key, value, options) => setMany(parts, [{ key, value, ...options }]),
    setMany: (entries) => setMany(parts, entries),
    delete: async (key) => (await deleteMany(parts, [key])) === 1,
    deleteMany: (keys) => deleteMany(parts, keys),
    list: (options) => list(parts, options ?? {}),
  };
}
