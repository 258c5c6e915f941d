import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AgentState } from "../src/index.ts";
import { createWorld, dyingBacking, memoryOf, viewOf, type World } from "./world.ts";

const keys = ["a", "b", "c", "ä/1"] as const;
type Key = (typeof keys)[number];
type Values = Map<Key, number>;

/**
 * What each bundle must see, told from the promise and not from layers: a bundle sees what it wrote itself, and for the
 * other keys what the bundle it goes on from sees.
 */
class Expected {
  /** Own writes; null is a delete. */
  readonly own = new Map<string, Map<Key, number | null>>();
  readonly from = new Map<string, string | null>();
  promoted: Values = new Map();

  branch(bundle: string, from: string | null): void {
    this.own.set(bundle, new Map());
    this.from.set(bundle, from);
  }

  view(bundle: string): Values {
    const below = this.from.get(bundle) ?? null;
    const seen = new Map(below === null ? this.promoted : this.view(below));
    for (const [key, value] of this.own.get(bundle) ?? []) {
      if (value === null) seen.delete(key);
      else seen.set(key, value);
    }
    return seen;
  }

  write(bundle: string, key: Key, value: number | null): void {
    // A delete of what is not there is no write: what appears below later is seen.
    if (value === null && !this.view(bundle).has(key)) return;
    this.own.get(bundle)?.set(key, value);
  }

  /** The bundle's view becomes what all others go on from; the bundles below are gone. */
  promote(bundle: string): void {
    const promoted = this.view(bundle);
    for (let below = this.from.get(bundle) ?? null; below !== null; ) {
      const next = this.from.get(below) ?? null;
      this.drop(below);
      below = next;
    }
    for (const [other, from] of this.from)
      if (from !== null && !this.own.has(from)) this.from.set(other, null);
    this.promoted = promoted;
    this.branch(bundle, null);
  }

  /** Whatever anybody wrote under the key, a delete included, is as if it had never been written. */
  erase(key: Key): void {
    this.promoted.delete(key);
    for (const written of this.own.values()) written.delete(key);
  }

  drop(bundle: string): void {
    this.own.delete(bundle);
    this.from.delete(bundle);
  }
}

interface Driving {
  readonly world: World;
  readonly expected: Expected;
  /** Where a rollback goes, and who is being released on top of it, if anybody is. */
  blue: string;
  green: string | null;
  /** Who was rolled back last, and has runs left that go on. */
  parked: string | null;
  releases: number;
  value: number;
  state: AgentState;
}

type Action =
  | {
      readonly do: "write" | "delete" | "shadow";
      readonly who: "blue" | "green" | "parked";
      readonly key: Key;
    }
  | { readonly do: "stage" | "rollback" | "promote" | "restart" | "sweep" }
  | { readonly do: "erase"; readonly key: Key }
  | { readonly do: "die"; readonly in: "rollback" | "promote"; readonly nth: number };

const who = fc.constantFrom("blue" as const, "green" as const, "parked" as const);
const anyKey = fc.constantFrom(...keys);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom("write" as const, "delete" as const), who, key: anyKey }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("shadow" as const), who, key: anyKey }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("stage" as const, "rollback" as const, "promote" as const) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "sweep" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("erase" as const), key: anyKey }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("die" as const),
      in: fc.constantFrom("rollback" as const, "promote" as const),
      nth: fc.integer({ min: 1, max: 9 }),
    }),
  },
);

async function check({ state, expected }: Driving, bundle: string): Promise<void> {
  const seen = expected.view(bundle);
  expect(await viewOf(state, bundle)).toEqual(Object.fromEntries(seen));
  const values = await memoryOf(state, bundle).getMany(keys);
  expect(values).toEqual(keys.map((key) => seen.get(key)));
}

async function finish(driving: Driving, ending: "rollback" | "promote", state: AgentState): Promise<void> {
  const { world, green } = driving;
  if (green === null) return;
  if (ending === "promote") await world.settled(state.promote(green));
  else await world.settled(state.rollback(green));
}

async function dropParked(driving: Driving): Promise<void> {
  const { world, state, expected, parked } = driving;
  if (parked === null) return;
  await world.settled(state.drop(parked));
  expected.drop(parked);
  driving.parked = null;
}

/** What is true afterwards, whoever did the work. */
function ended(driving: Driving, ending: "rollback" | "promote"): void {
  const { expected, green } = driving;
  if (green === null) return;
  if (ending === "promote") {
    expected.promote(green);
    driving.blue = green;
  } else driving.parked = green;
  driving.green = null;
}

async function die(driving: Driving, ending: "rollback" | "promote", nth: number): Promise<void> {
  const { world, green } = driving;
  if (green === null) return;
  const doomed = world.open({
    backing: dyingBacking(world.backing, nth, nth % 2 === 0 ? "before" : "after"),
  });
  await finish(driving, ending, doomed).catch(() => {});
  driving.state = world.open();
  await world.settled(driving.state.resume());
  // Killed before its decision was written, it has not begun; killed later, what was begun is finished now.
  const layers = await driving.state.layers();
  const began =
    ending === "promote"
      ? !layers.some(({ bundle }) => bundle === driving.blue)
      : layers.some((layer) => layer.bundle === green && layer.state === "parked");
  if (!began) await finish(driving, ending, driving.state);
  ended(driving, ending);
}

/** One write or delete of a run of `bundle`; a shadow run's is expected to be seen by nobody. */
async function use(
  driving: Driving,
  what: "write" | "delete" | "shadow",
  bundle: string | null,
  key: Key,
): Promise<void> {
  if (bundle === null) return;
  driving.value += 1;
  const run = `run-${driving.value}`;
  const memory = memoryOf(driving.state, bundle, {}, what === "shadow" ? "shadow" : "live", run);
  if (what === "delete") await memory.delete(key);
  else await memory.set(key, driving.value);
  if (what !== "shadow") driving.expected.write(bundle, key, what === "delete" ? null : driving.value);
}

async function act(driving: Driving, step: Action): Promise<void> {
  const { world, expected } = driving;
  switch (step.do) {
    case "write":
    case "delete":
    case "shadow":
      return use(driving, step.do, driving[step.who], step.key);
    case "stage":
      if (driving.green !== null) return;
      driving.releases += 1;
      driving.green = `b${driving.releases}`;
      await driving.state.branch({ bundle: driving.green, from: driving.blue });
      expected.branch(driving.green, driving.blue);
      return;
    case "rollback":
    case "promote":
      if (step.do === "rollback" && driving.green !== null) await dropParked(driving);
      await finish(driving, step.do, driving.state);
      ended(driving, step.do);
      return;
    case "restart":
      driving.state = world.open();
      return;
    case "sweep":
      await world.settled(driving.state.sweep());
      return;
    case "erase":
      await world.settled(driving.state.erase({ prefix: step.key }));
      expected.erase(step.key);
      return;
    case "die":
      if (step.in === "rollback" && driving.green !== null) await dropParked(driving);
      return die(driving, step.in, step.nth);
  }
}

describe.each(["a Map", "a store", "a keyv"])("whatever happens to a memory over %s", (kind) => {
  it("each bundle sees its own lineage and nothing else [I12]", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 24 }), async (actions) => {
        const world = createWorld(kind);
        const driving: Driving = {
          world,
          expected: new Expected(),
          blue: "b0",
          green: null,
          parked: null,
          releases: 0,
          value: 0,
          state: world.state,
        };
        await driving.state.branch({ bundle: "b0", from: null });
        driving.expected.branch("b0", null);
        for (const step of actions) {
          await act(driving, step);
          for (const bundle of [driving.blue, driving.green, driving.parked])
            if (bundle !== null) await check(driving, bundle);
        }
      }),
      { numRuns: kind === "a keyv" ? 60 : 150 },
    );
  });
});
