import { type BundleId, requireId, type TrafficClass } from "@verdigris/contracts";
import type { AgentState } from "./agent-state.ts";
import { cherryPick, diffLayer } from "./compare-layers.ts";
import { createMemory } from "./create-memory.ts";
import { eraseLayers, forgetErasures, recordErasure } from "./erase-layers.ts";
import { type EraseRequest, type ErasureReceipt, isErased, requireEraseRequest } from "./erasure.ts";
import { requireNamespace } from "./key-text.ts";
import { createLayerVerbs, type LayerVerbs } from "./layer-verbs.ts";
import { dropLineage } from "./lineage-moves.ts";
import { scratchLayer } from "./memory-parts.ts";
import { createLineageRegistry, type LineageRegistry } from "./registry.ts";
import { requireSchemaRange } from "./schema-range.ts";
import { createScratches, type Scratches } from "./scratch.ts";
import { checkRollback, checkSwitch, viewLayers } from "./state-checks.ts";
import { type AgentStateOptions, completeOptions, type StateSettings } from "./state-options.ts";
import { layersPastTime, removeExpired } from "./sweep-layers.ts";

/** Traffic that is not somebody's: it reads what its bundle reads, and what it writes is thrown away. */
const ofNoConsequence: ReadonlySet<TrafficClass> = new Set(["shadow", "eval", "smoke", "drill"]);

function eraseWith(settings: StateSettings, registry: LineageRegistry, scratches: Scratches) {
  const parts = { ...settings, registry };
  return async (request: EraseRequest): Promise<ErasureReceipt> => {
    requireEraseRequest(request);
    const id = settings.newId();
    await recordErasure(parts, id, request);
    const others: Record<string, number> = {};
    for (const erasable of settings.erasables) others[erasable.name] = await erasable.erase(request);
    const scratched = scratches.forget((row) => isErased(request, scratchLayer, row));
    const found = await eraseLayers(parts, id);
    await forgetErasures(parts);
    const layers = scratched === 0 ? found : { ...found, [scratchLayer]: scratched };
    const counts = [...Object.values(layers), ...Object.values(others)];
    return { id, layers, others, total: counts.reduce((sum, count) => sum + count, 0) };
  };
}

function sweepWith(
  { backing, clock, settleMs }: StateSettings,
  registry: LineageRegistry,
  verbs: LayerVerbs,
) {
  return async () => {
    const now = clock.now();
    let layers = 0;
    await registry.move((lineage) => {
      const over = layersPastTime(lineage, now);
      layers = over.length;
      return layers === 0 ? lineage : dropLineage(lineage, over, now, now + settleMs);
    });
    await verbs.resume();
    return { layers, values: await removeExpired(backing, (await registry.reload()).lineage, now) };
  };
}

/**
 * Wraps the writable memory of an agent so that each bundle writes a layer of its own. Where the backing is `fenced`, what
 * is promised holds across processes exactly; elsewhere, once `refreshMs` has passed. Nothing is read until it is used.
 */
export function createAgentState(options: AgentStateOptions): AgentState {
  const settings = completeOptions(options);
  const { backing, clock } = settings;
  const registry = createLineageRegistry(backing, clock, settings.refreshMs);
  const scratches = createScratches(settings.maxScratches);
  const verbs = createLayerVerbs(settings, registry);
  const lineageNow = async () => (await registry.reload()).lineage;
  const grow = async (bundle: BundleId): Promise<boolean> => {
    if (settings.lineage === undefined) return false;
    await verbs.branch({ bundle, from: await settings.lineage(bundle) });
    return true;
  };

  return {
    ...verbs,
    memory({ bundle, run, class: trafficClass }, { namespace = "memory", subject } = {}) {
      requireId("bundle", bundle);
      requireNamespace(namespace);
      const scratch = ofNoConsequence.has(trafficClass) ? scratches.of(run) : null;
      const place = { bundle, namespace, subject: subject ?? null, scratch };
      return createMemory({ backing, registry, clock, ...place, grow: () => grow(bundle) });
    },
    discard: scratches.discard,
    checkSwitch: async ({ from, schema }) =>
      checkSwitch(await lineageNow(), from, requireSchemaRange(schema)),
    async checkRollback(bundle) {
      const lineage = await lineageNow();
      return settings.carriesAny ? checkRollback(lineage, bundle) : { ok: true };
    },
    layers: async () => viewLayers(await lineageNow()),
    diff: (bundle, { layer } = {}) => diffLayer({ ...settings, registry }, bundle, layer),
    cherryPick: (pick) => cherryPick({ ...settings, registry }, pick),
    erase: eraseWith(settings, registry, scratches),
    sweep: sweepWith(settings, registry, verbs),
  };
}
