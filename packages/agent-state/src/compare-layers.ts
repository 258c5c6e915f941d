import { type BundleId, type Clock, InvalidArgumentError, type JsonValue } from "@verdigris/contracts";
import type { StateBacking, StateChange } from "./backing.ts";
import { isAbsent, type StateEntry } from "./entry.ts";
import { isErased } from "./erasure.ts";
import { addressOf, layerPrefix, requireNamespace, rowIn, rowKey, type StateAddress } from "./key-text.ts";
import { listThrough, readThrough, type SeenRow } from "./layered-rows.ts";
import { chainOf, headOf, type LayerId, type Lineage, layerOf, layerOfBundle } from "./lineage.ts";
import { requireWritable } from "./memory-parts.ts";
import type { LineageRegistry } from "./registry.ts";
import { canRead, unreadable } from "./schema-range.ts";

/** One key on which a layer differs from what lies below it. */
export interface StateDifference extends StateAddress {
  readonly change: "added" | "changed" | "deleted";
  /** What the lineage below has; absent for `added`. */
  readonly before?: JsonValue;
  /** What the layer has; absent for `deleted`. */
  readonly after?: JsonValue;
}

interface CompareParts {
  readonly backing: StateBacking;
  readonly registry: LineageRegistry;
  readonly clock: Clock;
}

function presentValue(entry: StateEntry | undefined, now: number): JsonValue | undefined {
  return entry === undefined || isAbsent(entry, now) ? undefined : entry.value;
}

function differ(
  address: StateAddress,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): StateDifference | null {
  if (after === undefined) return before === undefined ? null : { ...address, change: "deleted", before };
  if (before === undefined) return { ...address, change: "added", after };
  return JSON.stringify(before) === JSON.stringify(after)
    ? null
    : { ...address, change: "changed", before, after };
}

/** Rows that are compared in one call of the backing. */
const comparedRows = 100;

/** What the layer of `bundle`, parked or open, says otherwise than the lineage it stands on, in the order of the keys. */
export async function* diffLayer(
  { backing, registry, clock }: CompareParts,
  bundle: BundleId,
  layer?: LayerId,
): AsyncGenerator<StateDifference, void> {
  const { lineage } = await registry.reload();
  const head = layerOfBundle(lineage, bundle, layer);
  const below = chainOf(lineage, head).slice(1);
  const now = clock.now();
  const compare = async (rows: readonly SeenRow[]): Promise<readonly (StateDifference | null)[]> => {
    const top = below[0];
    const names = rows.map(({ row }) => (top === undefined ? row.key : rowIn(top, row.key, head)));
    const under = top === undefined ? [] : await readThrough(backing, below, names);
    return rows.map(({ row, entry }, at) =>
      differ(addressOf(head, row.key), presentValue(under[at]?.entry, now), presentValue(entry, now)),
    );
  };
  let page: SeenRow[] = [];
  for await (const seen of listThrough(backing, [head], layerPrefix(head))) {
    page.push(seen);
    if (page.length < comparedRows) continue;
    yield* (await compare(page)).filter((found) => found !== null);
    page = [];
  }
  yield* (await compare(page)).filter((found) => found !== null);
}

/** What became of the keys that were asked for. */
export interface CherryPick {
  readonly picked: number;
  /** Keys the layer does not hold: never written there, or erased. */
  readonly missing: readonly StateAddress[];
}

function requireAddress({ namespace, subject, key }: StateAddress): StateAddress {
  requireNamespace(namespace);
  return { namespace, subject, key };
}

function pickOf(
  lineage: Lineage,
  seen: SeenRow | undefined,
  from: string,
  into: string,
  address: StateAddress,
): StateChange | null {
  if (seen === undefined || lineage.erasures.some((erasure) => isErased(erasure, from, seen.row.key)))
    return null;
  const { schema, bundle } = layerOf(lineage, into);
  if (schema !== undefined && !canRead(schema, seen.entry.schema))
    throw unreadable(`${bundle} cannot take over ${address.key}`, schema, [seen.entry.schema ?? 0]);
  return { key: rowKey(into, address), text: seen.row.text };
}

/** Copies keys of one bundle's layer into another's, deletes as deletes. Throws `schema-unreadable` before it copies any. */
export async function cherryPick(
  { backing, registry }: CompareParts,
  {
    from,
    layer,
    into,
    keys,
  }: {
    readonly from: BundleId;
    readonly layer?: LayerId;
    readonly into: BundleId;
    readonly keys: readonly StateAddress[];
  },
): Promise<CherryPick> {
  if (!Array.isArray(keys) || keys.length === 0)
    throw new InvalidArgumentError("keys", "must name at least one key");
  const wanted = keys.map(requireAddress);
  for (;;) {
    const { lineage, guard } = await registry.reload();
    const source = layerOfBundle(lineage, from, layer);
    const target = headOf(lineage, into);
    requireWritable(layerOf(lineage, target));
    const seen = await readThrough(
      backing,
      [source],
      wanted.map((address) => rowKey(source, address)),
    );
    const changes = wanted.map((address, index) => pickOf(lineage, seen[index], source, target, address));
    const missing = wanted.filter((_, index) => changes[index] === null);
    const found = changes.filter((change) => change !== null);
    if (found.length === 0 || (await backing.write(found, guard)) !== null)
      return { picked: found.length, missing };
  }
}
