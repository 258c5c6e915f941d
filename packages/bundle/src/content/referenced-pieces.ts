import {
  agentKeys,
  type BundleId,
  type BundleManifest,
  type BundleRecord,
  type Digest,
  decodeRecord,
  type Store,
  type StoreEntry,
  storeLimits,
} from "@verdigris/contracts";

/** One thing that bundles still need: keep its old version served, stored or published. */
export interface ReferencedPiece {
  readonly piece: "code" | "prompts" | "models" | "indexes" | "tools";
  readonly entry: string;
  readonly version: string;
  /** Digest of the contents; null where the manifest has none (a floating model, a live index). */
  readonly digest: Digest | null;
  readonly bundles: readonly BundleId[];
}

/** Every registered bundle of an agent, recycled or not, with its entry in the store. */
export async function* listBundles(
  store: Store,
  agent: string,
): AsyncGenerator<{ entry: StoreEntry; record: BundleRecord }> {
  const prefix = agentKeys(agent).bundle("");
  let after: string | undefined;
  for (;;) {
    const { entries } = await store.list(prefix, {
      limit: storeLimits.listLimit,
      ...(after === undefined ? {} : { after }),
    });
    for (const entry of entries) yield { entry, record: decodeRecord<BundleRecord>(entry.key, entry.value) };
    if (entries.length < storeLimits.listLimit) return;
    after = entries.at(-1)?.key;
  }
}

type Found = Omit<ReferencedPiece, "bundles">;

function piecesOf(manifest: BundleManifest): Found[] {
  const { code, prompts, models, indexes, tools } = manifest;
  return [
    { piece: "code", entry: "build", version: code.commit, digest: code.build },
    ...Object.entries(prompts).map(
      ([entry, { version, digest }]): Found => ({ piece: "prompts", entry, version, digest }),
    ),
    ...Object.entries(models).map(
      ([entry, { name, snapshot }]): Found => ({
        piece: "models",
        entry,
        version: snapshot ?? name,
        digest: null,
      }),
    ),
    ...Object.entries(indexes).map(
      ([entry, index]): Found => ({
        piece: "indexes",
        entry,
        version: index.version,
        digest: index.kind === "snapshot" ? index.digest : null,
      }),
    ),
    ...Object.entries(tools).map(
      ([entry, { version, contract }]): Found => ({ piece: "tools", entry, version, digest: contract }),
    ),
  ];
}

/** Digests of the contents a manifest names: what its blobs are kept under. */
export function contentDigests(manifest: BundleManifest): readonly Digest[] {
  const prompts = Object.values(manifest.prompts).map(({ digest }) => digest);
  return [...prompts, ...Object.values(manifest.tools).map(({ contract }) => contract)];
}

/** Everything that bundles not yet recycled still need, each with the bundles that need it. */
export async function referencedPieces(store: Store, agent: string): Promise<readonly ReferencedPiece[]> {
  const found = new Map<string, Found & { bundles: BundleId[] }>();
  for await (const { record } of listBundles(store, agent)) {
    if (record.recycled !== undefined) continue;
    for (const piece of piecesOf(record.manifest)) {
      const key = JSON.stringify(piece);
      const known = found.get(key) ?? { ...piece, bundles: [] };
      known.bundles.push(record.manifest.id);
      found.set(key, known);
    }
  }
  return [...found.values()];
}
