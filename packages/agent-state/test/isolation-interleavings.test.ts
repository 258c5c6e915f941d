import { isVerdigrisError, type Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import fc, { type Scheduler } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AgentState,
  createAgentState,
  createMapBacking,
  createStoreBacking,
  type StateBacking,
} from "../src/index.ts";
import { dyingBacking, memoryOf, viewOf } from "./world.ts";

const keys = ["a", "b"] as const;
type Key = (typeof keys)[number];
/** What a bundle wrote and was told is written; null is a delete. */
type Written = Map<Key, string | null>;

interface Step {
  readonly do: "set" | "delete" | "read";
  readonly key: Key;
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("set" as const, "set" as const, "delete" as const, "read" as const),
  key: fc.constantFrom(...keys),
});
const steps = fc.array(step, { minLength: 1, maxLength: 5 });
const script = fc.record({
  blue: steps,
  green: steps,
  shadow: steps,
  move: fc.constantFrom("promote" as const, "rollback" as const),
  /** The operator's process dies at so many writes; never where none is named. */
  dies: fc.option(fc.integer({ min: 1, max: 7 }), { nil: null }),
});

/** Every call waits for its turn, so that what the processes do is interleaved call by call. */
function takingTurns(backing: StateBacking, turn: () => Promise<unknown>): StateBacking {
  return {
    fenced: backing.fenced,
    get: (...args) => turn().then(() => backing.get(...args)),
    write: (...args) => turn().then(() => backing.write(...args)),
    list: (...args) => turn().then(() => backing.list(...args)),
    async *scan(...args) {
      for await (const page of backing.scan(...args)) {
        yield page;
        await turn();
      }
    },
  };
}

/** The same inside a write: between what a backing over a store reads and what it commits. */
function storeTakingTurns(store: Store, turn: () => Promise<unknown>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      return name === "get" || name === "commit" || name === "list"
        ? (...args: unknown[]) => turn().then(() => call(...args))
        : call;
    },
  });
}

/** One backing for each process over the same rows. */
function processesOver(kind: string, scheduler: Scheduler): () => StateBacking {
  const turn = () => scheduler.schedule(Promise.resolve());
  const map = createMapBacking();
  const store = createMemoryStore();
  return kind === "a Map"
    ? () => takingTurns(map, turn)
    : () => createStoreBacking(storeTakingTurns(store, turn), "docs");
}

/** Refusals that a promotion or a busy lineage gives a writer; the write was not made. */
const refusals: ReadonlySet<string> = new Set(["layer-frozen", "layer-unknown", "state-contended"]);

async function refused<T>(work: Promise<T>): Promise<T | "refused"> {
  return work.catch((error: unknown) => {
    if (isVerdigrisError(error) && refusals.has(error.code)) return "refused" as const;
    throw error;
  });
}

interface Serving {
  readonly state: AgentState;
  readonly bundle: "blue" | "green";
  /** What a reader of the bundle may meet. */
  readonly mayRead: RegExp;
  /** True where it must read its own words: always, but under a promotion of somebody above it. */
  readonly readsOwn: boolean;
}

/** One run after the other of one bundle in one process, as long as it is let. Returns what it was told is written. */
async function serve({ state, bundle, mayRead, readsOwn }: Serving, plan: readonly Step[]): Promise<Written> {
  const memory = memoryOf(state, bundle);
  const written: Written = new Map();
  const does = {
    async set(key: Key, at: number) {
      const value = `${bundle} ${at}`;
      if ((await refused(memory.set(key, value))) !== "refused") written.set(key, value);
    },
    async delete(key: Key) {
      if ((await refused(memory.delete(key))) === true) written.set(key, null);
    },
    async read(key: Key) {
      const seen = await refused(memory.get(key));
      if (seen === "refused") return;
      if (seen !== undefined) expect(seen).toMatch(mayRead);
      // Nobody else writes what this bundle wrote.
      if (readsOwn && written.has(key)) expect(seen ?? null).toBe(written.get(key));
    },
  };
  for (const [at, { do: what, key }] of plan.entries()) await does[what](key, at);
  return written;
}

async function serveShadow(state: AgentState, plan: readonly Step[]): Promise<void> {
  const memory = memoryOf(state, "green", {}, "shadow", "shadow-1");
  for (const { do: what, key } of plan) {
    if (what === "set") await memory.set(key, "shadow");
    else if (what === "delete") await memory.delete(key);
    else await memory.get(key);
  }
}

function over(...layers: readonly Written[]): Record<string, string> {
  const seen = new Map<Key, string | null>();
  for (const layer of layers) for (const [key, value] of layer) seen.set(key, value);
  return Object.fromEntries([...seen].filter(([, value]) => value !== null)) as Record<string, string>;
}

interface Script {
  readonly blue: readonly Step[];
  readonly green: readonly Step[];
  readonly shadow: readonly Step[];
  readonly move: "promote" | "rollback";
  readonly dies: number | null;
}

/** Four processes at once, and a fifth that finishes what was left; then everybody's view is looked at. */
async function play(kind: string, scheduler: Scheduler, { blue, green, shadow, move, dies }: Script) {
  const clock = createFakeClock();
  const backingOf = processesOver(kind, scheduler);
  // An hour between two looks at the lineage: all that a process knows may be out of date.
  const open = (backing = backingOf()) => createAgentState({ backing, clock, refreshMs: 3_600_000 });
  const settle = <T>(work: Promise<T>): Promise<T> => scheduler.waitFor(work);
  const operator = open(dies === null ? undefined : dyingBacking(backingOf(), dies, "after"));
  const servers = [open(), open(), open()] as const;
  await settle(servers[0].branch({ bundle: "blue", from: null }));
  await settle(servers[1].branch({ bundle: "green", from: "blue" }));
  // What is promoted appears under blue: no run of it was to be left.
  const underneath = move === "promote" ? /^(blue|green)/ : /^blue/;
  const [onBlue, onGreen] = await settle(
    Promise.all([
      serve({ state: servers[0], bundle: "blue", mayRead: underneath, readsOwn: move === "rollback" }, blue),
      serve({ state: servers[1], bundle: "green", mayRead: /^(blue|green)/, readsOwn: true }, green),
      serveShadow(servers[2], shadow),
      operator[move]("green").catch(() => {}),
    ]),
  );
  const after = open();
  await settle(after.resume());
  const bundles = (await settle(after.layers())).map(({ bundle }) => bundle);
  const seen = { green: await settle(viewOf(after, "green")), blue: null as Record<string, unknown> | null };
  if (bundles.includes("blue")) seen.blue = await settle(viewOf(after, "blue"));
  return { bundles, seen, expected: { green: over(onBlue, onGreen), blue: over(onBlue) } };
}

describe.each(["a Map", "a store"])("processes that know nothing of each other, over %s", (kind) => {
  it("leave each bundle with its own lineage, however their calls fall between each other and whoever dies [I12]", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), script, async (scheduler, plan) => {
        const { bundles, seen, expected } = await play(kind, scheduler, plan);
        expect(seen.green).toEqual(expected.green);
        if (seen.blue === null) expect(plan.move).toBe("promote");
        else expect(seen.blue).toEqual(expected.blue);
        if (plan.dies === null && plan.move === "promote") expect(bundles).toEqual(["green"]);
      }),
      { numRuns: 300 },
    );
  });
});
