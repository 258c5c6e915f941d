import { join } from "node:path";
import type { StoreRouter } from "@verdigris/router";
import { agent, ana, openAgent } from "./bench-agent.ts";
import { type Fleet, heardOf, processes, startFleet } from "./fleet.ts";
import { type Spread, spreadOf } from "./measure.ts";
import { type Kind, startPostgres } from "./propagation-stores.ts";
import { type Bench, type Findings, type Goal, goal, type Row } from "./report.ts";
import { quantile, sharedNow } from "./server-load.ts";
import { withDirectory } from "./stores-sqlite.ts";

/** The slowest poll, 1 s and 20 %, and half a second for all else. */
const boundMs = 1_700;

/** What is lost of the pushes, and how many flips show it. */
const losses = [
  { lose: 0, flips: 40, says: "every push arrives" },
  { lose: 0.01, flips: 40, says: "1 % of pushes lost" },
  { lose: 1, flips: 8, says: "no push at all" },
] as const;

/** Clients that poll, at their default intervals, and where that is said. */
const pollers = [
  ["flagd, HTTP sync, 5 s", 5_000],
  ["Unleash, 15 s", 15_000],
  ["LaunchDarkly in polling mode, 30 s", 30_000],
] as const;

/** Milliseconds from the call of a flip to its route being in force, one per process. */
async function flipOnce(fleet: Fleet, router: StoreRouter, bundle: string): Promise<readonly number[]> {
  const generation = (router.snapshot()?.route.generation ?? 0) + 1;
  const called = sharedNow();
  const heard = heardOf(fleet, generation);
  const move = { verb: "flip", bundle, supersede: true } as const;
  const [{ outcome }, times] = await Promise.all([
    router.move({ move, expect: generation - 1, ...ana }),
    heard,
  ]);
  if (outcome !== "moved") throw new Error(`a flip was ${outcome}`);
  return times.map((at) => at - called);
}

/** What all processes saw, and the row that people ask for. */
function rowsOf(group: string, { min, median, max }: Spread, p99: number): Row[] {
  return [
    { group, name: "flip to in force", unit: "ms", min, median, max },
    { group, name: "p99", unit: "ms", min: p99, median: p99, max: p99 },
  ];
}

async function measureStore(
  fleet: Fleet,
  kind: Kind,
  where: string,
  progress: (text: string) => void,
): Promise<Findings> {
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const { router, end } = await openAgent(kind, where);
  await fleet.order({ open: kind, where, agent });
  let live = "blue";
  const flip = (): Promise<readonly number[]> => {
    live = live === "blue" ? "green" : "blue";
    return flipOnce(fleet, router, live);
  };
  await flip();
  for (const { lose, flips, says } of losses) {
    progress(`${kind}, ${says}`);
    await fleet.order({ lose });
    const times: number[] = [];
    for (let n = 0; n < flips; n++) {
      // At any moment between two polls.
      await new Promise((resolve) => setTimeout(resolve, 250 * Math.random()));
      times.push(...(await flip()));
    }
    rows.push(...rowsOf(`${kind}, ${says}`, spreadOf(times), quantile(times, 0.99)));
    goals.push(
      goal(`${kind}, ${says}: slowest of ${processes} processes, ms`, Math.max(...times), "lower", boundMs),
    );
  }
  await fleet.order({ close: true });
  await end();
  return { rows, goals };
}

/** A change falls anywhere between two polls, so its wait is uniform; requests are taken to cost nothing. */
function onPaper(): Row[] {
  return pollers.flatMap(([name, ms]) =>
    rowsOf(`on paper: ${name}`, { min: 0, median: 0.5 * ms, max: ms }, 0.99 * ms),
  );
}

export const propagation: Bench = {
  name: "propagation",
  sentence: "how long until a flip is in force in fifty processes, with and without their pushes?",
  async run(progress) {
    progress(`${processes} processes`);
    const fleet = await startFleet();
    const found: Findings[] = [];
    await withDirectory(async (directory) => {
      found.push(await measureStore(fleet, "sqlite", join(directory, "store.db"), progress));
    });
    found.push(await measureStore(fleet, "redis", `bench-propagation-${process.pid}`, progress));
    const postgres = await startPostgres();
    if (postgres === null) progress("no PostgreSQL programs: skipped");
    else found.push(await measureStore(fleet, "postgres", postgres.where, progress));
    await fleet.end();
    await postgres?.stop();
    return {
      rows: [...found.flatMap(({ rows }) => rows), ...onPaper()],
      goals: found.flatMap(({ goals }) => goals),
    };
  },
};
