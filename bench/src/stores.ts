import type { Bench, Goal, Row } from "./report.ts";
import { counts } from "./stores-counts.ts";
import { growth } from "./stores-growth.ts";
import { inMemory } from "./stores-memory.ts";
import { onPostgres } from "./stores-postgres.ts";
import { onRedis } from "./stores-redis.ts";
import { inFile } from "./stores-sqlite.ts";

export const stores: Bench = {
  name: "stores",
  sentence: "What starting, resuming, finishing and counting runs cost, empty and at a million pins.",
  async run(progress) {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    for (const part of [inMemory, inFile, growth, counts, onPostgres, onRedis]) {
      progress(part.name);
      const found = await part();
      rows.push(...found.rows);
      goals.push(...found.goals);
    }
    return { rows, goals };
  },
};
