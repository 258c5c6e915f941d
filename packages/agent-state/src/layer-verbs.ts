import { type BundleId, requireId } from "@verdigris/contracts";
import type { AgentState, JobOptions } from "./agent-state.ts";
import { eraseLayers, forgetErasures } from "./erase-layers.ts";
import { chainOf, headOf, layerOf } from "./lineage.ts";
import { beginPromotion, branchLineage, dropLineage, parkLineage } from "./lineage-moves.ts";
import type { LineageRegistry } from "./registry.ts";
import { requireSchemaRange } from "./schema-range.ts";
import { requireCarryReadable } from "./state-checks.ts";
import { type JobParts, runJobs } from "./state-jobs.ts";
import type { StateSettings } from "./state-options.ts";

/** What moves layers, and what is done because of it. */
export type LayerVerbs = Pick<AgentState, "branch" | "rollback" | "drop" | "promote" | "resume">;

/** Erasures that were cut short are finished before anything is copied. */
async function finishErasures(settings: StateSettings, registry: LineageRegistry): Promise<number> {
  const { lineage } = await registry.reload();
  const open = lineage.erasures.filter(({ done }) => !done);
  for (const erasure of open) {
    for (const erasable of settings.erasables) await erasable.erase(erasure);
    await eraseLayers({ ...settings, registry }, erasure.id);
  }
  return open.length;
}

function rollbackWith(settings: StateSettings, registry: LineageRegistry, resume: AgentState["resume"]) {
  const { clock, keepParkedMs, carriesAny } = settings;
  return async (bundle: BundleId, { carry = true }: { readonly carry?: boolean } = {}) => {
    const carries = carry && carriesAny;
    const at = clock.now();
    const until = at + keepParkedMs;
    const after = await registry.move((lineage) => {
      if (carries) requireCarryReadable(lineage, bundle);
      return parkLineage(lineage, { bundle, at, until, carries });
    });
    await resume();
    const head = headOf(after, bundle);
    const parked = Object.keys(after.layers).filter((id) => chainOf(after, id).includes(head));
    return {
      parked: parked.map((id) => layerOf(after, id).bundle),
      until: layerOf(after, head).until ?? until,
    };
  };
}

/** The verbs over `registry`; each finishes what is under way before it resolves. */
export function createLayerVerbs(settings: StateSettings, registry: LineageRegistry): LayerVerbs {
  const { clock, mode, settleMs } = settings;
  const jobs: JobParts = { ...settings, registry };
  const resume = async ({ signal, onProgress }: JobOptions = {}): Promise<number> => {
    const erased = await finishErasures(settings, registry);
    const done = await runJobs({ ...jobs, signal, onProgress });
    await forgetErasures(jobs);
    return erased + done;
  };
  return {
    async branch({ bundle, from, schema }) {
      requireId("bundle", bundle);
      const range = schema === undefined ? {} : { schema: requireSchemaRange(schema) };
      await registry.move((lineage) =>
        branchLineage(lineage, { bundle, from, ...range, mode, at: clock.now() }),
      );
    },
    rollback: rollbackWith(settings, registry, resume),
    async drop(bundle) {
      const at = clock.now();
      await registry.move((lineage) => dropLineage(lineage, [headOf(lineage, bundle)], at, at + settleMs));
      await resume();
    },
    async promote(bundle, options) {
      await resume(options);
      const at = clock.now();
      await registry.move((lineage) => beginPromotion(lineage, bundle, at, at + settleMs));
      await resume(options);
    },
    resume,
  };
}
