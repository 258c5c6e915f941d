import { spreadOf } from "./measure.ts";
import { type Findings, goal } from "./report.ts";
import { type BenchServer, routeKey, value } from "./server.ts";
import { countStale, quantile, runStarters, sharedNow } from "./server-load.ts";
import { agent } from "./world.ts";

const flipsAtLeast = 200;
const startsAtLeast = 100_000;
const pauseMs = 50;
const longestMs = 180_000;

async function millisecondsOf(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

/** Flips alone, then beside eight processes with six starts in flight each, and in turn with a bare compare-and-set. */
export async function serverFlips(server: BenchServer, space: string): Promise<Findings> {
  const group = `${server.name} flip`;
  const { store, close } = await server.open(space, "2");
  const done: { resolvedAt: number; generation: number }[] = [];
  let generation = 1;
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation }) },
  ]);
  let rev = made.ok ? (made.revs[0] ?? 0) : 0;
  const flip = async (): Promise<void> => {
    generation += 1;
    const result = await store.commit([
      { op: "put", key: routeKey, rev, value: JSON.stringify({ generation }) },
      { op: "put", key: `${agent}/audit/${String(generation).padStart(10, "0")}`, rev: 0, value },
    ]);
    if (!result.ok) throw new Error("a flip lost, and nobody else flips");
    rev = result.revs[0] ?? 0;
    done.push({ resolvedAt: sharedNow(), generation });
  };
  const bare = await server.openBareFlip(space);
  const idle: number[] = [];
  for (let n = 0; n < 100; n++) idle.push(await millisecondsOf(flip));
  const starters = await runStarters({ module: server.module, args: [space, "6"] }, routeKey, 8, 6);
  const busy: number[] = [];
  const floor: number[] = [];
  const began = performance.now();
  const enough = (): boolean => busy.length >= flipsAtLeast && starters.accepted >= startsAtLeast;
  while (!enough() && performance.now() - began < longestMs) {
    busy.push(await millisecondsOf(flip));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    floor.push(await millisecondsOf(bare.flip));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const starts = await starters.stop();
  await bare.close();
  await close();
  const p99 = quantile(busy, 0.99);
  const row = (name: string, values: readonly number[]) => ({ group, name, unit: "ms", ...spreadOf(values) });
  return {
    rows: [
      row("flip, nobody starts", idle),
      row(`flip, 48 in flight start (${busy.length})`, busy),
      row("the same, p99", [p99]),
      row("bare compare-and-set beside it", floor),
      row("the same, p99", [quantile(floor, 0.99)]),
    ],
    goals: [
      goal(`${group}: p99 beside 48 saturating starters (ms)`, p99, "lower", 50),
      goal(`${group}: stale starts`, countStale(starts, done), "lower", 0),
      goal(`${group}: starts checked`, starts.length, "higher", startsAtLeast),
      goal(`${group}: flips`, busy.length, "higher", flipsAtLeast),
    ],
  };
}
