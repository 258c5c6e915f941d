import { type BundleId, type Clock, VerdigrisError } from "@verdigris/contracts";
import type { StateBacking, StateChange, StateGuard } from "./backing.ts";
import { subjectPrefix } from "./key-text.ts";
import type { RowSource } from "./layered-rows.ts";
import { chainOf, headOf, type LayerId, type LayerRecord, layerOf } from "./lineage.ts";
import type { LineageRegistry } from "./registry.ts";
import type { SchemaRange } from "./schema-range.ts";

/** The writes of a run whose memory is thrown away, kept in this process. */
export interface Scratch extends RowSource {
  write(changes: readonly StateChange[]): void;
}

/** The layer in which the writes of a run of no consequence seem to stand. */
export const scratchLayer: LayerId = "scratch";

/** What a memory is read from and written to. */
export interface MemoryParts {
  readonly backing: StateBacking;
  readonly registry: LineageRegistry;
  readonly clock: Clock;
  readonly bundle: BundleId;
  readonly namespace: string;
  readonly subject: string | null;
  /** Gives the bundle a layer where it has none; false where nobody said what it stands on. */
  readonly grow: () => Promise<boolean>;
  /** Where a run of no consequence writes instead. */
  readonly scratch: Scratch | null;
}

/** The lineage at one moment, as the memory of one bundle needs it. */
export interface Standing {
  /** The layers looked through, the one written first. */
  readonly chain: readonly LayerId[];
  /** What the keys of this memory begin with in the first layer. */
  readonly rows: string;
  readonly layer: LayerRecord;
  readonly schema: SchemaRange | undefined;
  readonly guard: StateGuard | undefined;
}

const attempts = 4;

/** Where the bundle stands now; asked anew of the backing when `fresh`. */
export async function standingOf(parts: MemoryParts, fresh = false): Promise<Standing> {
  const { registry, bundle, namespace, subject, scratch } = parts;
  let known = fresh ? await registry.reload() : await registry.current();
  if (!Object.hasOwn(known.lineage.heads, bundle) && (await parts.grow())) known = await registry.current();
  const head = headOf(known.lineage, bundle);
  const layer = layerOf(known.lineage, head);
  const below = chainOf(known.lineage, head);
  const chain = scratch === null ? below : [scratchLayer, ...below];
  const rows = subjectPrefix(scratch === null ? head : scratchLayer, namespace, subject);
  return { chain, rows, layer, schema: layer.schema, guard: known.guard };
}

/** Refuses a layer that was closed for good; `layer-frozen`. */
export function requireWritable({ bundle, state }: LayerRecord): void {
  if (state === "open" || state === "parked") return;
  const message = `the memory of ${bundle} was closed for good when the bundle after it was promoted: finish or migrate the run`;
  throw new VerdigrisError("layer-frozen", message, { bundle, state });
}

/** Writes under the lineage as it is: again, when it moved meanwhile. */
export async function writeStanding(
  parts: MemoryParts,
  changesIn: (standing: Standing) => Promise<readonly StateChange[]>,
): Promise<void> {
  const { backing, scratch, bundle } = parts;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const standing = await standingOf(parts, attempt > 0);
    requireWritable(standing.layer);
    const changes = await changesIn(standing);
    if (scratch !== null) scratch.write(changes);
    if (scratch !== null || changes.length === 0) return;
    if ((await backing.write(changes, standing.guard)) !== null) return;
  }
  const message = `the lineage moved under ${attempts} attempts to write the memory of ${bundle}: try again`;
  throw new VerdigrisError("state-contended", message, { bundle });
}

/** Where rows are read: those of the scratch layer from this process, all others from the backing. */
export function sourceOf({ scratch, backing }: Pick<MemoryParts, "scratch" | "backing">): RowSource {
  if (scratch === null) return backing;
  const isOwn = (key: string) => key.startsWith(`layer/${scratchLayer}/`);
  return {
    async get(keys) {
      const own = keys.filter(isOwn);
      const [found, rest] = await Promise.all([
        scratch.get(own),
        backing.get(keys.filter((key) => !isOwn(key))),
      ]);
      let inOwn = 0;
      let inRest = 0;
      return keys.map((key) => (isOwn(key) ? found[inOwn++] : rest[inRest++]));
    },
    list: (prefix, options) => (isOwn(prefix) ? scratch : backing).list(prefix, options),
  };
}
