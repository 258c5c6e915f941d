import { indexIdentity, manifestOf, parseBundle } from "@verdigris/bundle";
import {
  type AgentKeys,
  agentKeys,
  type Bundle,
  type BundleId,
  type BundleRecord,
  decodeRecord,
  isVerdigrisError,
  recordVersion,
  requireId,
  type Store,
  type StoreEntry,
  type StoreOp,
  VerdigrisError,
  type VersionedRecord,
} from "@verdigris/contracts";

interface IndexRecord extends VersionedRecord {
  readonly identity: string;
  readonly bundle: BundleId;
}

/** The bundles this process knows, and those the store does. */
export interface BundleRegistry {
  /** Rejects with `bundle-unknown` when neither this process nor the store has it. */
  get(id: BundleId): Promise<Bundle>;
  /** Makes a bundle known to every process; resolves with false when it was already. */
  register(bundle: Bundle): Promise<boolean>;
}

const attempts = 4;

type Attempt = "added" | "known" | "again";

function sameDigest(bundle: Bundle, record: BundleRecord): void {
  if (record.digest === bundle.digest) return;
  throw new VerdigrisError(
    "bundle-id-taken",
    `${bundle.id} is registered with another content: give the new content a new id`,
    {
      bundle: bundle.id,
      registered: record.digest,
      offered: bundle.digest,
    },
  );
}

function indexOp(
  bundle: Bundle,
  key: string,
  name: string,
  identity: string,
  entry: StoreEntry | null,
): StoreOp {
  if (entry === null) {
    const record: IndexRecord = { v: recordVersion, identity, bundle: bundle.id };
    return { op: "put", key, rev: 0, value: JSON.stringify(record) };
  }
  const known = decodeRecord<IndexRecord>(key, entry.value);
  if (known.identity === identity) return { op: "check", key, rev: entry.rev };
  const version = bundle.indexes[name]?.version;
  const message = `index ${name} version ${version} already means other contents in ${known.bundle}: give the new contents a new version`;
  throw new VerdigrisError("index-version-taken", message, {
    bundle: bundle.id,
    index: name,
    version,
    takenBy: known.bundle,
  });
}

/** One attempt to put a bundle on record with what its index versions mean. `sent` collects what was written, to know it again. */
async function tryRegister(
  to: Store,
  keys: AgentKeys,
  bundle: Bundle,
  at: number,
  sent: Set<string>,
): Promise<Attempt> {
  const indexes = Object.entries(bundle.indexes).map(([name, entry]) => ({
    name,
    key: keys.index(name, entry.version),
    identity: indexIdentity(entry),
  }));
  const { entries } = await to.get([keys.bundle(bundle.id), ...indexes.map(({ key }) => key)]);
  const existing = entries[0] ?? null;
  if (existing !== null) {
    sameDigest(bundle, decodeRecord<BundleRecord>(existing.key, existing.value));
    return sent.has(existing.value) ? "added" : "known";
  }
  const record: BundleRecord = {
    v: recordVersion,
    digest: bundle.digest,
    manifest: manifestOf(bundle),
    registeredAt: at,
  };
  const ops: StoreOp[] = indexes.map(({ name, key, identity }, i) =>
    indexOp(bundle, key, name, identity, entries[i + 1] ?? null),
  );
  const value = JSON.stringify(record);
  ops.unshift({ op: "put", key: keys.bundle(bundle.id), rev: 0, value });
  sent.add(value);
  try {
    return (await to.commit(ops)).ok ? "added" : "again";
  } catch (error) {
    // A lost reply: the next look says whether the record is there.
    if (isVerdigrisError(error, "store-indeterminate")) return "again";
    throw error;
  }
}

/** Creates the registry of one agent; `now` is store time where there is a store. */
export function createBundleRegistry(agent: string, store: Store | null, now: () => number): BundleRegistry {
  const keys = agentKeys(agent);
  const known = new Map<BundleId, Bundle>();

  const fetch = async (id: BundleId): Promise<Bundle> => {
    const entry =
      store === null ? null : ((await store.get([keys.bundle(requireId("bundle", id))])).entries[0] ?? null);
    if (entry === null) {
      throw new VerdigrisError("bundle-unknown", `${id} is not registered with ${agent}: register it first`, {
        agent,
        bundle: id,
      });
    }
    const record = decodeRecord<BundleRecord>(entry.key, entry.value);
    const bundle = parseBundle({ ...record.manifest, digest: record.digest }, { allowDirty: true });
    known.set(id, bundle);
    return bundle;
  };
  return {
    get: async (id) => known.get(id) ?? fetch(id),
    async register(offered) {
      const bundle = parseBundle(offered, { allowDirty: true });
      const local = known.get(bundle.id);
      if (local !== undefined && local.digest !== bundle.digest)
        sameDigest(bundle, { v: recordVersion, digest: local.digest, manifest: local, registeredAt: 0 });
      const sent = new Set<string>();
      for (let tries = 0; store !== null && tries < attempts; tries++) {
        const outcome = await tryRegister(store, keys, bundle, now(), sent);
        if (outcome === "again") continue;
        known.set(bundle.id, bundle);
        return outcome === "added";
      }
      if (store !== null)
        throw new VerdigrisError(
          "store-indeterminate",
          `the store did not confirm the registration of ${bundle.id}: try again`,
          { bundle: bundle.id },
        );
      known.set(bundle.id, bundle);
      return local === undefined;
    },
  };
}
