import { join } from "node:path";
import {
  type AgentState,
  createAgentState,
  createMapBacking,
  createStoreBacking,
  type Memory,
  type StateBacking,
} from "@verdigris/agent-state";
import type { Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { collect, keep, measureOperations, type Operation, ratioOf } from "./measure.ts";
import { type Bench, type Findings, goal, operationRow, type Row } from "./report.ts";
import { withDirectory } from "./stores-sqlite.ts";

const agent = "bench";
const keyCount = 4_096;
const value = { answer: "The refund takes five working days.", pages: ["refunds", "billing"], score: 0.82 };

/** A key of the ring, another at every call. */
function ringOfKeys(prefix: string): () => string {
  const keys = Array.from({ length: keyCount }, (_, n) => `${prefix}${n.toString().padStart(6, "0")}`);
  let at = 0;
  return () => {
    at = (at + 1) % keyCount;
    return keys[at] ?? "";
  };
}

async function fill(memory: Memory, prefix: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const entries = Array.from({ length: Math.min(1_000, count - from) }, (_, n) => ({
      key: `${prefix}${(from + n).toString().padStart(6, "0")}`,
      value,
    }));
    await memory.setMany(entries);
  }
}

function memoryOf(state: AgentState, bundle: string): Memory {
  return state.memory({ bundle, run: "r1", class: "live" });
}

/** One memory per length of chain, each reading keys that lie in its lowest layer. */
async function chains(backing: StateBacking): Promise<readonly Memory[]> {
  const state = createAgentState({ backing });
  await state.branch({ bundle: "blue", from: null });
  await fill(memoryOf(state, "blue"), "r", keyCount);
  await state.promote("blue");
  await state.branch({ bundle: "green", from: "blue" });
  const segments = createAgentState({ backing, mode: "segment" });
  await segments.branch({ bundle: "alone", from: null });
  await fill(memoryOf(segments, "alone"), "r", keyCount);
  return [memoryOf(segments, "alone"), memoryOf(state, "blue"), memoryOf(state, "green")];
}

/** The same work without layers: what an agent does that keeps its memory by hand. */
interface Bare {
  read(key: string): Promise<unknown>;
  write(key: string): Promise<unknown>;
}

const envelope = () => JSON.stringify({ v: 1, at: Date.now(), value });

function bareMap(): Bare {
  const map = new Map<string, string>();
  for (const next = ringOfKeys("r"), first = next(); ; ) {
    const key = next();
    map.set(key, envelope());
    if (key === first) break;
  }
  return {
    read: async (key) => JSON.parse(map.get(key) ?? "null"),
    async write(key) {
      map.set(key, envelope());
    },
  };
}

async function bareStore(store: Store): Promise<Bare> {
  const write = async (key: string) => {
    const row = `${agent}/bare/${key}`;
    const { entries } = await store.get([row]);
    await store.commit([{ op: "put", key: row, rev: entries[0]?.rev ?? 0, value: envelope() }]);
  };
  const next = ringOfKeys("r");
  for (let n = 0; n < keyCount; n++) await write(next());
  return {
    async read(key) {
      const { entries } = await store.get([`${agent}/bare/${key}`]);
      return JSON.parse(entries[0]?.value ?? "null");
    },
    write,
  };
}

interface Measured {
  readonly rows: Row[];
  /** Ratios of CPU time to the bare backing, per length of chain. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

async function measureBeside(group: string, bare: Bare, backing: StateBacking): Promise<Measured> {
  const memories = await chains(backing);
  const key = { r: ringOfKeys("r"), w: ringOfKeys("w") };
  const operations: Operation[] = [
    { name: "read, bare", run: async () => keep(await bare.read(key.r())) },
    { name: "write, bare", run: async () => keep(await bare.write(key.w())) },
    ...memories.flatMap((memory, index): Operation[] => [
      { name: `read through ${index + 1}`, run: async () => keep(await memory.get(key.r())) },
      { name: `write on ${index + 1}`, run: async () => keep(await memory.set(key.w(), value)) },
    ]),
  ];
  const measured = await measureOperations(operations, { rounds: 5, roundMs: 50 });
  const ratios = { read: [] as number[], write: [] as number[] };
  const rows = operations.map(({ name }) => {
    const kind = name.startsWith("read") ? "read" : "write";
    const ratioTo = `${kind}, bare`;
    const rounds = measured.get(name);
    const floor = measured.get(ratioTo);
    if (rounds === undefined || floor === undefined) throw new Error(`${name} was not measured`);
    if (name === ratioTo) return operationRow(group, name, rounds);
    const ratio = ratioOf(rounds.nanoseconds, floor.nanoseconds);
    // Every layer is one more look; the writes of other processes do not move CPU time.
    ratios[kind].push(rounds.cpuNanoseconds / floor.cpuNanoseconds);
    return operationRow(group, name, rounds, { ratio, ratioTo });
  });
  return { rows, reads: ratios.read, writes: ratios.write };
}

interface Folded {
  readonly rows: Row[];
  /** Per second of CPU time. */
  readonly rowsPerSecond: number;
  /** Heap at its highest above what the filled backing took, in MiB. */
  readonly heapMiB: number;
}

/** A promotion of one bundle with `count` keys, begun when its process has nothing else in memory. */
async function fold(group: string, backing: StateBacking, count: number): Promise<Folded> {
  const state = createAgentState({ backing });
  await state.branch({ bundle: "blue", from: null });
  await fill(memoryOf(state, "blue"), "k", count);
  collect();
  const before = process.memoryUsage().heapUsed;
  let highest = before;
  const look = () => {
    highest = Math.max(highest, process.memoryUsage().heapUsed);
  };
  let copied = 0;
  const usedBefore = process.cpuUsage();
  const began = performance.now();
  await state.promote("blue", {
    onProgress: ({ rows }) => {
      look();
      if (rows === count) copied = performance.now();
    },
  });
  const ended = performance.now();
  const used = process.cpuUsage(usedBefore);
  look();
  const heapMiB = (highest - before) / 2 ** 20;
  const rowsPerSecond = (count / (used.user + used.system)) * 1e6;
  const one = (name: string, unit: string, figure: number): Row => ({
    group,
    name,
    unit,
    min: figure,
    median: figure,
    max: figure,
  });
  const keys = count.toLocaleString("en");
  return {
    rows: [
      one(`fold ${keys} keys, the copying`, "rows/s", (count / (copied - began)) * 1_000),
      one(`fold ${keys} keys, clean-up included`, "rows/s", (count / (ended - began)) * 1_000),
      one(`fold ${keys} keys, clean-up included`, "rows/CPU s", rowsPerSecond),
      one(`fold ${keys} keys, heap above the rows`, "MiB", heapMiB),
      one(`fold ${keys} keys, heap before`, "MiB", before / 2 ** 20),
    ],
    rowsPerSecond,
    heapMiB,
  };
}

async function run(progress: (text: string) => void): Promise<Findings> {
  progress("a Map");
  const map = await measureBeside("Map", bareMap(), createMapBacking());
  progress("store-memory");
  const memoryStore = createMemoryStore();
  const memory = await measureBeside(
    "memory",
    await bareStore(memoryStore),
    createStoreBacking(memoryStore, agent),
  );
  const [sqlite, folded] = await withDirectory(async (directory) => {
    progress("store-sqlite");
    const store = await createSqliteStore({ file: join(directory, "memory.db"), synchronous: "normal" });
    const beside = await measureBeside("SQLite", await bareStore(store), createStoreBacking(store, agent));
    progress("100,000 keys are folded down in a SQLite file");
    const rows = await fold("SQLite", createStoreBacking(store, "fold"), 100_000);
    await store.close();
    return [beside, rows] as const;
  });
  progress("1,000,000 keys are folded down in a Map");
  const large = await fold("Map", createMapBacking(), 1_000_000);
  const worst = (ratios: readonly number[]) => Math.max(...ratios);
  return {
    rows: [...map.rows, ...memory.rows, ...sqlite.rows, ...folded.rows, ...large.rows],
    goals: [
      goal("read through up to 3 layers, SQLite (CPU, ratio to bare)", worst(sqlite.reads), "lower", 3),
      goal("write on up to 3 layers, SQLite (CPU, ratio to bare)", worst(sqlite.writes), "lower", 3),
      goal("read through up to 3 layers, memory (CPU, ratio to bare)", worst(memory.reads), "lower", 3),
      goal("write on up to 3 layers, memory (CPU, ratio to bare)", worst(memory.writes), "lower", 3),
      goal("fold 1,000,000 keys, Map (rows per CPU s)", large.rowsPerSecond, "higher", 200_000),
      // The copies themselves: each key once more, its text shared.
      goal("fold 1,000,000 keys, Map: heap above the rows (MiB)", large.heapMiB, "lower", 400),
      goal("fold 100,000 keys, SQLite (rows per CPU s)", folded.rowsPerSecond, "higher", 10_000),
      goal("fold 100,000 keys, SQLite: heap above the rows (MiB)", folded.heapMiB, "lower", 100),
    ],
  };
}

export const agentState: Bench = {
  name: "agent-state",
  sentence: "What layers cost an agent's memory beside the bare backing, and how fast they fold down.",
  run,
};
