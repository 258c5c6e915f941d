import { ratioOf, spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";
import type { BenchServer } from "./server.ts";
import { agent, blue, leavePins, openAgent } from "./world.ts";

const rounds = 15;
const [few, many] = [10_000, 1_000_000];

interface Call {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  /** How many make one figure. */
  readonly batch: number;
}

/** An agent with so many pins in a space of its own, left as a real start writes them and multiplied by the server. */
async function openPins(
  server: BenchServer,
  space: string,
  count: number,
): Promise<{ readonly calls: readonly Call[]; close(): Promise<void> }> {
  const { store, close } = await server.open(space, "4");
  const verdigris = await openAgent(store);
  await leavePins(store, 1);
  await server.multiplyPins(space, 1, count - 1);
  return {
    calls: [
      { name: "drain report", run: () => verdigris.drainReport(blue.id), batch: 1 },
      { name: "canRecycle", run: () => verdigris.canRecycle(blue.id), batch: 30 },
      { name: "list, limit 1", run: () => store.list(`${agent}/pin/`, { limit: 1 }), batch: 30 },
    ],
    async close() {
      await verdigris.close();
      await close();
    },
  };
}

async function millisecondsEach({ run, batch }: Call): Promise<number> {
  const began = performance.now();
  for (let n = 0; n < batch; n++) await run();
  return (performance.now() - began) / batch;
}

/** Counts and recycling with few and with many pins, in turn: what the machine did in a round weighs on both. */
export async function serverPins(server: BenchServer, spaces: readonly [string, string]): Promise<Findings> {
  const group = `${server.name} pins`;
  const worlds = [await openPins(server, spaces[0], few), await openPins(server, spaces[1], many)] as const;
  const rows: Row[] = [];
  const goals = [];
  for (const [n, call] of worlds[0].calls.entries()) {
    const larger = worlds[1].calls[n] ?? call;
    const took = { few: [] as number[], many: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      const pair = [await millisecondsEach(call), await millisecondsEach(larger)] as const;
      if (round < 0) continue;
      took.few.push(pair[0]);
      took.many.push(pair[1]);
    }
    const ratio = ratioOf(took.many, took.few);
    const named = (count: number): string => `${call.name}, ${count.toLocaleString("en")} pins`;
    rows.push({ group, name: named(few), unit: "ms", ...spreadOf(took.few) });
    rows.push({ group, name: named(many), unit: "ms", ...spreadOf(took.many), ratio, ratioTo: "few" });
    goals.push(goal(`${group}: ${call.name}, a million / ten thousand`, ratio, "lower", 3));
  }
  for (const { close } of worlds) await close();
  return { rows, goals };
}
