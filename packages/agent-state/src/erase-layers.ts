import type { Clock } from "@verdigris/contracts";
import type { StateBacking } from "./backing.ts";
import { type EraseRequest, isErased } from "./erasure.ts";
import { removeRows } from "./fold-rows.ts";
import { layerPrefix, namespacePrefix, subjectPrefix } from "./key-text.ts";
import { baseLayer, type ErasureRecord, type LayerId, type Lineage } from "./lineage.ts";
import type { LineageRegistry } from "./registry.ts";

/** What erasing works with. */
export interface EraseParts {
  readonly backing: StateBacking;
  readonly registry: LineageRegistry;
  readonly clock: Clock;
}

/** The narrowest prefix that holds every row the request names in `layer`. */
function prefixOf({ namespace, subject }: EraseRequest, layer: LayerId): string {
  if (namespace === undefined) return layerPrefix(layer);
  return subject === undefined ? namespacePrefix(layer, namespace) : subjectPrefix(layer, namespace, subject);
}

/** Every layer that may hold rows, those being removed included. */
function layersWithRows(lineage: Lineage): readonly LayerId[] {
  const leaving = lineage.jobs.flatMap((job) => (job.kind === "clean" ? job.layers : []));
  return [...new Set([baseLayer, ...Object.keys(lineage.layers), ...leaving])];
}

async function count(backing: StateBacking, erasure: ErasureRecord, layer: LayerId): Promise<number> {
  let found = 0;
  for await (const { rows } of backing.scan(prefixOf(erasure, layer))) {
    found += rows.filter(({ key }) => isErased(erasure, layer, key)).length;
  }
  return found;
}

function changed(lineage: Lineage, id: string, change: (erasure: ErasureRecord) => ErasureRecord): Lineage {
  const erasures = lineage.erasures.map((erasure) => (erasure.id === id ? change(erasure) : erasure));
  return { ...lineage, erasures };
}

/** Records what is to be erased: from here on no job copies it, and another process can go on with it. */
export async function recordErasure(
  { registry, clock }: EraseParts,
  id: string,
  { subject, namespace, prefix }: EraseRequest,
): Promise<void> {
  const what = {
    ...(subject === undefined ? {} : { subject }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(prefix === undefined ? {} : { prefix }),
  };
  const erasure: ErasureRecord = { id, ...what, at: clock.now(), found: {}, done: false };
  await registry.move((lineage) => ({ ...lineage, erasures: [...lineage.erasures, erasure] }));
}

/** Counts first and removes then, so that a removal cut short still says what there was. Safe to repeat. */
export async function eraseLayers(parts: EraseParts, id: string): Promise<ErasureRecord["found"]> {
  const { backing, registry } = parts;
  let found: Record<LayerId, number> = {};
  const { lineage } = await registry.reload();
  for (const layer of layersWithRows(lineage)) {
    const erasure = (await registry.reload()).lineage.erasures.find((other) => other.id === id);
    if (erasure === undefined) break;
    found = { ...erasure.found };
    if (found[layer] === undefined) {
      found[layer] = await count(backing, erasure, layer);
      const noted = found;
      await registry.move((now) => changed(now, id, (other) => ({ ...other, found: noted })));
    }
    await removeRows(backing, prefixOf(erasure, layer), (row) => isErased(erasure, layer, row));
  }
  await registry.move((now) => changed(now, id, (other) => ({ ...other, done: true })));
  return found;
}

/** Forgets erasures that no job under way could undo. */
export async function forgetErasures({ registry }: EraseParts): Promise<void> {
  await registry.move((lineage) => {
    if (lineage.jobs.length > 0 || lineage.erasures.every(({ done }) => !done)) return lineage;
    return { ...lineage, erasures: lineage.erasures.filter(({ done }) => !done) };
  });
}
