import type { Bundle, BundleManifest, Digest } from "@verdigris/contracts";
import { agentKeys, type Store } from "@verdigris/contracts";

const digest = (text: string): Digest =>
  `sha256:${[...text]
    .map((c) => c.charCodeAt(0).toString(16))
    .join("")
    .padEnd(64, "0")
    .slice(0, 64)}`;

/** A bundle whose every piece carries the bundle's own name, so that a mixed set shows. */
export function bundle(id: string): Bundle {
  const manifest: BundleManifest = {
    v: 1,
    id,
    code: { commit: id, build: digest(`code-${id}`) },
    prompts: { system: { version: id, digest: digest(`prompt-${id}`) } },
    models: { planner: { provider: "acme", name: "m", snapshot: id } },
    indexes: { docs: { version: id, kind: "snapshot", digest: digest(`index-${id}`), embedding: null } },
    tools: { search: { version: id, contract: digest(`tool-${id}`), pinned: "per-call" } },
  };
  return { ...manifest, digest: digest(`bundle-${id}`) };
}

/** Writes the records a route needs before it names these bundles. */
export async function registerBundles(store: Store, agent: string, ids: readonly string[]): Promise<void> {
  const keys = agentKeys(agent);
  await store.commit(
    ids.map((id) => ({
      op: "put",
      key: keys.bundle(id),
      rev: 0,
      value: JSON.stringify({ v: 1, digest: bundle(id).digest, manifest: { id }, registeredAt: 0 }),
    })),
  );
}
