import { type BundleInput, defineBundle, digestOf } from "@verdigris/bundle";
import type { Bundle, BundleId, Route } from "@verdigris/contracts";
import { defaultPolicy } from "@verdigris/router";

/**
 * A valid bundle with one entry in every piece, checked and frozen like a real one. All share one code piece, so that a
 * process that was built with one of them serves the others; the other pieces have the id for a version.
 */
export function aBundle(id: BundleId, overrides: Partial<Omit<BundleInput, "id">> = {}): Bundle {
  return defineBundle({
    id,
    code: { commit: "0123abcd", build: digestOf("build") },
    prompts: { system: { version: id, text: `You are ${id}.` } },
    models: { planner: { provider: "provider", name: "model", snapshot: `model-${id}` } },
    indexes: { docs: { version: id, kind: "snapshot", digest: digestOf(id), embedding: null } },
    tools: { search: { version: id, contract: digestOf(`search ${id}`), pinned: "per-call" } },
    ...overrides,
  });
}

/** A route at generation 1 whose live and stable bundle is `blue`, with nothing else on it. */
export function aRoute(overrides: Partial<Route> = {}): Route {
  const live = overrides.live ?? "blue";
  return {
    v: 1,
    incarnation: "incarnation-1",
    predecessors: [],
    generation: 1,
    live,
    stable: live,
    candidate: null,
    retiring: [],
    sealed: [],
    canary: null,
    holdback: null,
    policy: defaultPolicy,
    horizon: null,
    held: null,
    recent: [],
    audit: digestOf("audit"),
    ...overrides,
  };
}
