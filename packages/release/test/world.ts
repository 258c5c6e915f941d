import {
  type GateAnswer,
  type GateContext,
  isVerdigrisError,
  type NodeRecord,
  type Signal,
  type SignalStatus,
  type SignalTarget,
  type Store,
  type Verdict,
} from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import {
  aBundle,
  createFakeClock,
  createFaultyStore,
  type FakeClock,
  type FaultyStore,
} from "@verdigris/testing";
import { createVerdigris, type Verdigris } from "verdigris";
import { expect } from "vitest";
import {
  createReleases,
  type Driver,
  type Releases,
  type ReleasesOptions,
  type StartOptions,
} from "../src/index.ts";

export const minute = 60_000;
export const hour: number = 60 * minute;

/** The code of what a call rejects with. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "resolved",
    (error: unknown) => (isVerdigrisError(error) ? error.code : String(error)),
  );
}

/** A gate that answers what it is told to, and remembers what it was asked. */
export interface ScriptedGate {
  (context: GateContext): Promise<GateAnswer>;
  readonly asked: GateContext[];
  /** The next answers, in order; then `pass` for ever. */
  next(...verdicts: (Verdict | "throw" | "bare-pass" | "hang")[]): void;
}

export function aGate(): ScriptedGate {
  const script: (Verdict | "throw" | "bare-pass" | "hang")[] = [];
  const asked: GateContext[] = [];
  const gate = async (context: GateContext): Promise<GateAnswer> => {
    asked.push(context);
    const verdict = script.shift() ?? "pass";
    if (verdict === "throw") throw new Error("the gate broke");
    if (verdict === "hang") return new Promise(() => {});
    if (verdict === "bare-pass") return { verdict: "pass", summary: "no evidence", evidence: null };
    const evidence = await context.keep({ gate: context.gate, attempt: context.attempt, verdict });
    return { verdict, summary: `${verdict} by script`, evidence };
  };
  return Object.assign(gate, { asked, next: (...verdicts: typeof script) => void script.push(...verdicts) });
}

/** Detectors that say what they are told to of whichever bundle is asked about. */
export interface ScriptedSignals {
  (target: SignalTarget): Promise<readonly Signal[]>;
  /** Sets the status of some; the others stay. */
  say(statuses: Readonly<Record<string, SignalStatus | "absent">>): void;
  fail(times: number): void;
  readonly asked: SignalTarget[];
}

export function someSignals(clock: FakeClock): ScriptedSignals {
  const statuses = new Map<string, SignalStatus | "absent">(
    ["hard-errors", "pass-rate-floor", "latency-regression", "cost-regression", "tool-drift"].map((name) => [
      name,
      "clear",
    ]),
  );
  const asked: SignalTarget[] = [];
  let failures = 0;
  const read = async (target: SignalTarget): Promise<readonly Signal[]> => {
    asked.push(target);
    if (failures > 0) {
      failures -= 1;
      throw new Error("the detectors broke");
    }
    return [...statuses].flatMap(([name, status]) =>
      status === "absent" ? [] : [aSignal({ name, status, bundle: target.bundle, at: clock.now() })],
    );
  };
  return Object.assign(read, {
    asked,
    say(next: Readonly<Record<string, SignalStatus | "absent">>) {
      for (const [name, status] of Object.entries(next)) statuses.set(name, status);
    },
    fail(times: number) {
      failures = times;
    },
  });
}

export function aSignal(overrides: Partial<Signal> = {}): Signal {
  return {
    name: "pass-rate",
    status: "clear",
    bundle: "green",
    baseline: { kind: "floor" },
    value: 0.95,
    reference: 0.9,
    ratio: null,
    limit: 0.9,
    unit: "share",
    n: 500,
    referenceN: 0,
    needed: 200,
    interval: null,
    evidence: null,
    at: 0,
    reason: `${overrides.name ?? "pass-rate"} is ${overrides.status ?? "clear"}`,
    ...overrides,
  };
}

/** An agent with blue live and greens registered, its gates and detectors scripted, time standing still. */
export interface ReleaseWorld {
  readonly clock: FakeClock;
  readonly store: FaultyStore;
  readonly app: Verdigris;
  readonly gates: {
    readonly smoke: ScriptedGate;
    readonly evals: ScriptedGate;
    readonly shadow: ScriptedGate;
  };
  readonly signals: ScriptedSignals;
  readonly told: { readonly topic: string; readonly text: string; readonly key: string }[];
  /** Another process over the same records. */
  open(options?: Partial<ReleasesOptions>): Releases;
  /** Lets `ms` pass in steps a driver would look at. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export async function aWorld(
  options: { readonly first?: boolean; readonly on?: Store } = {},
): Promise<ReleaseWorld> {
  const clock = createFakeClock();
  const store = createFaultyStore(options.on ?? createMemoryStore({ clock }));
  const app = createVerdigris({
    agent: "agent",
    store,
    clock,
    watch: false,
    sweepMs: "never",
    ...(options.first === true ? {} : { bundle: aBundle("blue") }),
  });
  await app.ready();
  for (const id of ["green", "green2", "green3"]) await app.register(aBundle(id));
  const gates = { smoke: aGate(), evals: aGate(), shadow: aGate() };
  const signals = someSignals(clock);
  const told: { topic: string; text: string; key: string }[] = [];
  const opened: Releases[] = [];
  let ids = 0;
  return {
    clock,
    store,
    app,
    gates,
    signals,
    told,
    open(more = {}) {
      const releases = createReleases({
        agent: "agent",
        store,
        clock,
        gates,
        signals,
        notify: async ({ topic, text, key }) => void told.push({ topic, text, key }),
        actor: "ana",
        newId: () => `id-${++ids}`,
        ...more,
      });
      opened.push(releases);
      return releases;
    },
    async pass(ms) {
      await clock.advance(ms);
    },
    async close() {
      for (const releases of opened) await releases.close();
      await app.close();
    },
  };
}

/** Drives a release as far as quarantine; its driver goes on until it is closed. */
export async function toQuarantine(
  world: ReleaseWorld,
  releases: Releases,
  options: Partial<StartOptions> = {},
): Promise<Driver> {
  const driver = releases.drive();
  await releases.start({ bundle: "green", plan: {}, reason: "better", ...options });
  await world.pass(hour);
  expect((await releases.status()).release?.phase).toBe("quarantine");
  return driver;
}

/** A process goes on record with what it says of a bundle. */
export async function nodeSays(world: ReleaseWorld, id: string, bundle: string, ok: boolean): Promise<void> {
  const record: NodeRecord = {
    v: 1,
    id,
    sdk: "0.1.0",
    formats: { record: 1, hash: 1 },
    serves: { kind: "any" },
    incarnation: null,
    generation: 0,
    mode: "live",
    startedAt: 0,
    warm: { [bundle]: { ok, at: world.clock.now() } },
    expiresMs: 12_000,
  };
  const key = `agent/node/${id}`;
  const rev = (await world.store.get([key])).entries[0]?.rev ?? 0;
  await world.store.commit([{ op: "put", key, rev, value: JSON.stringify(record) }]);
}
