import {
  costRegression,
  createLiveDetectors,
  hardErrors,
  latencyRegression,
  passRateFloor,
} from "@verdigris/detectors";
import { createDriftBook, toolDrift } from "@verdigris/detectors/drift";
import type { ReleaseStatus } from "@verdigris/release";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { createVerdigris, type Run } from "verdigris";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReleases, type ReleasePlanInput } from "../src/index.ts";
import { aGate } from "./world.ts";

const second = 1_000;
const minute = 60 * second;

/** How one bundle does. */
interface Manner {
  readonly slower?: number;
  readonly dearer?: number;
  readonly failing?: number;
  readonly wrong?: number;
}

// Who is in the canary hangs on the incarnation of the route: the same users every time.
beforeEach(() => {
  let minted = 0;
  vi.spyOn(crypto, "randomUUID").mockImplementation(
    () => `00000000-0000-4000-8000-${String(++minted).padStart(12, "0")}`,
  );
});
afterEach(() => vi.restoreAllMocks());

/** Uniform in [0, 1), the same for the same seed. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Blue live, green released under a plan whose signals are the detectors of the process that serves both. A run that fails has not
 * passed either, so no answers are scored (`sample`) where hard errors are to be seen.
 */
async function createWorld(manners: Readonly<Record<string, Manner>> = {}, sample = 1) {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  let ids = 0;
  const newId = (): string => `id-${++ids}`;
  const drift = createDriftBook();
  const detectors = createLiveDetectors({
    rules: [
      ...[latencyRegression(), costRegression(), hardErrors(), toolDrift({ book: drift })],
      // One that never hears of a score would never be clear.
      ...(sample > 0 ? [passRateFloor()] : []),
    ],
    scoring: {
      sample,
      perMinute: 1_000,
      scorers: [{ name: "right", score: (answer) => answer === "right" }],
    },
    lookMs: "never",
  });
  const app = createVerdigris({
    ...{ agent: "agent", store, clock, detectors, bundle: aBundle("blue") },
    ...{ watch: false, sweepMs: "never", actor: "ana", newId },
  });
  await app.ready();
  await app.register(aBundle("green"));
  const gates = { smoke: aGate(), evals: aGate(), shadow: aGate() };
  const told: string[] = [];
  const releases = createReleases({
    ...{
      agent: "agent",
      store,
      clock,
      gates,
      actor: "ana",
      signals: detectors.signals,
      tickMs: minute,
      newId,
    },
    notify: async ({ topic, text }) => void told.push(`${topic} ${text}`),
  });
  releases.drive();
  const chance = chanceOf(7);
  const answer = async (run: Run): Promise<string> => {
    const { slower = 1, dearer = 1, failing = 0.005, wrong = 0.005 } = manners[run.bundle.id] ?? {};
    const took = (2 + 4 * chance()) * second * slower;
    run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: (0.01 + 0.01 * chance()) * dearer });
    const [fails, errs] = [chance() < failing, chance() < wrong];
    await new Promise<void>((resolve) => void clock.setTimer(resolve, took));
    if (fails) throw new Error("no");
    return errs ? "wrong" : "right";
  };
  /** Six runs a minute on average and bundle of a half-and-half canary. */
  const serve = async (minutes: number, perMinute = 12): Promise<void> => {
    for (let n = 0; n < minutes * perMinute; n++) {
      app.run({}, answer).catch(() => {});
      await clock.advance(minute / perMinute);
    }
  };
  const release = async (): Promise<ReleaseStatus> => releases.status();
  const start = async (plan: ReleasePlanInput) => {
    // Blue's past, for what has no blue beside it.
    await serve(30);
    await releases.start({ bundle: "green", plan, reason: "better" });
    await clock.advance(minute);
  };
  /** Serves until something has become of the release, or so long. */
  const serveUntil = async (is: (status: ReleaseStatus) => boolean, minutes = 90): Promise<ReleaseStatus> => {
    for (let n = 0; n < minutes && !is(await release()); n++) await serve(1);
    return release();
  };
  const hold = (): Promise<unknown> => releases.hold({ reason: "looking at it" });
  return { clock, app, drift, told, release, start, hold, serve, serveUntil };
}

const half = {
  rollout: "canary-then-blue-green",
  canary: { steps: [{ percent: 50, for: "30m" }], timeout: "4h" },
} as const satisfies ReleasePlanInput;

const ended = ({ release }: ReleaseStatus): boolean => release?.outcome !== null;
const held = ({ release }: ReleaseStatus): boolean => release?.held !== null;
const inPhase =
  (phase: string) =>
  ({ release }: ReleaseStatus): boolean =>
    release?.phase === phase;

describe("a release whose signals are detectors", { timeout: 120_000 }, () => {
  it("goes on where green does as blue does [RELEASE-DETECTORS]", async () => {
    const world = await createWorld();
    await world.start(half);
    const { release } = await world.serveUntil(inPhase("quarantine"), 180);
    expect(release).toMatchObject({ phase: "quarantine", held: null, outcome: null });
    expect(world.told.filter((text) => text.startsWith("alarm"))).toEqual([]);
  });

  it.each([
    ["hard-errors", { failing: 0.5 }, 0],
    ["pass-rate-floor", { wrong: 0.4 }, 1],
  ] as const)(
    "halts in its canary on %s, with no plan for signals given [RELEASE-DETECTORS]",
    async (name, green, sample) => {
      const world = await createWorld({ green }, sample);
      await world.start(half);
      const { release, route } = await world.serveUntil(ended);
      expect(release?.outcome).toMatchObject({
        kind: "halted",
        by: { kind: "machine", id: `signal:${name}` },
      });
      expect(route).toMatchObject({ live: "blue", candidate: null, canary: null });
      expect(world.told.some((text) => text.startsWith(`alarm ${name} (rollback)`))).toBe(true);
    },
  );

  it.each([
    ["hard-errors", { failing: 0.5 }, 0],
    ["pass-rate-floor", { wrong: 0.4 }, 1],
  ] as const)("rolls back after the switch on %s [RELEASE-DETECTORS]", async (name, green, sample) => {
    const world = await createWorld({ green }, sample);
    await world.start({ rollout: "blue-green" });
    const { release, route } = await world.serveUntil(ended);
    expect(release?.outcome).toMatchObject({ kind: "rolled-back", by: { id: `signal:${name}` } });
    expect(route).toMatchObject({ live: "blue", stable: "blue" });
  });

  it.each([
    ["latency-regression", { slower: 3 }],
    ["cost-regression", { dearer: 4 }],
  ] as const)(
    "stands still on %s, tells people, and changes no traffic [RELEASE-DETECTORS]",
    async (name, green) => {
      const world = await createWorld({ green });
      await world.start(half);
      const { release, route } = await world.serveUntil(held);
      expect(release).toMatchObject({
        outcome: null,
        held: { because: "signal", by: { id: `signal:${name}` } },
      });
      expect(route).toMatchObject({ live: "blue", candidate: "green", canary: { percent: 50 } });
      expect(world.told.some((text) => text.startsWith(`alarm ${name} (hold)`))).toBe(true);
    },
  );

  it("stands still on drift of a tool, named [RELEASE-DETECTORS]", async () => {
    const world = await createWorld();
    await world.start(half);
    await world.serve(2);
    const found = {
      entry: "search",
      origin: "declared",
      class: "breaking",
      path: "output.total",
      change: "is gone",
    } as const;
    world.drift.report("green", "search", "declared", [found]);
    const { release } = await world.serveUntil(held, 5);
    expect(release).toMatchObject({
      outcome: null,
      held: { because: "signal", by: { id: "signal:tool-drift" } },
    });
    expect(world.told.join()).toContain("search output.total is gone");
  });

  it("obeys them while it waits for a person at a gate [RELEASE-DETECTORS]", async () => {
    const manners: Record<string, Manner> = {};
    const world = await createWorld(manners, 0);
    await world.start({ ...half, approval: { before: ["switched"], timeout: "24h" } });
    const waits = ({ release }: ReleaseStatus): boolean => release?.awaitingApprovalSince !== null;
    const waiting = await world.serveUntil(waits, 180);
    expect(waiting.release).toMatchObject({ phase: "canary", outcome: null, held: null });
    expect(waiting.release?.awaitingApprovalSince).toBeGreaterThan(0);
    manners.green = { failing: 0.6 };
    const { release, route } = await world.serveUntil(ended);
    expect(release?.outcome).toMatchObject({ kind: "halted", by: { id: "signal:hard-errors" } });
    expect(route).toMatchObject({ live: "blue", candidate: null });
  });

  it("obeys them while a person holds it [RELEASE-DETECTORS]", async () => {
    const manners: Record<string, Manner> = {};
    const world = await createWorld(manners);
    await world.start(half);
    await world.hold();
    manners.green = { wrong: 0.5 };
    const { release } = await world.serveUntil(ended);
    expect(release?.outcome).toMatchObject({ kind: "halted", by: { id: "signal:pass-rate-floor" } });
  });

  it("never goes forward without runs to judge, and halts in the end [RELEASE-DETECTORS]", async () => {
    const world = await createWorld();
    await world.start(half);
    await world.clock.advance(3 * 60 * minute);
    const { release } = await world.release();
    expect(release).toMatchObject({ phase: "canary", outcome: null });
    expect(Object.values(release?.signals ?? {}).map(({ status }) => status)).not.toContain("alarm");
    expect(release?.signals["hard-errors"]?.status).toBe("watching");
    await world.clock.advance(70 * minute);
    expect((await world.release()).release?.outcome).toMatchObject({ kind: "halted" });
    expect((await world.release()).route).toMatchObject({ live: "blue", canary: null });
  });
});
