import { type BundleId, isVerdigrisError, type StateLayer } from "@verdigris/contracts";
import type { AgentState } from "./agent-state.ts";

/** A bundle whose runs never asked for the memory has no layer, and nothing to move. */
async function unlessUnknown<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  return work.catch((error: unknown) => {
    if (isVerdigrisError(error) && error.code === "layer-unknown") return otherwise;
    throw error;
  });
}

/**
 * The memory as a release drives it (the option `state` of `createReleases`): parked on a rollback, promoted at the end of
 * quarantine, and asked beforehand whether the way back could read what it would be handed. Safe to repeat.
 */
export function createStateLayer(
  state: Pick<AgentState, "rollback" | "promote" | "checkRollback">,
): StateLayer {
  return {
    async park(bundle: BundleId) {
      await unlessUnknown(state.rollback(bundle), undefined);
    },
    promote: (bundle: BundleId) => unlessUnknown(state.promote(bundle), undefined),
    canRead: async (_reader: BundleId, writer: BundleId) =>
      (await unlessUnknown(state.checkRollback(writer), { ok: true } as const)).ok,
  };
}
