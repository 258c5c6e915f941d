import { agentKeys, type BundleManifest, type ReleaseGate } from "@verdigris/contracts";
import { createReleases, type Driver, type Releases } from "@verdigris/release";
import { createStoreRouter, defaultPolicy } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { type Findings, goal, type Row } from "./report.ts";

const agents = Number(process.env.VERDIGRIS_AGENTS ?? 1_000);
const tickMs = 30_000;
const rounds = 5;

const gate: ReleaseGate = async ({ keep }) => ({
  verdict: "pass",
  summary: "bench",
  evidence: await keep({}),
});

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
  return times.sort((a, b) => a - b);
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
    const keys = agentKeys(agent);
    for (const id of ["blue", "green"]) {
      const code = { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } as const;
      const manifest: BundleManifest = { v: 1, id, code, prompts: {}, models: {}, indexes: {}, tools: {} };
      const record = { v: 1, digest: code.build, manifest, registeredAt: 0 };
      await store.commit([{ op: "put", key: keys.bundle(id), rev: 0, value: JSON.stringify(record) }]);
    }
    const router = createStoreRouter({ agent, store, watch: false });
    const open = { verb: "open", bundle: "blue", policy: defaultPolicy, incarnation: "bench" } as const;
    await router.move({ move: open, expect: 0, actor: { kind: "person", id: "ana" }, reason: "bench" });
    await router.close();
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
  const row = (name: string, times: readonly number[]): Row => ({
    group: `${agents} agents, one controller`,
    name,
    unit: "ms CPU a round",
    min: times[0] ?? 0,
    median: times[Math.floor(times.length / 2)] ?? 0,
    max: times.at(-1) ?? 0,
  });
  const share = ((busy[Math.floor(rounds / 2)] ?? 0) / tickMs) * 100;
  const rows = [
    row("look at all, nothing under way", idle),
    row("look at all, each in quarantine", busy),
    {
      group: `${agents} agents, one controller`,
      name: "heap per agent, store included",
      unit: "KiB",
      min: bytes / 1024,
      median: bytes / 1024,
      max: bytes / 1024,
    },
  ];
  return { rows, goals: [goal(`${agents} agents in quarantine: share of one core, %`, share, "lower", 10)] };
}
