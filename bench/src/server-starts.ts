import { ratioOf, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { type BenchServer, pinUnder, routeKey, value } from "./server.ts";
import { perSecond } from "./server-load.ts";

const rounds = 15;
const roundMs = 250;

/** Starts beside the least that one round trip can do, over the same client, in turn. */
export async function serverStarts(server: BenchServer, client: string, space: string): Promise<Findings> {
  const group = `${client} start`;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const { store, floor, sent, close } = await server.openLane(client, space);
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation: 1 }) },
  ]);
  const rev = made.ok ? (made.revs[0] ?? 0) : 0;
  let key = 0;
  const bare = (): Promise<unknown> => floor(pinUnder + key++);
  const start = async (): Promise<void> => {
    const { ok } = await store.commit([
      { op: "check", key: routeKey, rev },
      { op: "put", key: pinUnder + key++, rev: 0, value },
    ]);
    if (!ok) throw new Error("a start was refused, and nobody flips");
  };
  for (const inFlight of [8, 48]) {
    const seen = { floor: [] as number[], start: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      const without = await perSecond(inFlight, roundMs, bare);
      const fenced = await perSecond(inFlight, roundMs, start);
      if (round < 0) continue;
      seen.floor.push(without);
      seen.start.push(fenced);
    }
    const ratio = ratioOf(seen.start, seen.floor);
    const at = `${inFlight} in flight`;
    rows.push({ group, name: `${server.floorName}, ${at}`, unit: "/s", ...spreadOf(seen.floor) });
    rows.push({ group, name: `start, ${at}`, unit: "/s", ...spreadOf(seen.start), ratio, ratioTo: "floor" });
    if (inFlight === 8) {
      goals.push(goal(`${group}: start / ${server.floorName}, at 8 in flight`, ratio, "higher", 0.75));
    }
  }
  const before = sent();
  for (let n = 0; n < 100; n++) await start();
  goals.push(goal(`${group}: round trips per start`, (sent() - before) / 100, "lower", 1));
  await close();
  return { rows, goals };
}
