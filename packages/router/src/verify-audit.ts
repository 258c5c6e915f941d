import {
  type AgentKeys,
  type AuditEntry,
  agentKeys,
  type Digest,
  decodeRecord,
  InvalidArgumentError,
  isVerdigrisError,
  type Route,
  type Store,
  type StoreEntry,
  storeLimits,
  VerdigrisError,
} from "@verdigris/contracts";
import { textDigest } from "./audit.ts";

/** One audit entry as it is stored. */
export interface AuditLine {
  readonly entry: AuditEntry;
  /** Store time of the move. */
  readonly at: number;
  readonly digest: Digest;
  /** The entry as it is stored: SHA-256 over its UTF-8 bytes is `digest`, and `previous` of the next entry. */
  readonly text: string;
}

/** A whole, verified audit. */
export interface AuditExport {
  /** Digest of the last entry, as the route has it; null where there is no route. */
  readonly head: Digest | null;
  readonly lines: readonly AuditLine[];
}

/** Generations whose entries a store lost, and that a `reanchor` on record accounts for. */
export interface AuditHole {
  readonly from: number;
  readonly to: number;
}

/** Whether the audit of an agent is whole and untouched; the first fault otherwise. */
export type AuditCheck =
  | {
      readonly ok: true;
      readonly entries: number;
      readonly head: Digest | null;
      /** Oldest first; none unless the store went backwards. What stood there only an earlier export can say. */
      readonly holes: readonly AuditHole[];
    }
  | {
      readonly ok: false;
      readonly generation: number;
      readonly fault: "missing" | "altered" | "unreadable" | "beyond-route";
      readonly message: string;
    };

function lineOf(stored: StoreEntry): AuditLine {
  return {
    entry: decodeRecord<AuditEntry>(stored.key, stored.value),
    at: stored.at,
    digest: textDigest(stored.value),
    text: stored.value,
  };
}

/** Audit entries after a generation, oldest first, one page at a time. Nothing is verified: {@link exportAudit} does. */
export async function listAudit(
  store: Store,
  agent: string,
  options: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly AuditLine[]> {
  const { after = 0, limit = 100 } = options;
  if (!(Number.isSafeInteger(after) && after >= 0))
    throw new InvalidArgumentError("after", `must be a generation, got ${after}`);
  const keys = agentKeys(agent);
  const { entries } = await store.list(`${keys.prefix}audit/`, { after: keys.audit(after), limit });
  return entries.map(lineOf);
}

function fault(generation: number, what: "missing" | "altered" | "unreadable" | "beyond-route"): AuditCheck {
  const said = {
    missing: "is missing",
    altered: "is not the entry its successor (or the route) was chained to",
    unreadable: "is no audit entry",
    "beyond-route": "lies beyond the route: the route record lost moves",
  }[what];
  return {
    ok: false,
    generation,
    fault: what,
    message: `the audit entry of generation ${generation} ${said}`,
  };
}

interface Chain {
  expected: number;
  entries: number;
  head: Digest | null;
  readonly holes: AuditHole[];
  readonly seen: (line: AuditLine) => void;
}

/** The hole in front of an entry that says so itself; null where it may not have one. */
function holeBefore(chain: Chain, { entry }: AuditLine): AuditHole | null {
  const { verb, gap, generation } = entry;
  const admitted = verb === "reanchor" && gap?.after === chain.expected - 1 && generation > chain.expected;
  return admitted ? { from: chain.expected, to: generation - 1 } : null;
}

/** Follows the chain by one entry; the fault, or null to go on. */
function follow(chain: Chain, stored: StoreEntry): AuditCheck | null {
  let line: AuditLine;
  try {
    line = lineOf(stored);
  } catch (error) {
    if (isVerdigrisError(error, "record-corrupt")) return fault(chain.expected, "unreadable");
    throw error;
  }
  const key = Number(stored.key.slice(stored.key.lastIndexOf("/") + 1));
  const hole = holeBefore(chain, line);
  if (key !== (hole === null ? chain.expected : hole.to + 1)) return fault(chain.expected, "missing");
  if (line.entry.generation !== key) return fault(key, "altered");
  if (line.entry.previous !== chain.head) return fault(Math.max(1, chain.expected - 1), "altered");
  if (hole !== null) chain.holes.push(hole);
  chain.head = line.digest;
  chain.expected = key + 1;
  chain.entries++;
  chain.seen(line);
  return null;
}

async function* entriesUpTo(store: Store, keys: AgentKeys, last: number): AsyncGenerator<StoreEntry> {
  let after = keys.audit(0);
  for (;;) {
    const { entries } = await store.list(`${keys.prefix}audit/`, { after, limit: storeLimits.listLimit });
    for (const entry of entries) {
      if (entry.key > keys.audit(last)) return;
      yield entry;
    }
    if (entries.length < storeLimits.listLimit) return;
    after = entries.at(-1)?.key ?? after;
  }
}

/** True when there is an entry that the route knows nothing of; a move made meanwhile is none. */
async function reachesBeyond(
  store: Store,
  keys: AgentKeys,
  route: StoreEntry | null,
  last: number,
): Promise<boolean> {
  const { entries } = await store.list(`${keys.prefix}audit/`, { after: keys.audit(last), limit: 1 });
  const now = (await store.get([keys.route])).entries[0] ?? null;
  return entries.length > 0 && now?.rev === route?.rev;
}

/**
 * Recomputes the whole chain: every generation has its entry, each entry names the digest of the one before it, and the
 * route names that of the last. An entry that was changed, removed or added afterwards is found, unless everything after
 * it and the route were rewritten as well: keep `head` somewhere else to find that too. Entries that a store lost are a hole,
 * which only the entry of the `reanchor` that went on after them may admit.
 */
export async function verifyAudit(store: Store, agent: string): Promise<AuditCheck> {
  return check(store, agent, () => {});
}

/**
 * The whole audit of an agent with the digest that the route gives for it, or nothing: it is verified as it is read.
 * Lines are oldest first; whoever holds `head` can prove later that none of their texts was changed.
 *
 * Throws `audit-tampered` for an audit that {@link verifyAudit} finds fault with, with `generation` and `fault`.
 */
export async function exportAudit(store: Store, agent: string): Promise<AuditExport> {
  const lines: AuditLine[] = [];
  const found = await check(store, agent, (line) => lines.push(line));
  if (found.ok) return { head: found.head, lines };
  const { generation, fault, message } = found;
  throw new VerdigrisError(
    "audit-tampered",
    `${message}: find out who can write to the store of ${agent}, and what an earlier export says`,
    { agent, generation, fault },
  );
}

async function check(store: Store, agent: string, seen: Chain["seen"]): Promise<AuditCheck> {
  const keys = agentKeys(agent);
  const stored = (await store.get([keys.route])).entries[0] ?? null;
  const route = stored === null ? null : decodeRecord<Route>(stored.key, stored.value);
  const last = route?.generation ?? 0;
  const chain: Chain = { expected: 1, entries: 0, head: null, holes: [], seen };
  for await (const entry of entriesUpTo(store, keys, last)) {
    const found = follow(chain, entry);
    if (found !== null) return found;
  }
  if (chain.expected <= last) return fault(chain.expected, "missing");
  if (route !== null && route.audit !== chain.head) return fault(last, "altered");
  if (await reachesBeyond(store, keys, stored, last)) return fault(last + 1, "beyond-route");
  return { ok: true, entries: chain.entries, head: chain.head, holes: chain.holes };
}
