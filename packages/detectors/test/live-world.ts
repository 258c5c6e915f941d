import { createLiveDetectors, hardErrors, type LiveDetectorsOptions } from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, type VerdigrisOptions } from "verdigris";

export const [blue, green] = [aBundle("blue"), aBundle("green")];

export function createWorld(options: LiveDetectorsOptions = {}) {
  const clock = createFakeClock();
  const store = createFaultyStore(createMemoryStore({ clock }));
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}) => {
    const detectors = createLiveDetectors({ rules: [hardErrors()], ...options });
    return {
      detectors,
      agent: createVerdigris({
        agent: "agent",
        store,
        bundle: blue,
        clock,
        actor: "ana",
        detectors,
        ...more,
      }),
    };
  };
  return { clock, store, open, ...open() };
}

export type World = ReturnType<typeof createWorld>;

export async function go(
  { agent, clock }: Pick<World, "agent" | "clock">,
  runs: number,
  fails: (n: number) => boolean,
): Promise<void> {
  for (let n = 0; n < runs; n++) {
    await agent
      .run({}, () => {
        if (fails(n)) throw new Error("no");
      })
      .catch(() => {});
    await clock.advance(1_000);
  }
}

/** What is on record of a bundle's runs, added up. */
export const totals = async ({ store }: World, bundle: string): Promise<Record<string, number>> => {
  const sums: Record<string, number> = {};
  const { entries } = await store.list(`agent/window/${bundle}/`, { limit: 1_000 });
  for (const { value } of entries)
    for (const cohort of JSON.parse(value).cohorts)
      for (const [name, count] of Object.entries(cohort))
        if (typeof count === "number" && name !== "at") sums[name] = (sums[name] ?? 0) + count;
  return sums;
};
