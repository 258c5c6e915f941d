import type { Signal } from "@verdigris/contracts";
import {
  costRegression,
  createJudge,
  createRecorder,
  hardErrors,
  latencyRegression,
  passRateFloor,
  type RunFacts,
} from "@verdigris/detectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCutArms } from "../src/evidence/arms.ts";
import { began, chanceOf, lookOf, minute, runsOf, type Traffic, tellBetween } from "./world.ts";

const rules = [latencyRegression(), costRegression(), passRateFloor(), hardErrors()];

const worse = fc.record({
  slower: fc.constantFrom(1, 1.5, 3),
  dearer: fc.constantFrom(1, 2, 4),
  failing: fc.constantFrom(0.01, 0.2),
  hanging: fc.constantFrom(0, 0.1),
  passing: fc.constantFrom(0.97, 0.7),
});

/** Both arms, minute by minute, as a watcher sees them. */
function scene(kind: "concurrent" | "holdback" | "history", green: Partial<Traffic>, seed: number) {
  const random = chanceOf(seed);
  const minutes = 30;
  const runs = runsOf({ ...green, bundle: "green", perMinute: 8, minutes }, random);
  const past = kind === "history" ? { from: began - 120 * minute, minutes: 120 } : { minutes };
  const others = runsOf({ bundle: "blue", perMinute: 8, failing: 0.01, ...past }, random);
  const recorder = createRecorder();
  tellBetween(recorder, others, 0, began);
  return function* looks() {
    for (let at = began + minute; at <= began + minutes * minute; at += minute) {
      tellBetween(recorder, [...runs, ...others], at - minute, at);
      yield lookOf(recorder, at, kind);
    }
  };
}

describe("a look that asks for alarms alone", () => {
  it("tells the alarms that a full look tells, with the same numbers, at every minute [DETECT-REPLAY]", () => {
    const tally = { alarm: 0, clear: 0, watching: 0 };
    const compare = (told: Signal, signal: Signal): void => {
      tally[signal.status]++;
      if (signal.status === "alarm") expect(told).toEqual(signal);
      else expect([signal.status, "watching"]).toContain(told.status);
      const { value, reference, ratio, limit, n, referenceN } = signal;
      expect(told).toMatchObject({ value, reference, ratio, limit, n, referenceN });
    };
    fc.assert(
      fc.property(
        fc.constantFrom("concurrent", "holdback", "history"),
        worse,
        fc.nat(10_000),
        (kind, green, seed) => {
          const [brief, full] = [createJudge(rules), createJudge(rules)];
          for (const look of scene(kind, green, seed)()) {
            const asked = brief({ ...look, alarmsOnly: true });
            for (const [i, signal] of full(look).entries()) compare(asked[i]!, signal);
          }
        },
      ),
      { numRuns: 10, seed: 20_261_125 },
    );
    for (const times of Object.values(tally)) expect(times).toBeGreaterThan(50);
  });
});

describe("what was cut of a look", () => {
  const recorder = createRecorder();
  const runs = ["green", "blue"].flatMap((bundle) =>
    runsOf({ bundle, perMinute: 12, minutes: 40 }, chanceOf(3)),
  );
  tellBetween(recorder, runs, 0, began + 60 * minute);
  const at = began + 45 * minute;
  const facts: RunFacts = { bundle: "green", class: "live", mixed: false, startedAt: began + 15 * minute };

  it.each<[string, (run: RunFacts) => void]>([
    ["a run that started", (run) => recorder.started(run)],
    ["a run that ended", (run) => recorder.ended(run, "failed", 100, null)],
    ["a run that was taken out", (run) => recorder.withdrawn(run)],
    ["a cost that comes without an ending", (run) => recorder.spent(run, 0.25)],
    ["a cost that is not known", (run) => recorder.spent(run, null)],
    ["a verdict", (run) => recorder.scored(run, false)],
    ["an event", (run) => recorder.noted(run, "refusal", true)],
  ])("is kept where nothing changed, and made anew for %s [DETECT-REPLAY]", (_, happens) => {
    for (const kind of ["concurrent", "history"] as const) {
      const cut = createCutArms();
      const before = cut(lookOf(recorder, at, kind), 0).blocks;
      happens(facts);
      const after = cut(lookOf(recorder, at, kind), 0).blocks;
      expect(after.map((block, i) => block === before[i])).toEqual([true, false, true, true, true]);
    }
  });

  it("is shared by rules that ask about one look, and leaves out the first runs for those that say so", () => {
    const cut = createCutArms();
    const look = lookOf(recorder, at);
    const whole = cut(look, 0);
    expect(cut(look, 0)).toBe(whole);
    const warm = cut(look, 20);
    expect(warm.blocks.slice(1)).toEqual(whole.blocks.slice(1));
    expect(warm.blocks[1]).toBe(whole.blocks[1]);
    expect(warm.blocks[0]!.watched.length).toBeLessThan(whole.blocks[0]!.watched.length);
    expect(warm.blocks[0]!.reference[0]!.at).toBe(warm.watched[0]!.at);
    expect(warm.watched.length).toBeLessThan(whole.watched.length);
  });

  it("keeps a baseline's past as long as nothing in it changes", () => {
    const cut = createCutArms();
    const past = () => cut({ ...lookOf(recorder, at, "history"), since: began + 30 * minute }, 0).past;
    const history = (): ReturnType<typeof past> => {
      const look = lookOf(recorder, at, "history");
      const reference = recorder.between("blue", began, began + 30 * minute);
      return cut({ ...look, since: began + 30 * minute, reference }, 0).past;
    };
    const before = history();
    expect(before.map(({ begin }) => begin)).toEqual([began, began + 10 * minute, began + 20 * minute]);
    expect(history()).toBe(before);
    recorder.ended({ ...facts, bundle: "blue" }, "completed", 500, 0.1);
    const after = history();
    expect(after).not.toBe(before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(past()).toEqual([]);
  });
});
