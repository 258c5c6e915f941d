import { type ReadSignals, type Store, VerdigrisError } from "@verdigris/contracts";
import { aBundle, type FakeClock } from "@verdigris/testing";
import { createVerdigris } from "verdigris";
import { expect } from "vitest";
import { createReleases, type Releases } from "../src/index.ts";
import { aGate, type ScriptedGate, someSignals } from "./world.ts";

/** A process that can be killed at any of its store calls: before the store sees it, or with its reply on the way. */
interface Mortal {
  readonly store: Store;
  /** Calls so far. */
  readonly calls: () => number;
  readonly isDead: () => boolean;
  /** Which of its calls were commits: only of those it matters whether the store saw them. */
  readonly commits: ReadonlySet<number>;
}

function mortal(store: Store, dieAt: number, fate: "before" | "after"): Mortal {
  let calls = 0;
  const commits = new Set<number>();
  const dead = (): boolean => calls >= dieAt;
  // A dead process hears nothing and does nothing: its promises stay open for ever.
  const never = <T>(): Promise<T> => new Promise(() => {});
  const pass = async <T>(call: () => Promise<T>): Promise<T> => {
    if (dead()) return never();
    calls += 1;
    if (!dead()) return call();
    if (fate === "after") await call().catch(() => {});
    return never();
  };
  return {
    calls: () => calls,
    isDead: dead,
    commits,
    store: {
      ...store,
      get: (keys) => pass(() => store.get(keys)),
      commit: (ops) => {
        commits.add(calls + 1);
        return pass(() => store.commit(ops));
      },
      list: (prefix, options) => pass(() => store.list(prefix, options)),
      watch: (prefix, onHint) => store.watch(prefix, (hint) => (dead() ? undefined : onHint(hint))),
    },
  };
}

/** What a whole release left behind. */
export interface Aftermath {
  readonly calls: number;
  readonly commits: ReadonlySet<number>;
  readonly died: boolean;
  readonly verbs: readonly string[];
  readonly outcome: string;
  readonly live: string;
  readonly stable: string;
  readonly denied: boolean;
  /** Attempts each gate was asked under for green, each once however often it was repeated. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Keys each hook was called under, in order, each once. */
  readonly hooks: readonly string[];
  readonly historyIsWhole: boolean;
}

const plan = {
  rollout: "canary-then-blue-green",
  canary: { steps: [{ percent: 5, for: "5s" }], timeout: "1h" },
  quarantine: { for: "20s", recheck: "15s", outsideBecause: "a test" },
  hooks: { around: ["switched"] },
  memory: true,
} as const;

interface Crew {
  readonly store: Store;
  readonly agent: string;
  readonly clock: FakeClock;
  readonly gates: Readonly<Record<"smoke" | "evals" | "shadow", ScriptedGate>>;
  readonly signals: ReturnType<typeof someSignals>;
  readonly alarms: boolean;
  readonly hooks: string[];
  ids: number;
}

function open(crew: Crew, store: Store): Releases {
  const { agent, clock, gates, hooks } = crew;
  const signals: ReadSignals = async (target) => {
    const said = await crew.signals(target);
    if (!crew.alarms || target.baseline.kind !== "history") return said;
    return said.map((signal) => (signal.name === "hard-errors" ? { ...signal, status: "alarm" } : signal));
  };
  return createReleases({
    agent,
    store,
    clock,
    gates,
    signals,
    tickMs: 10_000,
    actor: "ana",
    hook: async ({ key }) => void hooks.push(key),
    state: { park: async () => {}, promote: async () => {}, canRead: async () => true },
    newId: () => `id-${++crew.ids}`,
  });
}

/** Starts the release, again and again under the same id as a deploy job would, and drives it. */
async function beginAndDrive(releases: Releases): Promise<void> {
  releases.drive();
  await releases.start({ id: "r", bundle: "green", plan, reason: "better" });
}

/**
 * One whole release of an agent of its own whose first process dies at its `dieAt`-th store call; another takes over.
 * With `alarms` the detectors alarm once the switch is made.
 */
async function releaseWithDeath(
  store: Store,
  clock: FakeClock,
  agent: string,
  dieAt: number,
  fate: "before" | "after",
  alarms: boolean,
): Promise<Aftermath> {
  const app = createVerdigris({
    agent,
    store,
    clock,
    watch: false,
    sweepMs: "never",
    bundle: aBundle("blue"),
  });
  await app.ready();
  await app.register(aBundle("green"));
  const gates = { smoke: aGate(), evals: aGate(), shadow: aGate() };
  const crew: Crew = { store, agent, clock, gates, signals: someSignals(clock), alarms, hooks: [], ids: 0 };
  const victim = mortal(store, dieAt, fate);
  const first = open(crew, victim.store);
  void beginAndDrive(first).catch(() => {});
  await clock.advance(60_000);
  const second = open(crew, store);
  if (victim.isDead()) {
    void beginAndDrive(second).catch(() => {});
    await clock.advance(75_000);
  }
  const status = await second.status();
  const attempts = Object.entries(gates).map(([name, { asked }]) => {
    const ids = asked.filter(({ bundle }) => bundle.id === "green").map(({ attempt }) => attempt);
    return [name, new Set(ids).size] as const;
  });
  const history = await second.history("r").catch((error: unknown) => error);
  const audit = await app.exportAudit();
  const aftermath = {
    calls: victim.calls(),
    // Not those of its orderly end.
    commits: new Set(victim.commits),
    died: victim.isDead(),
    verbs: audit.lines.map(({ entry }) => entry.verb),
    outcome: status.release?.outcome?.kind ?? `at ${status.release?.phase}`,
    live: status.route?.live ?? "",
    stable: status.route?.stable ?? "",
    denied: await second.isDenied("green"),
    attempts: Object.fromEntries(attempts),
    hooks: [...new Set(crew.hooks)],
    historyIsWhole: !(history instanceof VerdigrisError),
  };
  await second.close();
  if (!victim.isDead()) await first.close();
  await app.close();
  return aftermath;
}

/**
 * Every death of a release that leaves another store: before and after each of its commits. A death between two reads
 * leaves what the one before left; every `strideOfReads`-th is tried all the same. Each has an agent of its own.
 */
export async function killEverywhere(options: {
  readonly store: Store;
  readonly clock: FakeClock;
  /** 1: at every commit. */
  readonly stride: number;
  readonly strideOfReads: number;
  /** @default false */
  readonly alarms?: boolean;
  readonly check: (aftermath: Aftermath, where: string) => void;
}): Promise<number> {
  const { store, clock, stride, strideOfReads, alarms = false, check } = options;
  const whole = await releaseWithDeath(store, clock, "whole", Number.POSITIVE_INFINITY, "before", alarms);
  check(whole, "nobody died");
  const commits = [...whole.commits].filter((_, i) => i % stride === 0);
  const reads = Array.from({ length: whole.calls }, (_, i) => i + 1).filter(
    (call) => !whole.commits.has(call) && call % strideOfReads === 0,
  );
  const deaths = [
    ...commits.flatMap((at) => (["before", "after"] as const).map((fate) => ({ at, fate }))),
    ...reads.map((at) => ({ at, fate: "before" as const })),
  ];
  for (const { at, fate } of deaths) {
    const aftermath = await releaseWithDeath(store, clock, `${fate}-${at}`, at, fate, alarms);
    expect(aftermath.died, `died ${fate} call ${at}`).toBe(true);
    check(aftermath, `died ${fate} call ${at} of ${whole.calls}`);
  }
  return deaths.length;
}

/** The verb itself, said by a process that dies at each of its calls and said again by another; nobody drives. */
export async function killRollbackEverywhere(
  store: Store,
  clock: FakeClock,
  check: (
    aftermath: Pick<Aftermath, "live" | "stable" | "denied" | "outcome" | "verbs">,
    where: string,
  ) => void,
): Promise<number> {
  let deaths = 0;
  for (let at = 1; ; at++) {
    for (const fate of ["before", "after"] as const) {
      const agent = `back-${fate}-${at}`;
      const app = createVerdigris({
        agent,
        store,
        clock,
        watch: false,
        sweepMs: "never",
        bundle: aBundle("blue"),
      });
      await app.ready();
      await app.register(aBundle("green"));
      const gates = { smoke: aGate(), evals: aGate(), shadow: aGate() };
      const crew: Crew = {
        store,
        agent,
        clock,
        gates,
        signals: someSignals(clock),
        alarms: false,
        hooks: [],
        ids: 0,
      };
      const first = open(crew, store);
      void beginAndDrive(first);
      await clock.advance(20_000);
      await first.close();
      const victim = mortal(store, at, fate);
      const dying = open(crew, victim.store);
      void dying.rollback({ reason: "bad", force: true }).catch(() => {});
      await clock.advance(1);
      const second = open(crew, store);
      await second.rollback({ reason: "bad", force: true });
      const { release, route } = await second.status();
      const { lines } = await app.exportAudit();
      check(
        {
          live: route?.live ?? "",
          stable: route?.stable ?? "",
          denied: await second.isDenied("green"),
          outcome: release?.outcome?.kind ?? `at ${release?.phase}`,
          verbs: lines.map(({ entry }) => entry.verb),
        },
        `died ${fate} call ${at}`,
      );
      await second.close();
      await app.close();
      if (!victim.isDead()) return deaths;
      deaths += 1;
    }
  }
}
