import {
  type Bundle,
  canonicalJson,
  type IndexEntry,
  type JsonObject,
  VerdigrisError,
} from "@verdigris/contracts";

/**
 * Text that is equal for two entries exactly when they hold the same contents (digest, or live) under the same embedding
 * model; the version is left out. One version of an index may have one identity only.
 */
export function indexIdentity(entry: IndexEntry): string {
  const identity: JsonObject = {
    kind: entry.kind,
    embedding: entry.embedding === null ? null : { ...entry.embedding },
    ...(entry.kind === "snapshot" ? { digest: entry.digest } : {}),
  };
  return canonicalJson(identity);
}

/**
 * Returns when every index version means one thing across `bundles`; throws `index-version-taken` naming the first that
 * does not, with both bundles and both identities in `details`.
 */
export function checkIndexVersions(bundles: readonly Bundle[]): void {
  const known = new Map<string, { readonly bundle: string; readonly identity: string }>();
  for (const bundle of bundles) {
    for (const [index, entry] of Object.entries(bundle.indexes)) {
      // Neither an entry name nor an index version can hold a slash.
      const key = `${index}/${entry.version}`;
      const identity = indexIdentity(entry);
      const first = known.get(key);
      if (first === undefined) known.set(key, { bundle: bundle.id, identity });
      else if (first.identity !== identity) {
        throw new VerdigrisError(
          "index-version-taken",
          `index ${index} version ${entry.version} means one thing in bundle ${first.bundle} and another in ${bundle.id}: give the rebuilt index a new version`,
          {
            index,
            version: entry.version,
            bundles: [first.bundle, bundle.id],
            identities: [first.identity, identity],
          },
        );
      }
    }
  }
}
