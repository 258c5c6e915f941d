import { createReleases, type Driver, type Releases } from "@verdigris/release";
import { createMemoryStore } from "@verdigris/store-memory";
import { beginAgent, gate } from "./bench-agent.ts";
import { spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";

const agents = Number(process.env.VERDIGRIS_AGENTS ?? 1_000);
const tickMs = 30_000;
const rounds = 5;

/** What one look at every agent costs this process, in ms of CPU time. */
async function cpuOfLooks(drivers: readonly Driver[]): Promise<number> {
  const before = process.cpuUsage();
  for (const driver of drivers) await driver.tick();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function looks(drivers: readonly Driver[]): Promise<number[]> {
  await cpuOfLooks(drivers);
  const times: number[] = [];
  for (let n = 0; n < rounds; n++) times.push(await cpuOfLooks(drivers));
  return times;
}

/** One process drives a thousand agents: all idle, and all with a release in quarantine. */
export async function scheduler(progress: (text: string) => void): Promise<Findings> {
  progress(`${agents} agents under one controller`);
  const store = createMemoryStore();
  const all: Releases[] = [];
  const drivers: Driver[] = [];
  const heap = process.memoryUsage().heapUsed;
  for (let n = 0; n < agents; n++) {
    const agent = `agent-${n}`;
    await (await beginAgent(store, agent)).close();
    const releases = createReleases({
      agent,
      store,
      tickMs,
      gates: { smoke: gate, evals: gate, shadow: gate },
    });
    all.push(releases);
    drivers.push(releases.drive());
  }
  const idle = await looks(drivers);
  for (const releases of all)
    await releases.start({ bundle: "green", plan: { signals: { without: "bench" } }, reason: "bench" });
  for (const releases of all) await releases.waitUntil("quarantine", { pollMs: 20 });
  const busy = await looks(drivers);
  const bytes = (process.memoryUsage().heapUsed - heap) / agents;
  for (const releases of all) await releases.close();
  const group = `${agents} agents, one controller`;
  const row = (name: string, times: readonly number[]): Row => ({
    group,
    name,
    unit: "ms CPU a round",
    ...spreadOf(times),
  });
  const share = (spreadOf(busy).median / tickMs) * 100;
  const rows = [
    row("look at all, nothing under way", idle),
    row("look at all, each in quarantine", busy),
    { group, name: "heap per agent, store included", unit: "KiB", ...spreadOf([bytes / 1024]) },
  ];
  return { rows, goals: [goal(`${agents} agents in quarantine: share of one core, %`, share, "lower", 10)] };
}
