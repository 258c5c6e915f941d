import { type BundleId, isVerdigrisError } from "@verdigris/contracts";
import type { LayerView, StateCheck } from "./agent-state.ts";
import { baseLayer, chainOf, headOf, type Lineage, layerOf } from "./lineage.ts";
import { requireReadable } from "./lineage-moves.ts";
import { canRead, type SchemaRange, unreadable } from "./schema-range.ts";

/** The answer of a check that throws `schema-unreadable`. */
function answerOf(check: () => void): StateCheck {
  try {
    check();
    return { ok: true };
  } catch (error) {
    if (!(isVerdigrisError(error) && error.code === "schema-unreadable")) throw error;
    const { found } = error.details as { readonly found: readonly number[] };
    return { ok: false, reason: error.message, found };
  }
}

/** Refuses a rollback that would hand on what the bundle below cannot read; `schema-unreadable`. */
export function requireCarryReadable(lineage: Lineage, bundle: BundleId): void {
  const { parent, schema } = layerOf(lineage, headOf(lineage, bundle));
  const below = parent === null || parent === baseLayer ? null : layerOf(lineage, parent);
  if (below?.schema === undefined || schema === undefined || canRead(below.schema, schema.writes)) return;
  throw unreadable(`${below.bundle} cannot take over what ${bundle} carries`, below.schema, [schema.writes]);
}

/** Whether a bundle with `schema` could go on from the memory of `from`. */
export function checkSwitch(lineage: Lineage, from: BundleId | null, schema: SchemaRange): StateCheck {
  const chain = from === null ? [baseLayer] : chainOf(lineage, headOf(lineage, from));
  const what = `the memory of ${from ?? "what was promoted"} cannot be gone on from`;
  return answerOf(() => requireReadable(lineage, chain, schema, what));
}

/** Whether what a rollback of `bundle` hands on could be read. */
export function checkRollback(lineage: Lineage, bundle: BundleId): StateCheck {
  return answerOf(() => requireCarryReadable(lineage, bundle));
}

/** Every layer, oldest first. */
export function viewLayers(lineage: Lineage): readonly LayerView[] {
  const views = Object.entries(lineage.layers).map(([id, layer]): LayerView => {
    const { bundle, state, since, until = null, schema = null } = layer;
    return { id, bundle, state, since, until, chain: chainOf(lineage, id), schema };
  });
  return views.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}
