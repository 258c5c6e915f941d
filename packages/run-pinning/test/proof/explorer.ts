import { createHash } from "node:crypto";
import {
  agentKeys,
  type Clock,
  isVerdigrisError,
  type PinRecord,
  type Route,
  type Store,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { registerBundles } from "./bundles.ts";
import { createProcess, type Process, type ProcessOptions } from "./process.ts";

const keys = agentKeys("agent");

/** One simulated process while it runs its part of a scenario. */
export interface Player extends Process {
  /** Parks like a store call does: lets the others act before what follows. */
  pause(label: string): Promise<void>;
  /** Makes something this process saw outside the store part of its history, so that states differing in it differ. */
  note(seen: unknown): void;
}

/** What the processes of one replay share. */
export interface World {
  /** Store time and everybody's clocks, in ms. */
  time: number;
  /** Route generation that each pin was accepted on, and the bundle, by run id. */
  readonly pins: Map<string, PinRecord>;
  /** Facts of the scenario's own making. */
  readonly facts: Record<string, unknown>;
  /** What each finish answered, and the runs that starts answered with, in order. */
  readonly finishes: string[];
  readonly runs: string[];
  readonly store: Store;
  readonly players: Readonly<Record<string, Player>>;
  fail(message: string): void;
}

export interface Scenario {
  readonly bundles?: readonly string[];
  readonly options?: Readonly<Record<string, Partial<ProcessOptions>>>;
  readonly setup: (world: World) => Promise<void>;
  readonly plays: Readonly<Record<string, (player: Player, world: World) => Promise<void>>>;
  readonly atEnd?: (world: World) => void | Promise<void>;
  /** Changes what reaches the store: how a proof breaks the protocol on purpose. */
  readonly sabotage?: (ops: readonly StoreOp[], route: Route | null) => readonly StoreOp[];
  /** Reads lists one entry at a time, each a call of its own. */
  readonly paged?: boolean;
}

export interface Explored {
  readonly states: number;
  readonly schedules: number;
  readonly ends: number;
  readonly violation: { readonly message: string; readonly trace: readonly string[] } | null;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function parse<T>(entry: StoreEntry | null | undefined): T | null {
  return entry === null || entry === undefined ? null : (JSON.parse(entry.value) as T);
}

/** Revisions as "n-th write of this key": two schedules that differ only in the order of unrelated writes look alike. */
class Ordinals {
  readonly #counts = new Map<string, number>();
  readonly #names = new Map<number, string>();

  note(key: string, rev: number): void {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.#names.set(rev, `#${count}`);
  }

  of(rev: number): string {
    return this.#names.get(rev) ?? String(rev);
  }
}

function isPin(key: string): boolean {
  return key.startsWith(keys.pins);
}

function onRoute(route: Route, bundle: string): boolean {
  return (
    [route.live, route.stable, route.candidate].includes(bundle) ||
    route.retiring.some((item) => item.bundle === bundle)
  );
}

/** One execution of a scenario under one schedule. */
class Replay {
  readonly base: Store;
  readonly world: World;
  readonly trace: string[] = [];
  violation: string | null = null;
  readonly #scenario: Scenario;
  readonly #ordinals = new Ordinals();
  readonly #names: readonly string[];
  readonly #parked: { label: string; release: () => void }[][];
  readonly #history: string[];
  #free = true;
  #unfinished: number;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const time = { now: 1_000_000 };
    const clock: Clock = { now: () => time.now, monotonic: () => time.now, setTimer: () => () => {} };
    this.base = createMemoryStore({ clock });
    this.#names = Object.keys(scenario.plays);
    this.#parked = this.#names.map(() => []);
    this.#history = this.#names.map(() => "");
    this.#unfinished = this.#names.length;
    const players = Object.fromEntries(
      this.#names.map((name, index) => [
        name,
        {
          ...createProcess({ store: this.#storeOf(index), clock, name, ...scenario.options?.[name] }),
          pause: async (label: string) => {
            await this.#park(index, label);
            this.#remember(index, label);
          },
          note: (seen: unknown) => this.#remember(index, seen),
        },
      ]),
    );
    this.world = {
      get time() {
        return time.now;
      },
      set time(ms) {
        time.now = ms;
      },
      pins: new Map(),
      facts: {},
      finishes: [],
      runs: [],
      store: this.base,
      players,
      fail: (message) => {
        this.violation ??= message;
      },
    };
  }

  async begin(): Promise<void> {
    await registerBundles(this.#storeOf(-1), "agent", this.#scenario.bundles ?? ["blue", "green", "amber"]);
    await this.#scenario.setup(this.world);
    this.#free = false;
    for (const [index, name] of this.#names.entries()) {
      const play = this.#scenario.plays[name];
      const player = this.world.players[name];
      if (play === undefined || player === undefined) continue;
      void player
        .pause("begin")
        .then(() => play(player, this.world))
        .then(
          () => {
            this.#unfinished--;
            this.#remember(index, "done");
          },
          (error: unknown) => this.world.fail(`${name} failed: ${String(error)}`),
        );
    }
    await settled();
  }

  enabled(): number[] {
    return this.#parked.flatMap((waiting, index) => (waiting.length > 0 ? [index] : []));
  }

  async step(index: number): Promise<void> {
    const call = this.#parked[index]?.shift();
    if (call === undefined)
      throw new Error(`no call of ${this.#names[index]} waits: the code is not deterministic`);
    this.trace.push(`${this.#names[index]}:${call.label}`);
    call.release();
    await settled();
  }

  /** Nothing waits at a gate any more: then every play must have ended. */
  end(): void {
    if (this.#unfinished > 0) this.world.fail(`${this.#unfinished} plays never ended`);
  }

  async state(): Promise<string> {
    const { entries } = await this.base.list("", { limit: 1_000 });
    const store = entries.map(({ key, rev, at, value }) => `${key}${this.#ordinals.of(rev)}@${at}${value}`);
    return createHash("md5")
      .update(`${this.world.time}|${store.join("|")}|${this.#history.join("|")}`)
      .digest("base64");
  }

  #remember(index: number, seen: unknown): void {
    const text = `${this.#history[index]}${JSON.stringify(seen)}`;
    this.#history[index] = createHash("md5").update(text).digest("base64");
  }

  #park(index: number, label: string): Promise<void> {
    if (this.#free) return Promise.resolve();
    return new Promise((release) => {
      this.#parked[index]?.push({ label, release });
    });
  }

  #shown(entry: StoreEntry | null): unknown {
    return entry === null ? null : [entry.key, this.#ordinals.of(entry.rev), entry.at, entry.value];
  }

  async #commit(given: readonly StoreOp[]): ReturnType<Store["commit"]> {
    const before = (await this.base.get([keys.route])).entries[0] ?? null;
    const route = parse<Route>(before);
    const ops = this.#scenario.sabotage?.(given, route) ?? given;
    const result = await this.base.commit(ops);
    if (!result.ok) return result;
    for (const [i, op] of ops.entries())
      if (op.op === "put") this.#ordinals.note(op.key, result.revs[i] ?? 0);
    await this.#inspect(ops, route);
    if (ops === given) return result;
    // The caller counts on one revision per op it gave.
    const revs = given.map((op) => (op.op === "check" ? op.rev : (result.revs[ops.indexOf(op)] ?? 0)));
    return { ...result, revs };
  }

  /** I6 and the one-pin rules, on every commit that happened. */
  async #inspect(ops: readonly StoreOp[], before: Route | null): Promise<void> {
    for (const op of ops) {
      if (op.op !== "put") continue;
      if (isPin(op.key)) this.#inspectPin(JSON.parse(op.value) as PinRecord, op, ops, before);
      if (op.key === keys.route && before !== null)
        await this.#inspectMove(before, JSON.parse(op.value) as Route);
    }
  }

  #inspectPin(pin: PinRecord, op: StoreOp, ops: readonly StoreOp[], route: Route | null): void {
    if (!this.world.pins.has(pin.run)) this.world.pins.set(pin.run, pin);
    if (route === null) return;
    const moved = ops.some((other) => other.op === "del" && other.key.startsWith(keys.pinsOf(pin.bundle)));
    if (!onRoute(route, pin.bundle))
      this.world.fail(`I6: a pin of ${pin.run} on ${pin.bundle}, which is recycled`);
    if (op.rev === 0 && !moved && route.sealed.includes(pin.bundle))
      this.world.fail(`I6: a pin of ${pin.run} was created on ${pin.bundle}, which is sealed`);
  }

  async #inspectMove(before: Route, after: Route): Promise<void> {
    if (after.recent.at(-1)?.verb !== "recycle") return;
    const gone = before.retiring.find((item) => !onRoute(after, item.bundle))?.bundle;
    if (gone === undefined) return;
    const { entries } = await this.base.list(keys.pinsOf(gone), { limit: 1_000 });
    const alive = entries
      .map((entry) => parse<PinRecord>(entry))
      .find((pin) => (pin?.deadline ?? 0) > this.world.time);
    if (alive !== undefined) this.world.fail(`I6: ${gone} was recycled under ${alive?.run}`);
  }

  #storeOf(index: number): Store {
    const { base } = this;
    const call = async <T>(label: string, run: () => Promise<T>, show: (reply: T) => unknown): Promise<T> => {
      await this.#park(index, label);
      const reply = await run();
      this.#remember(index, show(reply));
      return reply;
    };
    const list: Store["list"] = (prefix, options) =>
      call(
        "list",
        () => base.list(prefix, options),
        ({ entries, at }) => [entries.map((entry) => this.#shown(entry)), at],
      );
    return {
      capabilities: base.capabilities,
      get: (wanted) =>
        call(
          "get",
          () => base.get(wanted),
          ({ entries, at }) => [entries.map((entry) => this.#shown(entry)), at],
        ),
      commit: (ops) =>
        call(
          `commit ${ops.map(({ op, key }) => `${op} ${key.replace("agent/", "")}`).join(", ")}`,
          () => this.#commit(ops),
          (reply) =>
            reply.ok
              ? [reply.revs.map((rev) => this.#ordinals.of(rev)), reply.at]
              : this.#shown(reply.current),
        ),
      list: this.#scenario.paged === true ? pagedList(list) : list,
      watch: () => () => {},
      close: async () => {},
    };
  }
}

function pagedList(list: Store["list"]): Store["list"] {
  return async (prefix, { after, limit }) => {
    const found: StoreEntry[] = [];
    let from = after;
    for (;;) {
      const { entries, at } = await list(
        prefix,
        from === undefined ? { limit: 1 } : { after: from, limit: 1 },
      );
      const [entry] = entries;
      if (entry !== undefined) found.push(entry);
      if (entry === undefined || found.length === limit) return { entries: found, at };
      from = entry.key;
    }
  };
}

/** Lets one replay run on until it ends, breaks a promise or meets a known state; leaves the other turns for later. */
async function follow(
  replay: Replay,
  path: number[],
  seen: Set<string>,
  later: (readonly number[])[],
): Promise<"known" | "ended" | "broken"> {
  for (;;) {
    if (replay.violation !== null) return "broken";
    const state = await replay.state();
    if (seen.has(state)) return "known";
    seen.add(state);
    const [next, ...others] = replay.enabled();
    if (next === undefined) return "ended";
    for (const other of others) later.push([...path, other]);
    path.push(next);
    await replay.step(next);
  }
}

/** Runs every interleaving of the plays' store calls, each state once; stops at the first violation. */
export async function explore(scenario: Scenario, mostSchedules = 200_000): Promise<Explored> {
  const seen = new Set<string>();
  const later: (readonly number[])[] = [[]];
  let schedules = 0;
  let ends = 0;
  for (let prefix = later.pop(); prefix !== undefined; prefix = later.pop()) {
    if (++schedules > mostSchedules)
      throw new Error(`more than ${mostSchedules} schedules: make the scenario smaller`);
    const replay = new Replay(scenario);
    await replay.begin();
    for (const choice of prefix) await replay.step(choice);
    if ((await follow(replay, [...prefix], seen, later)) === "ended") {
      ends++;
      replay.end();
      await scenario.atEnd?.(replay.world);
    }
    if (replay.violation !== null) {
      const violation = { message: replay.violation, trace: replay.trace };
      return { states: seen.size, schedules, ends, violation };
    }
  }
  return { states: seen.size, schedules, ends, violation: null };
}

/** What a call came to: its value, or the code it was refused with. Anything but a coded refusal is a failure of the proof. */
export async function outcomeOf<T>(
  call: Promise<T>,
): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string }> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (isVerdigrisError(error)) return { ok: false, code: error.code };
    throw error;
  }
}
