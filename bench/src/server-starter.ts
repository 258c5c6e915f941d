import type { Store } from "@verdigris/contracts";
import { type AcceptedStart, sharedNow } from "./server-load.ts";

/** A worker of `runStarters`: `module routeKey inFlight …args`. The fence of a start, without what stands on it. */
const [module = "", routeKey = "", inFlight = "1", ...args] = process.argv.slice(2);
const { openStore } = (await import(module)) as {
  openStore(...args: string[]): Promise<{ readonly store: Store; close(): Promise<void> }>;
};
const { store, close } = await openStore(...args);
const agent = routeKey.slice(0, routeKey.lastIndexOf("/"));
const starts: AcceptedStart[] = [];
let running = true;
let rev = 0;
let generation = 0;

function know(entry: { readonly rev: number; readonly value: string } | null | undefined): void {
  if (entry == null) return;
  const found = (JSON.parse(entry.value) as { generation: number }).generation;
  if (found >= generation) ({ rev, generation } = { rev: entry.rev, generation: found });
}

async function startAll(lane: number): Promise<void> {
  for (let n = 0; running; n += 1) {
    const askedAt = sharedNow();
    const run = `${process.pid}-${lane}-${n}`;
    const known = { rev, generation };
    const value = JSON.stringify({ v: 1, run, bundle: "support-41", epoch: 1, class: "live", generation });
    const result = await store.commit([
      { op: "check", key: routeKey, rev: known.rev },
      { op: "put", key: `${agent}/pin/support-41/1760000000000/${run}`, rev: 0, value },
    ]);
    if (!result.ok) know(result.current);
    else if (starts.push([askedAt, known.generation]) % 200 === 1)
      process.send?.({ accepted: starts.length });
  }
}

process.once("message", () => {
  running = false;
});
know((await store.get([routeKey])).entries[0]);
await Promise.all(Array.from({ length: Number(inFlight) }, (_, lane) => startAll(lane)));
await close();
process.send?.({ starts }, () => process.disconnect());
