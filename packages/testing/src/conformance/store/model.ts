import type { CommitResult, Store, StoreEntry, StoreOp } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { expect } from "vitest";
import { handles, type StoreCheck } from "./context.ts";

/** What an op says about a revision, since two stores issue different ones. */
type Expectation = "current" | "absent" | "stale";

interface PlannedOp {
  readonly op: StoreOp["op"];
  readonly key: string;
  readonly expected: Expectation;
  readonly value: string;
}

const sequences = 12;
const longest = 12;
/** Never issued by any store here. */
const staleRev = 4_000_000_000_000;
const route = "r/route";
const pins = ["r/pin/v1/1760000000000/1", "r/pin/v1/1760000000000/2", "z/pin/v1/1760000000000/1"];
const keys = ["a", "a/b", "B", route, "r/claim/1", ...pins];
const values = ["1", '"a b  c"', '{"v":1,"n":"\\n\\u0000"}', '"ü€😀"', "[]"];
const expectations = ["current", "current", "current", "absent", "stale"] as const;

/** Marsaglia's xorshift of 32 bits: a sequence depends on its seed alone. */
function pickerOf(seed: number): <T>(from: readonly T[]) => T {
  let state = seed * 2_654_435_761;
  return (from) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return from[(state >>> 0) % from.length] as (typeof from)[number];
  };
}

/** Any ops, or the two of a run start, which adapters give a way of its own. */
function plan(pick: <T>(from: readonly T[]) => T): PlannedOp[] {
  const any = (op: StoreOp["op"], key: string): PlannedOp => ({
    op,
    key,
    expected: pick(expectations),
    value: pick(values),
  });
  if (pick([true, false])) {
    const put = { ...any("put", pick(pins)), expected: pick(["absent", "absent", "current"] as const) };
    return [any("check", route), put];
  }
  const chosen = new Set([pick(keys), pick(keys), pick(keys), pick(keys)].slice(0, pick([0, 1, 2, 3, 4])));
  return [...chosen].map((key) => any(pick(["check", "put", "put", "del"] as const), key));
}

async function resolve(store: Store, prefix: string, planned: readonly PlannedOp[]): Promise<StoreOp[]> {
  const { entries } = await store.get(planned.map(({ key }) => prefix + key));
  return planned.map(({ op, key: suffix, expected, value }, n) => {
    const key = prefix + suffix;
    const named = { current: entries[n]?.rev ?? 0, absent: 0, stale: staleRev }[expected];
    const rev = op === "del" && named === 0 ? staleRev : named;
    return op === "put" ? { op, key, rev, value } : { op, key, rev };
  });
}

const shown = (entry: StoreEntry | null): unknown => entry && { key: entry.key, value: entry.value };

/** A result without what differs from store to store. */
function outcomeOf(result: CommitResult, ops: readonly StoreOp[]): unknown {
  if (!result.ok) return { ok: false, key: result.key, current: shown(result.current) };
  const revs = result.revs.map((rev, n) => (ops[n]?.op === "put" ? rev > 0 : rev === (ops[n]?.rev ?? 0)));
  return { ok: true, revs: revs.map((good, n) => (ops[n]?.op === "del" ? result.revs[n] : good)) };
}

async function commit(store: Store, prefix: string, planned: readonly PlannedOp[]): Promise<unknown> {
  const ops = await resolve(store, prefix, planned);
  return outcomeOf(await store.commit(ops), ops);
}

async function contents(store: Store, prefix: string): Promise<unknown[]> {
  return (await store.list(prefix, { limit: 1_000 })).entries.map(shown);
}

export const modelChecks: readonly StoreCheck[] = [
  {
    name: "every sequence of commits is answered, and leaves behind, what the memory store's is [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run(context) {
      const both = await handles(context);
      for (let seed = 1; seed <= sequences; seed += 1) {
        const pick = pickerOf(seed);
        const memory = createMemoryStore();
        const prefix = `${context.prefix}${seed}/`;
        for (let step = 1; step <= longest; step += 1) {
          const store = both[step % 2 === 0 ? 0 : 1];
          const planned = plan(pick);
          const said = `seed ${seed}, step ${step}: ${JSON.stringify(planned)}`;
          const expected = await commit(memory, prefix, planned);
          expect(await commit(store, prefix, planned), said).toEqual(expected);
          expect(await contents(store, prefix), said).toEqual(await contents(memory, prefix));
        }
      }
    },
  },
];
