import type { ReleaseRecord, SignalStatus, Verdict } from "@verdigris/contracts";
import { isForward } from "@verdigris/router";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type ReleasePlanInput, waitsFor } from "../src/index.ts";
import { ana, ben, bot, minute, type Simulation, simulate } from "./simulation.ts";

const plans: readonly ReleasePlanInput[] = [
  {},
  { rollout: "canary", signals: { "pass-rate": "rollback", latency: "hold" } },
  {
    rollout: "canary-then-blue-green",
    approval: { before: ["canary", "switched"], anotherPerson: true },
    signals: { "pass-rate": "rollback", latency: "hold", cost: "notify" },
    hooks: { around: ["canary", "switched"] },
    memory: true,
    holdbackPercent: 5,
  },
  { rollbackSafe: false, signals: { "pass-rate": "rollback" } },
];

const actor = fc.constantFrom(ana, ben, bot);
const verdict = fc.constantFrom<Verdict>(
  "pass",
  "pass",
  "pass",
  "pass",
  "fail",
  "inconclusive",
  "incomparable",
  "error",
);
const status = fc.constantFrom<SignalStatus>("clear", "clear", "clear", "watching", "alarm");
const skippable = fc.constantFrom(
  "smoke" as const,
  "evals" as const,
  "shadow" as const,
  "canary" as const,
  "quarantine" as const,
  "way-back" as const,
);

/** One thing that may happen to a release, from inside or from outside. */
type Happening = (s: Simulation) => void;

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(verdict, fc.boolean()).map(
      ([given, bare]): Happening =>
        (s) => {
          const [gate] = s.asked();
          if (gate !== undefined) s.answer(gate, given, ...(bare && given !== "pass" ? [null] : []));
        },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(status, status).map(
      ([rate, latency]): Happening =>
        (s) =>
          s.say({ "pass-rate": rate, latency, cost: "clear", "hard-errors": "clear", drift: "clear" }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Happening>((s) => s.clear()) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 600 }).map(
      (m): Happening =>
        (s) =>
          s.pass(m * minute),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Happening>((s) => s.see({ type: "drained", bundle: "blue" })) },
  { weight: 1, arbitrary: fc.constant<Happening>((s) => s.see({ type: "unmeasured", why: "down" })) },
  {
    weight: 1,
    arbitrary: actor.map(
      (by): Happening =>
        (s) =>
          void s.ask({ type: "hold", why: "stop" }, by),
    ),
  },
  {
    weight: 2,
    arbitrary: actor.map(
      (by): Happening =>
        (s) =>
          void s.ask({ type: "resume", reason: "go" }, by),
    ),
  },
  {
    weight: 1,
    arbitrary: actor.map(
      (by): Happening =>
        (s) =>
          void s.ask({ type: "retry", reason: "again" }, by),
    ),
  },
  {
    weight: 1,
    arbitrary: actor.map(
      (by): Happening =>
        (s) =>
          void s.ask({ type: "abort", reason: "no" }, by),
    ),
  },
  {
    weight: 2,
    arbitrary: actor.map(
      (by): Happening =>
        (s) =>
          void s.ask({ type: "approve", evidence: s.evidence() }, by),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(actor, skippable).map(
      ([by, gate]): Happening =>
        (s) =>
          void s.ask({ type: "skip", gate, reason: "known" }, by),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Happening>((s) => s.moveRoute({ verb: "hold", why: "freeze" })) },
  { weight: 1, arbitrary: fc.constant<Happening>((s) => s.moveRoute({ verb: "release" })) },
  { weight: 1, arbitrary: fc.constant<Happening>((s) => s.moveRoute({ verb: "rollback" })) },
  {
    weight: 4,
    arbitrary: fc.constant<Happening>((s) => {
      if (s.route !== null) s.see({ type: "route", route: s.route });
    }),
  },
  { weight: 3, arbitrary: fc.constant<Happening>((s) => s.settle()) },
  // A calm weekend.
  {
    weight: 2,
    arbitrary: fc.constant<Happening>((s) => {
      s.clear();
      s.pass(3_000 * minute);
    }),
  },
);

/** A life begins somewhere on the way: from the start, a fair chance of trouble rarely reaches the switch. */
const life = fc.record({
  plan: fc.constantFrom(...plans),
  from: fc.constantFrom(
    "built" as const,
    "evals" as const,
    "switched" as const,
    "draining" as const,
    "quarantine" as const,
  ),
  happenings: fc.array(happening, { minLength: 5, maxLength: 60 }),
});

const settings = { numRuns: 100 };

/** Lives a release through and looks at every transition of it. */
function everyStep(look: (step: Simulation["steps"][number]) => void): void {
  fc.assert(
    fc.property(life, ({ plan, from, happenings }) => {
      const s = simulate({ plan });
      s.goTo(from);
      for (const happen of happenings) {
        happen(s);
        s.settle();
      }
      for (const step of s.steps) look(step);
    }),
    settings,
  );
}

/** Effects that a transition issued and that send more runs to the bundle, or take the way back away. */
function forwardMoves({ before, after }: Simulation["steps"][number]): readonly string[] {
  const known = new Set(before.outbox.map(({ key }) => key));
  return after.outbox.flatMap((effect) =>
    effect.kind === "move" && !known.has(effect.key) && isForward(null, effect.move)
      ? [effect.move.verb]
      : [],
  );
}

function isProven(release: ReleaseRecord, gate: "smoke" | "evals" | "shadow" | "way-back"): boolean {
  const skipped = release.skipped.find((one) => one.gate === gate);
  if (skipped !== undefined) return skipped.by.kind !== "machine" && skipped.reason.trim() !== "";
  const { verdict, evidence } = release.gates[gate] ?? {};
  return verdict === "pass" && evidence !== null;
}

it("flips on passes with evidence, or on what a person passed over, and on nothing else [RELEASE-EVIDENCE]", () => {
  everyStep((step) => {
    if (!forwardMoves(step).includes("flip")) return;
    const { after } = step;
    for (const gate of ["smoke", "evals", "shadow", "way-back"] as const)
      expect(isProven(after, gate), gate).toBe(true);
    for (const wanted of after.plan.approval.before) {
      if (wanted === "switched")
        expect(after.approvals.some(({ by }) => by.kind === "person" && by.id !== after.startedBy.id)).toBe(
          true,
        );
    }
  });
});

it("goes no step forward while it is held or has ended, whoever says what [RELEASE-SAFE-DIRECTION]", () => {
  everyStep((step) => {
    const { before, after, event } = step;
    const moves = forwardMoves(step);
    if (after.held !== null)
      expect(
        moves.filter((verb) => verb !== "hold"),
        event,
      ).toEqual([]);
    if (after.outcome !== null) expect(moves, event).toEqual([]);
    if (before.outcome !== null && after.outcome === null) expect(event).toBe("retry");
    if (before.held?.by.kind === "person" && after.held === null && after.outcome === null)
      expect(["resume", "retry"]).toContain(event);
  });
});

it("widens a canary or ends a quarantine on clear signals only [RELEASE-EVIDENCE]", () => {
  everyStep((step) => {
    const { before, after } = step;
    const skipped = after.skipped.some(({ gate }) => gate === before.phase);
    const advanced =
      (before.phase === "canary" &&
        before.canarySince !== null &&
        (after.phase !== "canary" || after.canaryStep > before.canaryStep)) ||
      (before.phase === "quarantine" && after.phase === "recycled");
    if (!advanced || skipped || after.round > before.round) return;
    for (const [name, { mustClear }] of Object.entries(after.plan.signals))
      if (mustClear) expect(after.signals[name]?.status, name).toBe("clear");
  });
});

it("issues every effect once, under a key of its own [I10]", () => {
  everyStep(({ before, after }) => {
    expect(after.seq).toBe(before.seq + 1);
    expect(after.issued).toBeGreaterThanOrEqual(before.issued);
    const keys = after.outbox.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(Number(key.split(".")[1])).toBeLessThanOrEqual(after.issued);
  });
});

it("leaves no run starting on a bundle whose release has halted or been rolled back [I9]", () => {
  fc.assert(
    fc.property(life, ({ plan, from, happenings }) => {
      const s = simulate({ plan });
      s.goTo(from);
      for (const happen of happenings) happen(s);
      for (let i = 0; i < 5; i++) {
        s.settle();
        if (s.route !== null) s.see({ type: "route", route: s.route });
      }
      s.settle();
      const kind = s.release.outcome?.kind;
      if (kind !== "halted" && kind !== "rolled-back") return;
      expect(s.route).toMatchObject({
        live: "blue",
        stable: "blue",
        candidate: null,
        canary: null,
        holdback: null,
      });
      if (kind === "rolled-back") expect(s.denied).toContain("green");
    }),
    settings,
  );
});

it("always says what it waits for, until nothing is left to do [I16]", () => {
  fc.assert(
    fc.property(life, ({ plan, from, happenings }) => {
      const s = simulate({ plan });
      s.goTo(from);
      for (const happen of happenings) {
        happen(s);
        s.settle();
        const { outcome, outbox, rollback } = s.release;
        const underWay =
          outcome === null || outbox.length > 0 || (rollback !== null && rollback.lastRunGoneAt === null);
        if (underWay) expect(waitsFor(s.release, s.at), JSON.stringify(s.release)).not.toEqual([]);
      }
    }),
    settings,
  );
});

it("is the same for the same record and event: a record alone is enough to go on [I10]", () => {
  fc.assert(
    fc.property(life, ({ plan, from, happenings }) => {
      const once = simulate({ plan });
      const reread = simulate({ plan });
      once.goTo(from);
      reread.goTo(from);
      for (const happen of happenings) {
        happen(once);
        once.settle();
        reread.release = JSON.parse(JSON.stringify(reread.release));
        happen(reread);
        reread.settle();
        expect(reread.release).toEqual(once.release);
      }
    }),
    { ...settings, numRuns: 60 },
  );
});

it("lives through lives that are worth looking at: some switch, some end well, some go back", () => {
  const ends = new Map<string, number>();
  const count = (name: string): void => void ends.set(name, (ends.get(name) ?? 0) + 1);
  for (const { plan, from, happenings } of fc.sample(life, { numRuns: 200, seed: 1 })) {
    const s = simulate({ plan });
    s.goTo(from);
    for (const happen of happenings) {
      happen(s);
      s.settle();
    }
    if (s.release.switch !== null) count("switched");
    if (s.release.settled) count("settled");
    count(s.release.outcome?.kind ?? "open");
  }
  for (const name of ["switched", "settled", "halted", "rolled-back", "open"])
    expect(ends.get(name) ?? 0, name).toBeGreaterThan(4);
});
