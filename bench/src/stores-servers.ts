import type { Findings } from "./report.ts";
import type { BenchServer } from "./server.ts";
import { serverFlips } from "./server-flips.ts";
import { serverPins } from "./server-pins.ts";
import { serverStarts } from "./server-starts.ts";
import { postgres } from "./stores-postgres.ts";
import { redis } from "./stores-redis.ts";

/** Everything on one server; nothing, with the reason printed, where none answers. */
async function onServer(server: BenchServer): Promise<Findings> {
  const problem = await server.problem();
  if (problem !== null) {
    process.stderr.write(`  skipped: no ${server.name} (${problem})\n`);
    return { rows: [], goals: [] };
  }
  const spaceOf = (part: string | number): string => `vb_${process.pid}_${part}`;
  const starts = server.clients.map((client, n) => ({ client, space: spaceOf(n) }));
  const flips = spaceOf("flips");
  const pins = [spaceOf("few"), spaceOf("many")] as const;
  const found: Findings[] = [];
  try {
    for (const { client, space } of starts) found.push(await serverStarts(server, client, space));
    found.push(await serverFlips(server, flips));
    found.push(await serverPins(server, pins));
  } finally {
    await server.remove([...starts.map(({ space }) => space), flips, ...pins]);
  }
  return { rows: found.flatMap(({ rows }) => rows), goals: found.flatMap(({ goals }) => goals) };
}

export function onPostgres(): Promise<Findings> {
  return onServer(postgres);
}

export function onRedis(): Promise<Findings> {
  return onServer(redis);
}
