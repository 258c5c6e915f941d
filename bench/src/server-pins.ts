import { spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";
import type { BenchServer } from "./server.ts";
import { agent, blue, leavePins, openAgent } from "./world.ts";

async function millisecondsOf(call: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let round = -1; round < 7; round++) {
    const began = performance.now();
    await call();
    if (round >= 0) took.push(performance.now() - began);
  }
  return took;
}

/** Counts and recycling with few and with many pins, left as a real start writes them and multiplied by the server. */
export async function serverPins(server: BenchServer, space: string): Promise<Findings> {
  const group = `${server.name} pins`;
  const rows: Row[] = [];
  const { store, close } = await server.open(space, "4");
  const verdigris = await openAgent(store);
  await leavePins(store, 1);
  const calls = [
    ["drain report", () => verdigris.drainReport(blue.id)],
    ["canRecycle", () => verdigris.canRecycle(blue.id)],
    ["list, limit 1", () => store.list(`${agent}/pin/`, { limit: 1 })],
  ] as const;
  const medians = new Map<string, number[]>(calls.map(([name]) => [name, []]));
  let left = 1;
  for (const count of [10_000, 1_000_000]) {
    await server.multiplyPins(space, left, count - 1);
    left = count;
    for (const [name, call] of calls) {
      const spread = spreadOf(await millisecondsOf(call));
      medians.get(name)?.push(spread.median);
      rows.push({ group, name: `${name}, ${count.toLocaleString("en")} pins`, unit: "ms", ...spread });
    }
  }
  await verdigris.close();
  await close();
  return {
    rows,
    goals: calls.map(([name]) => {
      const [few = 1, many = 1] = medians.get(name) ?? [];
      return goal(`${group}: ${name}, a million / ten thousand`, many / few, "lower", 3);
    }),
  };
}
