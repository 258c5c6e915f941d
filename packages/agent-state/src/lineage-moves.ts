import { type BundleId, VerdigrisError } from "@verdigris/contracts";
import {
  baseLayer,
  chainOf,
  headOf,
  type LayerId,
  type LayerRecord,
  type Lineage,
  layerOf,
  layersOn,
  newLayerId,
  type StateJob,
} from "./lineage.ts";
import { canRead, type SchemaRange, unreadable } from "./schema-range.ts";

/** Schema versions that may be met by a reader of `chain`. */
function schemasIn(lineage: Lineage, chain: readonly LayerId[]): readonly number[] {
  const found = new Set<number>();
  for (const id of chain) {
    if (id === baseLayer) for (const version of lineage.baseSchemas) found.add(version);
    else {
      const writes = layerOf(lineage, id).schema?.writes;
      if (writes !== undefined) found.add(writes);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** Refuses a reader that could not read what stands in `chain`; `schema-unreadable`. */
export function requireReadable(
  lineage: Lineage,
  chain: readonly LayerId[],
  schema: SchemaRange | undefined,
  what: string,
): void {
  if (schema === undefined) return;
  const foreign = schemasIn(lineage, chain).filter((version) => !canRead(schema, version));
  if (foreign.length > 0) throw unreadable(what, schema, foreign);
}

function withLayers(
  lineage: Lineage,
  layers: Readonly<Record<LayerId, LayerRecord>>,
  rest: Partial<Pick<Lineage, "heads" | "jobs" | "baseSchemas">> = {},
): Lineage {
  return { ...lineage, ...rest, layers: { ...lineage.layers, ...layers } };
}

function without<T>(record: Readonly<Record<string, T>>, ids: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([id]) => !ids.includes(id)));
}

/** What a new layer of `bundle` is to stand on. */
export interface BranchRequest {
  readonly bundle: BundleId;
  /** The bundle whose memory it goes on from; null: from what was promoted. */
  readonly from: BundleId | null;
  readonly schema?: SchemaRange;
  readonly mode: "version" | "segment";
  readonly at: number;
}

/** Refuses to stand on what was rolled back, and on a base that is changing under whoever does not stand on the promoted. */
function requireSteady(lineage: Lineage, parent: LayerId, bundle: BundleId): void {
  const chain = chainOf(lineage, parent);
  const away = chain.find((id) => id !== baseLayer && layerOf(lineage, id).state === "parked");
  if (away !== undefined)
    throw frozen(layerOf(lineage, away).bundle, `was rolled back, so ${bundle} cannot go on from it`);
  const promotion = lineage.jobs.find(
    (job) => job.kind === "promote" && chain.includes(baseLayer) && !chain.includes(job.fold.at(-1) ?? ""),
  );
  if (promotion?.kind !== "promote") return;
  const message = `${bundle} would see the memory of ${promotion.bundle} appear, which is being promoted: resume() first, or go on from ${promotion.bundle}`;
  throw new VerdigrisError("layer-in-use", message, { bundle, inUse: [promotion.bundle] });
}

/** A new layer for a bundle. The same lineage where it has an open one. */
export function branchLineage(lineage: Lineage, request: BranchRequest): Lineage {
  const { bundle, from, schema, mode, at } = request;
  const current = Object.hasOwn(lineage.heads, bundle) ? layerOf(lineage, headOf(lineage, bundle)) : null;
  if (current?.state === "open") return lineage;
  const through = from === null ? baseLayer : headOf(lineage, from);
  const parent = mode === "segment" ? null : through;
  if (parent !== null) requireSteady(lineage, parent, bundle);
  if (parent !== null)
    requireReadable(
      lineage,
      chainOf(lineage, parent),
      schema,
      `${bundle} cannot go on from ${from ?? "what was promoted"}`,
    );
  const id = newLayerId(lineage, bundle);
  const layer: LayerRecord = {
    bundle,
    parent,
    state: "open",
    since: at,
    ...(schema === undefined ? {} : { schema }),
  };
  return withLayers(lineage, { [id]: layer }, { heads: { ...lineage.heads, [bundle]: id } });
}

/** The layers that go with `bundle` when it is rolled back: its own, and those that read through it. */
function lineOf(lineage: Lineage, bundle: BundleId): readonly LayerId[] {
  const head = headOf(lineage, bundle);
  return [head, ...layersOn(lineage, head)];
}

/**
 * Parks the layer of `bundle` and those on top of it, and hands on what `carries` to the layer below. Nothing reads
 * through a parked layer, so what blue reads is what it would read had green never run.
 */
export function parkLineage(
  lineage: Lineage,
  {
    bundle,
    at,
    until,
    carries,
  }: { readonly bundle: BundleId; readonly at: number; readonly until: number; readonly carries: boolean },
): Lineage {
  const head = headOf(lineage, bundle);
  const { state, parent } = layerOf(lineage, head);
  const isFolding = (id: LayerId) => id !== baseLayer && layerOf(lineage, id).state === "folding";
  if (state === "folding" || (parent !== null && isFolding(parent)))
    throw frozen(bundle, "is being folded down: its release is final");
  const layers: Record<LayerId, LayerRecord> = {};
  for (const id of lineOf(lineage, bundle)) {
    const layer = layerOf(lineage, id);
    if (layer.state === "open") layers[id] = { ...layer, state: "parked", since: at, until };
  }
  const known = lineage.jobs.some((job) => job.kind === "carry" && job.layer === head);
  const job: StateJob | null =
    carries && parent !== null && !known ? { kind: "carry", layer: head, settled: at } : null;
  return withLayers(lineage, layers, job === null ? {} : { jobs: [...lineage.jobs, job] });
}

function frozen(bundle: BundleId, problem: string): VerdigrisError {
  return new VerdigrisError("layer-frozen", `the memory of ${bundle} ${problem}`, { bundle });
}

/** Takes a layer and those on it out of use; their rows are removed by the job this leaves. */
export function dropLineage(lineage: Lineage, ids: readonly LayerId[], at: number, settled: number): Lineage {
  const all = [...new Set(ids.flatMap((id) => [id, ...layersOn(lineage, id)]))];
  const layers: Record<LayerId, LayerRecord> = {};
  for (const id of all) {
    const layer = layerOf(lineage, id);
    if (layer.state === "folding") throw frozen(layer.bundle, "is being folded down: its release is final");
    layers[id] = { ...layer, state: "dropped", since: at };
  }
  const heads = Object.fromEntries(Object.entries(lineage.heads).filter(([, id]) => !all.includes(id)));
  const waiting = lineage.jobs.filter((job) => !(job.kind === "carry" && all.includes(job.layer)));
  return withLayers(lineage, layers, { heads, jobs: [...waiting, { kind: "clean", layers: all, settled }] });
}

/** Open layers of other bundles that would see the base change under them. */
function bystanders(lineage: Lineage, chain: readonly LayerId[]): readonly LayerRecord[] {
  const head = chain[0] as LayerId;
  const own = new Set([...chain, ...layersOn(lineage, head)]);
  return Object.entries(lineage.layers)
    .filter(
      ([id, layer]) => !own.has(id) && layer.state === "open" && chainOf(lineage, id).includes(baseLayer),
    )
    .map(([, layer]) => layer);
}

/**
 * Closes everything from the layer of `bundle` down to the base, and gives the bundle a new layer on top: what is closed
 * can be copied while the bundle goes on reading and writing. Bundles below it have been drained, so their writes are
 * refused from here on. Throws `layer-in-use` while another bundle's open layer reads through the base.
 */
export function beginPromotion(lineage: Lineage, bundle: BundleId, at: number, settled: number): Lineage {
  const head = headOf(lineage, bundle);
  if (lineage.jobs.some((job) => job.kind === "promote" && job.bundle === bundle)) return lineage;
  const chain = chainOf(lineage, head);
  const { state, schema } = layerOf(lineage, head);
  if (state !== "open") throw frozen(bundle, `is ${state}, so it cannot be promoted`);
  if (!chain.includes(baseLayer))
    throw frozen(bundle, "has its own keys only (segment): there is nothing to fold it into");
  const others = bystanders(lineage, chain);
  if (others.length > 0) {
    const names = others.map((layer) => layer.bundle);
    const message = `${names.join(", ")} would see the memory of ${bundle} appear: roll back or drop what is open on the same base first`;
    throw new VerdigrisError("layer-in-use", message, { bundle, inUse: names });
  }
  const carrying = lineage.jobs.some(
    (job) => job.kind === "carry" && chain.includes(layerOf(lineage, job.layer).parent ?? ""),
  );
  if (carrying) {
    const message = `what a rolled-back bundle carries over is still being copied under ${bundle}: resume() first`;
    throw new VerdigrisError("layer-in-use", message, { bundle });
  }
  const fold = chain.filter((id) => id !== baseLayer).reverse();
  const next = newLayerId(lineage, bundle);
  const layers: Record<LayerId, LayerRecord> = {};
  for (const id of fold) layers[id] = { ...layerOf(lineage, id), state: "folding", since: at };
  for (const id of Object.keys(lineage.layers)) {
    const layer = layerOf(lineage, id);
    if (layer.parent === head) layers[id] = { ...layer, parent: next };
  }
  layers[next] = {
    bundle,
    parent: head,
    state: "open",
    since: at,
    ...(schema === undefined ? {} : { schema }),
  };
  const job: StateJob = { kind: "promote", bundle, fold, settled };
  return withLayers(lineage, layers, {
    heads: { ...lineage.heads, [bundle]: next },
    jobs: [...lineage.jobs, job],
  });
}

/** The layers of a promotion are in the base: nobody reads them any more, and their rows may go. */
export function endPromotion(
  lineage: Lineage,
  job: StateJob & { readonly kind: "promote" },
  settled: number,
): Lineage {
  const layers: Record<LayerId, LayerRecord> = {};
  for (const [id, layer] of Object.entries(lineage.layers)) {
    const onFolded = layer.parent !== null && job.fold.includes(layer.parent);
    layers[id] = onFolded ? { ...layer, parent: baseLayer } : layer;
  }
  const heads = Object.fromEntries(Object.entries(lineage.heads).filter(([, id]) => !job.fold.includes(id)));
  const baseSchemas = schemasIn(lineage, [baseLayer, ...job.fold]);
  const jobs: StateJob[] = lineage.jobs.filter(
    (other) => !(other.kind === "promote" && other.bundle === job.bundle),
  );
  jobs.push({ kind: "clean", layers: job.fold, settled });
  return { ...lineage, layers: without(layers, job.fold), heads, baseSchemas, jobs };
}

/** A job without work left, and the layers it removed. */
export function endJob(lineage: Lineage, isIt: (job: StateJob) => boolean): Lineage {
  const gone = lineage.jobs.filter(isIt).flatMap((job) => (job.kind === "clean" ? job.layers : []));
  return {
    ...lineage,
    layers: without(lineage.layers, gone),
    jobs: lineage.jobs.filter((job) => !isIt(job)),
  };
}
