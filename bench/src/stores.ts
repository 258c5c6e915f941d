import type { Bench, Goal, Row } from "./report.ts";
import { counts } from "./stores-counts.ts";
import { growth } from "./stores-growth.ts";
import { inMemory } from "./stores-memory.ts";
import { onPostgres, onRedis } from "./stores-servers.ts";
import { inFile } from "./stores-sqlite.ts";

const parts = { memory: inMemory, file: inFile, growth, counts, postgres: onPostgres, redis: onRedis };

export const stores: Bench = {
  name: "stores",
  sentence: `What starting, resuming, finishing and counting runs cost, empty and at a million pins: ${Object.keys(parts).join(", ")}.`,
  async run(progress, only) {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    for (const [name, part] of Object.entries(parts)) {
      if (only.length > 0 && !only.includes(name)) continue;
      progress(name);
      const found = await part();
      rows.push(...found.rows);
      goals.push(...found.goals);
    }
    return { rows, goals };
  },
};
