import { type ReadSignals, type Store, VerdigrisError } from "@verdigris/contracts";
import { aBundle, type FakeClock } from "@verdigris/testing";
import { createVerdigris, type Verdigris } from "verdigris";
import { expect } from "vitest";
import { createReleases, type Releases } from "../src/index.ts";
import { type Death, type Mortal, mortal, nobodyDies } from "./mortal.ts";
import { aGate, type ScriptedGate, someSignals } from "./world.ts";

/** What a whole release left behind. */
export interface Aftermath {
  readonly calls: number;
  readonly commits: ReadonlyMap<number, string>;
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

/** Where releases are killed, and how time goes there. */
export interface Ground {
  readonly store: Store;
  readonly clock: FakeClock;
  /** Lets time pass. @default the clock's own `advance` */
  readonly pass?: (ms: number) => Promise<void>;
}

/** One agent with blue live and green registered, and what its processes share. */
interface Crew {
  readonly app: Verdigris;
  readonly gates: Readonly<Record<"smoke" | "evals" | "shadow", ScriptedGate>>;
  readonly hooks: string[];
  /** Another process of it, over its own way to the store. */
  open(store: Store): Releases;
  pass(ms: number): Promise<void>;
}

/** With `alarms` the detectors alarm once the switch is made. */
async function aCrew(ground: Ground, agent: string, alarms: boolean): Promise<Crew> {
  const { store, clock, pass = (ms) => clock.advance(ms) } = ground;
  const bundle = aBundle("blue");
  const app = createVerdigris({ agent, store, clock, watch: false, sweepMs: "never", bundle });
  await app.ready();
  await app.register(aBundle("green"));
  const gates = { smoke: aGate(), evals: aGate(), shadow: aGate() };
  const clear = someSignals(clock);
  const signals: ReadSignals = async (target) => {
    const said = await clear(target);
    if (!alarms || target.baseline.kind !== "history") return said;
    return said.map((signal) => (signal.name === "hard-errors" ? { ...signal, status: "alarm" } : signal));
  };
  const hooks: string[] = [];
  let ids = 0;
  return {
    app,
    gates,
    hooks,
    pass,
    open: (through) =>
      createReleases({
        agent,
        store: through,
        clock,
        gates,
        signals,
        tickMs: 10_000,
        actor: "ana",
        hook: async ({ key }) => void hooks.push(key),
        state: { park: async () => {}, promote: async () => {}, canRead: async () => true },
        newId: () => `id-${++ids}`,
      }),
  };
}

/** Starts the release, again and again under the same id as a deploy job would, and drives it. */
async function beginAndDrive(releases: Releases): Promise<void> {
  releases.drive();
  await releases.start({ id: "r", bundle: "green", plan, reason: "better" });
}

async function whereItEnded(
  app: Verdigris,
  releases: Releases,
): Promise<Pick<Aftermath, "live" | "stable" | "denied" | "outcome" | "verbs">> {
  const { release, route } = await releases.status();
  const { lines } = await app.exportAudit();
  return {
    live: route?.live ?? "",
    stable: route?.stable ?? "",
    denied: await releases.isDenied("green"),
    outcome: release?.outcome?.kind ?? `at ${release?.phase}`,
    verbs: lines.map(({ entry }) => entry.verb),
  };
}

/** A release whose first process dies somewhere. */
interface Tale {
  readonly crew: Crew;
  readonly victim: Mortal;
  readonly first: Releases;
  readonly second: Releases;
}

async function begin(ground: Ground, agent: string, death: Death, alarms: boolean): Promise<Tale> {
  const crew = await aCrew(ground, agent, alarms);
  const victim = mortal(ground.store, death);
  const first = crew.open(victim.store);
  void beginAndDrive(first).catch(() => {});
  return { crew, victim, first, second: crew.open(ground.store) };
}

async function examine({ crew, victim, first, second }: Tale): Promise<Aftermath> {
  const { app, gates, hooks } = crew;
  const attempts = Object.entries(gates).map(([name, { asked }]) => {
    const ids = asked.filter(({ bundle }) => bundle.id === "green").map(({ attempt }) => attempt);
    return [name, new Set(ids).size] as const;
  });
  const history = await second.history("r").catch((error: unknown) => error);
  const aftermath = {
    calls: victim.calls(),
    // Not those of its orderly end.
    commits: new Map(victim.commits),
    died: victim.isDead(),
    ...(await whereItEnded(app, second)),
    attempts: Object.fromEntries(attempts),
    hooks: [...new Set(hooks)],
    historyIsWhole: !(history instanceof VerdigrisError),
  };
  await second.close();
  if (!victim.isDead()) await first.close();
  await app.close();
  return aftermath;
}

/** Whole releases side by side, each of an agent of its own whose first process dies; another takes over. */
async function releasesWithDeaths(
  ground: Ground,
  deaths: readonly Named[],
  alarms: boolean,
): Promise<readonly Aftermath[]> {
  const { clock, pass = (ms) => clock.advance(ms) } = ground;
  const tales = await Promise.all(deaths.map(([agent, death]) => begin(ground, agent, death, alarms)));
  await pass(60_000);
  const orphans = tales.filter(({ victim }) => victim.isDead());
  for (const { second } of orphans) void beginAndDrive(second).catch(() => {});
  if (orphans.length > 0) await pass(75_000);
  return Promise.all(tales.map(examine));
}

type Named = readonly [agent: string, death: Death];

/** Before and after each commit, and before every tenth read: a death between two reads leaves what the one before left. */
function deathsAtEveryCommit({ calls, commits }: Aftermath): readonly Named[] {
  const every = Array.from({ length: calls }, (_, i) => i + 1);
  return every.flatMap((call): Named[] => {
    const at: Death["at"] = (now) => now === call;
    if (commits.has(call))
      return (["before", "after"] as const).map((fate) => [`${fate}-${call}`, { fate, at }]);
    return call % 10 === 0 ? [[`read-${call}`, { fate: "before", at }]] : [];
  });
}

/** Before and after the first commit of each kind: what the engine is asked for anew. */
function deathsAtEachKind({ commits }: Aftermath): readonly Named[] {
  const kinds = [...new Set(commits.values())];
  return kinds.flatMap((kind, i) =>
    (["before", "after"] as const).map(
      (fate): Named => [`${fate}-kind-${i}`, { fate, at: (_, now) => now === kind }],
    ),
  );
}

/** So many releases share a passing of time, and keep an engine busy meanwhile. */
const sideBySide = 30;

/**
 * Every death of a release that leaves another store, each on an agent of its own: at every commit, or at the first of each
 * kind where an engine is slow. Resolves with how many there were.
 */
export async function killEverywhere(
  ground: Ground,
  options: {
    readonly at: "every-commit" | "each-kind";
    /** @default false */
    readonly alarms?: boolean;
    readonly check: (aftermath: Aftermath, where: string) => void;
  },
): Promise<number> {
  const { at, alarms = false, check } = options;
  const [whole] = await releasesWithDeaths(ground, [["whole", nobodyDies]], alarms);
  if (whole === undefined) throw new Error("nothing was told");
  check(whole, "nobody died");
  const deaths = at === "every-commit" ? deathsAtEveryCommit(whole) : deathsAtEachKind(whole);
  for (let from = 0; from < deaths.length; from += sideBySide) {
    const some = deaths.slice(from, from + sideBySide);
    const aftermaths = await releasesWithDeaths(ground, some, alarms);
    for (const [i, aftermath] of aftermaths.entries()) {
      const last = [...aftermath.commits.values()].at(-1);
      const where = `died at ${some[i]?.[0]} of ${whole.calls} calls, last commit: ${last}`;
      expect(aftermath.died, where).toBe(true);
      check(aftermath, where);
    }
  }
  return deaths.length;
}

/** The verb itself, said by a process that dies at each of its calls and said again by another; nobody drives. */
export async function killRollbackEverywhere(
  ground: Ground,
  check: (
    aftermath: Pick<Aftermath, "live" | "stable" | "denied" | "outcome" | "verbs">,
    where: string,
  ) => void,
): Promise<number> {
  const { store } = ground;
  let deaths = 0;
  for (let at = 1; ; at++) {
    for (const fate of ["before", "after"] as const) {
      const { app, open, pass } = await aCrew(ground, `back-${fate}-${at}`, false);
      const first = open(store);
      void beginAndDrive(first);
      await pass(20_000);
      await first.close();
      const victim = mortal(store, { fate, at: (call) => call === at });
      const dying = open(victim.store);
      void dying.rollback({ reason: "bad", force: true }).catch(() => {});
      await pass(1);
      const second = open(store);
      await second.rollback({ reason: "bad", force: true });
      check(await whereItEnded(app, second), `died ${fate} call ${at}`);
      await second.close();
      await app.close();
      if (!victim.isDead()) return deaths;
      deaths += 1;
    }
  }
}
