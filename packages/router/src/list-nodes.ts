import {
  type AgentKeys,
  isVerdigrisError,
  type NodeRecord,
  type NodeView,
  recordVersion,
  type Store,
  type StoreEntry,
  storeLimits,
} from "@verdigris/contracts";

/** Records of processes that wrote nothing for so long are removed by whoever lists them. */
const forgottenMs = 600_000;

const nothingKnown: Omit<NodeRecord, "v" | "id"> = {
  sdk: "unknown",
  formats: { record: 0, hash: 0 },
  serves: { kind: "listed", yes: [], no: [] },
  incarnation: null,
  generation: 0,
  mode: "stale",
  startedAt: 0,
  warm: {},
  expiresMs: 12_000,
};

function parse(text: string): (Partial<NodeRecord> & { readonly v: number }) | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "v" in value ? (value as NodeRecord) : null;
  } catch {
    return null;
  }
}

/** Reads one node record at a store time. A record nobody here can read is listed as such, never guessed at. */
function viewNode(keys: AgentKeys, entry: StoreEntry, at: number): NodeView {
  const found = parse(entry.value);
  const readable = found !== null && found.v >= 1 && found.v <= recordVersion;
  const { v: _v, ...known } = readable ? found : { v: 0 };
  const ageMs = Math.max(0, at - entry.at);
  const view = { ...nothingKnown, ...known, id: entry.key.slice(keys.nodes.length) };
  return Object.freeze({ ...view, ageMs, expired: ageMs > view.expiresMs, readable });
}

async function forget(store: Store, entries: readonly StoreEntry[]): Promise<void> {
  for (let at = 0; at < entries.length; at += storeLimits.opsPerCommit) {
    const ops = entries.slice(at, at + storeLimits.opsPerCommit);
    // A node that came back in between keeps its record: its revision has moved, and the whole batch waits.
    await store.commit(ops.map(({ key, rev }) => ({ op: "del", key, rev }))).catch((error: unknown) => {
      if (!isVerdigrisError(error)) throw error;
    });
  }
}

/** Lists every node of an agent, by id, and removes those that were not heard of for ten minutes. */
export async function listNodes(store: Store, keys: AgentKeys): Promise<readonly NodeView[]> {
  const nodes: NodeView[] = [];
  const gone: StoreEntry[] = [];
  let after: string | undefined;
  for (;;) {
    const options = { limit: storeLimits.listLimit, ...(after === undefined ? {} : { after }) };
    const { entries, at } = await store.list(keys.nodes, options);
    for (const entry of entries) {
      if (at - entry.at > forgottenMs) gone.push(entry);
      else nodes.push(viewNode(keys, entry, at));
    }
    if (entries.length < storeLimits.listLimit) break;
    after = entries.at(-1)?.key;
  }
  await forget(store, gone);
  return nodes;
}

/** The nodes with this process as it is at this moment, which its record may not say yet. */
export function withSelf(nodes: readonly NodeView[], self: NodeRecord | null): readonly NodeView[] {
  if (self === null) return nodes;
  const { v: _v, ...known } = self;
  const own = Object.freeze({ ...known, ageMs: 0, expired: false, readable: true });
  const others = nodes.filter(({ id }) => id !== self.id);
  return [...others, own].sort((a, b) => (a.id < b.id ? -1 : 1));
}
