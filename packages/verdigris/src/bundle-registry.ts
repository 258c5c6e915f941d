import {
  type ContentStore,
  contentDigests,
  digestOf,
  indexIdentity,
  manifestOf,
  parseBundle,
} from "@verdigris/bundle";
import {
  type AgentKeys,
  agentKeys,
  type Bundle,
  type BundleId,
  type BundleRecord,
  type Digest,
  decodeRecord,
  InvalidArgumentError,
  isVerdigrisError,
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
  /** Makes a bundle known to every process, with contents it names; resolves with false when it was known already. */
  register(bundle: Bundle, contents: readonly string[]): Promise<boolean>;
}

const attempts = 4;

type Attempt = "added" | "known" | "again";

function sameDigest(bundle: Bundle, registered: Digest): void {
  if (registered === bundle.digest) return;
  throw new VerdigrisError(
    "bundle-id-taken",
    `${bundle.id} is registered with another content: give the new content a new id`,
    {
      bundle: bundle.id,
      registered,
      offered: bundle.digest,
    },
  );
}

function indexOp(
  v: number,
  bundle: Bundle,
  key: string,
  name: string,
  identity: string,
  entry: StoreEntry | null,
): StoreOp {
  if (entry === null) {
    const record: IndexRecord = { v, identity, bundle: bundle.id };
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

interface Registration {
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly bundle: Bundle;
  readonly v: number;
  /** Writes what is missing of the contents; the ops that tie them to the bundle. */
  readonly contents: () => Promise<readonly StoreOp[]>;
  /** Collects what was written, to know it again. */
  readonly sent: Set<string>;
}

async function commitAttempt(store: Store, ops: readonly StoreOp[], done: Attempt): Promise<Attempt> {
  try {
    return (await store.commit(ops)).ok ? done : "again";
  } catch (error) {
    // A lost reply: the next look says whether the record is there.
    if (isVerdigrisError(error, "store-indeterminate")) return "again";
    throw error;
  }
}

/** One attempt to put a bundle on record with its contents and what its index versions mean, all in one commit. */
async function tryRegister({ store, keys, bundle, v, contents, sent }: Registration): Promise<Attempt> {
  const indexes = Object.entries(bundle.indexes).map(([name, entry]) => ({
    name,
    key: keys.index(name, entry.version),
    identity: indexIdentity(entry),
  }));
  const { entries, at } = await store.get([keys.bundle(bundle.id), ...indexes.map(({ key }) => key)]);
  const existing = entries[0] ?? null;
  if (existing !== null) {
    sameDigest(bundle, decodeRecord<BundleRecord>(existing.key, existing.value).digest);
    const outcome = sent.has(existing.value) ? "added" : "known";
    const ops = await contents();
    if (ops.length === 0 || outcome === "added") return outcome;
    return commitAttempt(store, [{ op: "check", key: existing.key, rev: existing.rev }, ...ops], outcome);
  }
  const record: BundleRecord = {
    v,
    digest: bundle.digest,
    manifest: manifestOf(bundle),
    registeredAt: at,
  };
  const versions = indexes.map(({ name, key, identity }, i) =>
    indexOp(v, bundle, key, name, identity, entries[i + 1] ?? null),
  );
  const value = JSON.stringify(record);
  const put: StoreOp = { op: "put", key: keys.bundle(bundle.id), rev: 0, value };
  const ops = [put, ...versions, ...(await contents())];
  sent.add(value);
  return commitAttempt(store, ops, "added");
}

/** Refuses a text the bundle does not name: it would be kept for nobody. */
function checkContents(bundle: Bundle, contents: readonly string[]): void {
  const named = new Set<string>(contentDigests(manifestOf(bundle)));
  const stray = contents.findIndex((text) => !named.has(digestOf(text)));
  if (stray < 0) return;
  throw new InvalidArgumentError(
    `contents[${stray}]`,
    `is no prompt, example or contract of ${bundle.id}: no digest in it is that of this text`,
  );
}

/** Creates the registry of one agent; `format` is the one its records are in. */
export function createBundleRegistry(options: {
  readonly agent: string;
  readonly store: Store | null;
  readonly contents: ContentStore | null;
  readonly format: () => number;
}): BundleRegistry {
  const { agent, store, format } = options;
  const keys = agentKeys(agent);
  const known = new Map<BundleId, Bundle>();

  const fetch = async (id: BundleId): Promise<Bundle> => {
    const key = keys.bundle(requireId("bundle", id));
    const entry = store === null ? null : ((await store.get([key])).entries[0] ?? null);
    if (entry === null) {
      const message = `${id} is not registered with ${agent}: register it first`;
      throw new VerdigrisError("bundle-unknown", message, { agent, bundle: id });
    }
    const record = decodeRecord<BundleRecord>(entry.key, entry.value);
    const bundle = parseBundle({ ...record.manifest, digest: record.digest }, { allowDirty: true });
    known.set(id, bundle);
    return bundle;
  };
  const record = async (to: Store, bundle: Bundle, texts: readonly string[]): Promise<boolean> => {
    const contents = async (): Promise<readonly StoreOp[]> =>
      texts.length === 0 ? [] : ((await options.contents?.prepare(texts, bundle.id)) ?? []);
    const sent = new Set<string>();
    for (let tries = 0; tries < attempts; tries++) {
      const outcome = await tryRegister({ store: to, keys, bundle, v: format(), contents, sent });
      if (outcome !== "again") return outcome === "added";
    }
    const message = `the store did not confirm the registration of ${bundle.id}: try again`;
    throw new VerdigrisError("store-indeterminate", message, { bundle: bundle.id });
  };

  return {
    get: async (id) => known.get(id) ?? fetch(id),
    async register(offered, contents) {
      const bundle = parseBundle(offered, { allowDirty: true });
      checkContents(bundle, contents);
      const local = known.get(bundle.id);
      if (local !== undefined && local.digest !== bundle.digest) sameDigest(bundle, local.digest);
      const added = store === null ? local === undefined : await record(store, bundle, contents);
      known.set(bundle.id, bundle);
      return added;
    },
  };
}
