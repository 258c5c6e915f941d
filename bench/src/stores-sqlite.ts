import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunPinning } from "@verdigris/run-pinning";
import { createSqliteStore } from "@verdigris/store-sqlite";
import Libsql from "libsql";
import { makeIds } from "./ids.ts";
import { microsecondsEach, ratioOf, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { startAndFinish } from "./stores-memory.ts";
import { agent, openAgent, openPinning, type Pipeline } from "./world.ts";

const rounds = 9;

/** Runs `work` with a fresh directory and removes it afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-bench-"));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Sample {
  readonly key: string;
  readonly value: string;
}

/** A pin as a real start writes it, so that the floor moves the same bytes. */
async function samplePin(file: string): Promise<Sample> {
  const store = await createSqliteStore({ file, synchronous: "normal" });
  const verdigris = await openAgent(store);
  await verdigris.start();
  const { entries } = await store.list(`${agent}/pin/`, { limit: 1 });
  await verdigris.close();
  await store.close();
  const [entry] = entries;
  if (entry === undefined) throw new Error("the start left no pin");
  return entry;
}

interface Floor {
  pair(index: number): void;
  close(): void;
}

/** A bare prepared insert and delete, each its own transaction, in a file and table of the same kind. */
function openFloor(file: string, synchronous: "full" | "normal", { key, value }: Sample): Floor {
  const database = new Libsql(file);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  database.exec(`CREATE TABLE entries (
    key TEXT PRIMARY KEY COLLATE BINARY NOT NULL, rev INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL
  ) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO entries (key, rev, at, value) VALUES (?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM entries WHERE key = ? AND rev = ?");
  const keys = makeIds(4_096, 23).map((id) => key.slice(0, -id.length) + id);
  return {
    pair(index) {
      const own = keys[index % keys.length] ?? key;
      insert.run([own, index, 1_760_000_000_000, value]);
      remove.run([own, index]);
    },
    close: () => database.close(),
  };
}

async function against(
  directory: string,
  synchronous: "full" | "normal",
  pairs: number,
): Promise<{ readonly rows: Row[]; readonly goals: Goal[] }> {
  const sample = await samplePin(join(directory, `sample-${synchronous}.db`));
  const floor = openFloor(join(directory, `floor-${synchronous}.db`), synchronous, sample);
  const store = await createSqliteStore({ file: join(directory, `store-${synchronous}.db`), synchronous });
  const facade = await openAgent(store);
  const pinning = (await openPinning(store)) as unknown as RunPinning<Pipeline>;
  const seen = { floor: [] as number[], pinning: [] as number[], facade: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const bare = await microsecondsEach(pairs, (i) => {
      floor.pair(i);
      return undefined;
    });
    const direct = await startAndFinish(pinning, pairs);
    const whole = await startAndFinish(facade, pairs);
    if (round < 0) continue;
    seen.floor.push(bare);
    seen.pinning.push(direct);
    seen.facade.push(whole);
  }
  await pinning.close();
  await facade.close();
  await store.close();
  floor.close();
  const [direct, whole] = [ratioOf(seen.floor, seen.pinning), ratioOf(seen.floor, seen.facade)];
  const group = `sqlite ${synchronous}`;
  const ratioTo = "floor's throughput";
  return {
    rows: [
      { group, name: "floor: insert + delete, prepared", unit: "µs", ...spreadOf(seen.floor) },
      {
        group,
        name: "start + finish, run-pinning",
        unit: "µs",
        ...spreadOf(seen.pinning),
        ratio: direct,
        ratioTo,
      },
      {
        group,
        name: "start + finish, verdigris",
        unit: "µs",
        ...spreadOf(seen.facade),
        ratio: whole,
        ratioTo,
      },
    ],
    goals: [
      goal(`${group}: start + finish / insert + delete (throughput ratio)`, direct, "higher", 0.5),
      goal(`${group}: the same through verdigris (throughput ratio)`, whole, "higher", 0.5),
    ],
  };
}

export function inFile(): Promise<Findings> {
  return withDirectory(async (directory) => {
    const full = await against(directory, "full", 200);
    const normal = await against(directory, "normal", 2_000);
    return { rows: [...full.rows, ...normal.rows], goals: [...full.goals, ...normal.goals] };
  });
}
