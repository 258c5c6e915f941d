import type { TrafficClass } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import Keyv from "keyv";
import {
  type AgentState,
  type AgentStateOptions,
  createAgentState,
  createKeyvBacking,
  createMapBacking,
  createStoreBacking,
  type Memory,
  type StateBacking,
} from "../src/index.ts";

export type World = ReturnType<typeof createWorld>;

/** Every kind of backing, made fresh by its name. */
export const backings: Readonly<Record<string, () => StateBacking>> = {
  "a Map": () => createMapBacking(),
  "a store": () => createStoreBacking(createMemoryStore(), "docs"),
  "a keyv": () => createKeyvBacking(new Keyv()),
};

export function createWorld(kind: string, options: Partial<AgentStateOptions> = {}) {
  const clock = createFakeClock();
  const backing = (backings[kind] as () => StateBacking)();
  const open = (more: Partial<AgentStateOptions> = {}): AgentState =>
    createAgentState({ backing, clock, ...options, ...more });
  const state = open();
  return { clock, backing, open, state, settled: <T>(work: Promise<T>) => settled(clock, work) };
}

/** Lets time pass until `work` is done: what waits for other processes to learn of a change. */
export async function settled<T>(clock: ReturnType<typeof createFakeClock>, work: Promise<T>): Promise<T> {
  let done = false;
  const outcome = work.finally(() => {
    done = true;
  });
  outcome.catch(() => {});
  for (let seconds = 0; !done && seconds < 60; seconds += 1) await clock.advance(1_000);
  return outcome;
}

export function memoryOf(
  state: AgentState,
  bundle: string,
  place: { namespace?: string; subject?: string } = {},
  trafficClass: TrafficClass = "live",
  run = `run-${bundle}`,
): Memory {
  return state.memory({ bundle, run, class: trafficClass }, place);
}

/** Everything a bundle sees, as a plain object. */
export async function viewOf(
  state: AgentState,
  bundle: string,
  place = {},
): Promise<Record<string, unknown>> {
  const entries = await memoryOf(state, bundle, place).list({ limit: 1_000 });
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

/** A backing whose process dies at its `nth` write: that one and all later calls fail. */
export function dyingBacking(
  backing: StateBacking,
  nth: number,
  when: "before" | "after",
): StateBacking & { writes: number } {
  const dead = () => {
    if (dying.writes >= nth) throw new Error("the process is gone");
  };
  const dying: StateBacking & { writes: number } = {
    writes: 0,
    fenced: backing.fenced,
    async get(keys) {
      dead();
      return backing.get(keys);
    },
    async list(prefix, options) {
      dead();
      return backing.list(prefix, options);
    },
    scan: (prefix, cursor) => {
      dead();
      return backing.scan(prefix, cursor);
    },
    async write(changes, guard) {
      dead();
      dying.writes += 1;
      if (dying.writes < nth) return backing.write(changes, guard);
      // A process that dies in the middle leaves half of what is not all or nothing.
      const half = backing.fenced ? changes : changes.slice(0, Math.ceil(changes.length / 2));
      if (when === "after") await backing.write(half, guard);
      throw new Error("the process is gone");
    },
  };
  return dying;
}
