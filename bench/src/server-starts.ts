import { ratioOf, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { type BenchServer, pinUnder, routeKey, type StartLane, value } from "./server.ts";
import { perSecond } from "./server-load.ts";

const rounds = 15;
const roundMs = 250;
const goalInFlight = 8;

type Call = (index: number) => Promise<unknown>;

async function putRoute({ store }: StartLane): Promise<number> {
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation: 1 }) },
  ]);
  return made.ok ? (made.revs[0] ?? 0) : 0;
}

async function startOver({ store }: StartLane, rev: number, key: number): Promise<void> {
  const { ok } = await store.commit([
    { op: "check", key: routeKey, rev },
    { op: "put", key: pinUnder + key, rev: 0, value },
  ]);
  if (!ok) throw new Error("a start was refused, and nobody flips");
}

/** The two in turn, with so many in flight. */
async function inTurn(
  inFlight: number,
  bare: Call,
  start: Call,
): Promise<{ readonly floor: number[]; readonly start: number[] }> {
  const seen = { floor: [] as number[], start: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const without = await perSecond(inFlight, roundMs, bare);
    const fenced = await perSecond(inFlight, roundMs, start);
    if (round < 0) continue;
    seen.floor.push(without);
    seen.start.push(fenced);
  }
  return seen;
}

/** Starts beside the least that one round trip can do, over the same client, in turn. */
export async function serverStarts(server: BenchServer, client: string, space: string): Promise<Findings> {
  const group = `${client} start`;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  let key = 0;
  const add = (at: string, seen: { readonly floor: number[]; readonly start: number[] }): number => {
    const ratio = ratioOf(seen.start, seen.floor);
    rows.push({ group, name: `${server.floorName}, ${at}`, unit: "/s", ...spreadOf(seen.floor) });
    rows.push({ group, name: `start, ${at}`, unit: "/s", ...spreadOf(seen.start), ratio, ratioTo: "floor" });
    return ratio;
  };
  const lane = await server.openLane(client, space);
  const rev = await putRoute(lane);
  const start = (): Promise<void> => startOver(lane, rev, key++);
  for (const inFlight of [goalInFlight, 48]) {
    const seen = await inTurn(inFlight, () => lane.floor(pinUnder + key++), start);
    const ratio = add(`${inFlight} in flight`, seen);
    if (inFlight !== goalInFlight) continue;
    goals.push(goal(`${group}: start / ${server.floorName}, at 8 in flight`, ratio, "higher", 0.75));
  }
  const before = lane.sent();
  for (let n = 0; n < 100; n++) await start();
  goals.push(goal(`${group}: round trips per start`, (lane.sent() - before) / 100, "lower", 1));
  if (server.sharesRoundTrips) {
    // Each start is the only one of its store: nothing to share with.
    const more = Array.from({ length: goalInFlight - 1 }, () => server.openLane(client, space));
    const lanes = [lane, ...(await Promise.all(more))];
    const laneOf = (): StartLane => lanes[key % lanes.length] ?? lane;
    const alone = await inTurn(
      goalInFlight,
      () => laneOf().floor(pinUnder + key++),
      () => startOver(laneOf(), rev, key++),
    );
    add("8 connections", alone);
    for (const each of lanes.slice(1)) await each.close();
  }
  await lane.close();
  return { rows, goals };
}
