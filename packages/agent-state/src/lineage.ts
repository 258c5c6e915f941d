import { type BundleId, decodeRecord, recordVersion, VerdigrisError } from "@verdigris/contracts";
import type { SchemaRange } from "./schema-range.ts";

/** Names a layer: `base`, or the bundle that writes it and a number that is never used again. */
export type LayerId = string;

/** The bottom of every chain: what was promoted, and what was there before the first release. */
export const baseLayer: LayerId = "base";

/**
 * `open`: its bundle reads and writes it. `parked`: rolled back; the bundle's last runs may still write it, nobody reads
 * through it. `folding`: closed for good, being folded into the base. `dropped`: its rows are being removed.
 */
export type LayerState = "open" | "parked" | "folding" | "dropped";

/** One layer of the memory, as it is recorded. */
export interface LayerRecord {
  readonly bundle: BundleId;
  /** What it reads through to; null where a bundle has its own keys only. */
  readonly parent: LayerId | null;
  readonly state: LayerState;
  /** Wall-clock time (ms) since which it is in this state. */
  readonly since: number;
  /** When a parked layer is dropped by itself. */
  readonly until?: number;
  readonly schema?: SchemaRange;
}

/** Work under way that another process can take up. */
export type StateJob =
  | {
      readonly kind: "promote";
      readonly bundle: BundleId;
      readonly fold: readonly LayerId[];
      readonly settled: number;
      readonly cursor?: string;
    }
  | { readonly kind: "carry"; readonly layer: LayerId; readonly settled: number }
  | { readonly kind: "clean"; readonly layers: readonly LayerId[]; readonly settled: number };

/** A removal that every layer must see, and every job under way when it was asked for. */
export interface ErasureRecord {
  readonly id: string;
  readonly subject?: string;
  readonly namespace?: string;
  readonly prefix?: string;
  readonly at: number;
  /** Rows found per layer, kept so that a removal that was cut short still counts them. */
  readonly found: Readonly<Record<LayerId, number>>;
  readonly done: boolean;
}

/** The one record of which layer belongs to whom; in the backing under `lineage`. */
export interface Lineage {
  readonly v: number;
  /** Counts changes, so that no two records read the same. */
  readonly revision: number;
  readonly layers: Readonly<Record<LayerId, LayerRecord>>;
  /** The layer each bundle writes. */
  readonly heads: Readonly<Record<BundleId, LayerId>>;
  /** Schema versions that the base may hold. */
  readonly baseSchemas: readonly number[];
  readonly jobs: readonly StateJob[];
  readonly erasures: readonly ErasureRecord[];
}

/** The lineage of a memory nobody has written. */
const emptyLineage: Lineage = {
  v: recordVersion,
  revision: 0,
  layers: {},
  heads: {},
  baseSchemas: [],
  jobs: [],
  erasures: [],
};

/** Reads the record; an absent one is empty. Throws `record-too-new` and `record-corrupt`. */
export function decodeLineage(text: string | undefined): Lineage {
  return text === undefined ? emptyLineage : { ...emptyLineage, ...decodeRecord<Lineage>("lineage", text) };
}

/** The layer `bundle` writes; throws `layer-unknown`. */
export function headOf(lineage: Lineage, bundle: BundleId): LayerId {
  const head = Object.hasOwn(lineage.heads, bundle) ? lineage.heads[bundle] : undefined;
  if (head !== undefined) return head;
  const message = `${bundle} has no layer in this memory: branch({ bundle, from }) before its runs read or write it`;
  throw new VerdigrisError("layer-unknown", message, { bundle });
}

/** The record of a layer that must be there. */
export function layerOf(lineage: Lineage, id: LayerId): LayerRecord {
  const layer = Object.hasOwn(lineage.layers, id) ? lineage.layers[id] : undefined;
  if (layer !== undefined) return layer;
  throw broken(lineage, id, `the layer ${id} is named and is not there`);
}

/** The layer named, which must be one of `bundle`, or the one it writes; throws `layer-unknown`. */
export function layerOfBundle(lineage: Lineage, bundle: BundleId, layer: LayerId | undefined): LayerId {
  if (layer === undefined) return headOf(lineage, bundle);
  const known = Object.hasOwn(lineage.layers, layer) ? lineage.layers[layer] : undefined;
  if (known?.bundle === bundle && known.state !== "dropped") return layer;
  const message = `${bundle} has no layer ${layer}: layers() names those there are`;
  throw new VerdigrisError("layer-unknown", message, { bundle, layer });
}

function broken(lineage: Lineage, id: LayerId, problem: string): VerdigrisError {
  const message = `${problem}: the lineage of this memory (revision ${lineage.revision}) was damaged, and nothing is read through it`;
  return new VerdigrisError("layer-chain-broken", message, { layer: id, revision: lineage.revision });
}

/** The layers a reader of `id` looks through, its own first. Throws `layer-chain-broken` for a cycle or a gap. */
export function chainOf(lineage: Lineage, id: LayerId): readonly LayerId[] {
  const chain: LayerId[] = [];
  const seen = new Set<LayerId>();
  for (let at: LayerId | null = id; at !== null; at = at === baseLayer ? null : layerOf(lineage, at).parent) {
    if (seen.has(at)) throw broken(lineage, at, `the layer ${at} stands on itself`);
    seen.add(at);
    chain.push(at);
  }
  return chain;
}

/** Layers that read through `id`, nearest first. */
export function layersOn(lineage: Lineage, id: LayerId): readonly LayerId[] {
  return Object.keys(lineage.layers).filter((other) => other !== id && chainOf(lineage, other).includes(id));
}

/** An id for a new layer of `bundle`: the revision makes it one that was never used. */
export function newLayerId(lineage: Lineage, bundle: BundleId): LayerId {
  return `${bundle}.${lineage.revision + 1}`;
}
