import {
  cohortFromJson,
  cohortToJson,
  costRegression,
  createJudge,
  createRecorder,
  hardErrors,
  latencyRegression,
  passRateFloor,
} from "@verdigris/detectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bucketOf,
  bucketsPerQuarter,
  lastBucketWithin,
  middleOf,
  upperEnd,
  zeroBucket,
} from "../src/windows/histogram.ts";
import { createTimeline } from "../src/windows/timeline.ts";
import { latencyQuantile, latestWindow } from "../src/windows/window.ts";
import { began, chanceOf, lookAt, lookOf, minute, runsOf, tell, tellBetween } from "./world.ts";

const rules = [latencyRegression(), costRegression(), passRateFloor(), hardErrors()];

describe("the histogram", () => {
  it("makes a quarter more an exact shift of twelve buckets", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1e7, noNaN: true }), (value) => {
        const bucket = bucketOf(value);
        expect(Math.abs(bucketOf(value * 1.25) - bucket - bucketsPerQuarter)).toBeLessThanOrEqual(
          value > 0 ? 1 : 0,
        );
        expect(upperEnd(bucket) * (1 + 1e-9)).toBeGreaterThanOrEqual(value);
        expect(upperEnd(bucket - 1)).toBeLessThan(value);
        expect(Math.abs(middleOf(bucket) / value - 1)).toBeLessThan(0.0101);
        expect(upperEnd(lastBucketWithin(value))).toBeLessThanOrEqual(value * (1 + 1e-9));
      }),
    );
  });

  it("compares by whole buckets: every bucket's values times 1.25 lie in the twelfth above", () => {
    for (let bucket = -600; bucket <= 1_200; bucket++)
      for (const value of [
        middleOf(bucket),
        upperEnd(bucket) * (1 - 1e-6),
        upperEnd(bucket - 1) * (1 + 1e-6),
      ])
        expect(bucketOf(value * 1.25) - bucketOf(value)).toBe(bucketsPerQuarter);
  });

  it("has a place for nothing, and for what is beyond measure", () => {
    expect([0, -1, Number.NaN].map(bucketOf)).toEqual([zeroBucket, zeroBucket, zeroBucket]);
    expect(bucketOf(Infinity)).toBe(1_990);
    expect(bucketOf(1e-300)).toBe(-1_990);
    expect(middleOf(zeroBucket)).toBe(0);
  });
});

describe("recorders", () => {
  const split = (seed: number, parts: number) => {
    const random = chanceOf(seed);
    const runs = ["green", "blue"].flatMap((bundle) =>
      runsOf(
        { bundle, perMinute: 10, minutes: 25, failing: 0.05, slower: bundle === "green" ? 1.6 : 1 },
        random,
      ),
    );
    const at = began + 25 * minute;
    const recorders = Array.from({ length: parts }, () => createRecorder());
    const shuffled = [...runs].sort(() => random() - 0.5);
    for (const run of shuffled) tell(recorders[Math.floor(random() * parts)]!, [run], at);
    const whole = createRecorder();
    tell(whole, runs, at);
    return { recorders, whole, at, random };
  };

  it("merge to the same bits in any order, split over any number of processes [DETECT-MERGE]", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 6 }), (seed, parts) => {
        const { recorders, whole, at, random } = split(seed, parts);
        const merged = (bundle: string) => {
          const timeline = createTimeline();
          const pieces = recorders.flatMap((recorder) =>
            recorder
              .between(bundle, 0, at)
              .map((cohort) => cohortFromJson(JSON.parse(JSON.stringify(cohortToJson(cohort))))!),
          );
          timeline.merge(pieces.sort(() => random() - 0.5));
          return timeline.between(0, at);
        };
        const look = lookOf(whole, at);
        const other = { ...look, watched: merged("green"), reference: merged("blue") };
        expect(other.watched.map(cohortToJson)).toEqual(look.watched.map(cohortToJson));
        expect(createJudge(rules)(other)).toEqual(createJudge(rules)(look));
      }),
      { numRuns: 20 },
    );
  });

  it("give the same signals to who looked all the time and to who looks once [DETECT-REPLAY]", () => {
    const random = chanceOf(5);
    const runs = ["green", "blue"].flatMap((bundle) =>
      runsOf(
        {
          bundle,
          perMinute: 8,
          minutes: 50,
          failing: 0.02,
          slower: bundle === "green" ? 1.5 : 1,
          hanging: 0.02,
        },
        random,
      ),
    );
    const live = createRecorder();
    const watcher = createJudge(rules);
    for (let at = began + minute; at <= began + 50 * minute; at += minute) {
      tellBetween(live, runs, at - minute, at);
      const look = lookOf(live, at);
      expect(watcher(look)).toEqual(createJudge(rules)(look));
    }
  });

  it("count live and canary runs on their first bundle, and no others [DETECT-PRODUCTION]", () => {
    const recorder = createRecorder();
    const run = (
      traffic: "live" | "canary" | "preview" | "shadow" | "smoke" | "eval" | "drill",
      mixed = false,
    ) => {
      const facts = { bundle: "green", class: traffic, mixed, startedAt: began };
      recorder.started(facts);
      recorder.ended(facts, "completed", 100, 1);
      recorder.scored(facts, true);
      recorder.noted(facts, "refusal", true);
    };
    for (const traffic of ["preview", "shadow", "smoke", "eval", "drill"] as const) run(traffic);
    run("live", true);
    expect(recorder.between("green", 0, Infinity)).toEqual([]);
    run("live");
    run("canary");
    expect(recorder.between("green", 0, Infinity)).toMatchObject([{ started: 2, completed: 2, scored: 2 }]);
  });

  it("count a run where it started, however late it ends [DETECT-COHORT]", () => {
    const recorder = createRecorder();
    const facts = { bundle: "green", class: "live", mixed: false, startedAt: began } as const;
    recorder.started(facts);
    recorder.started({ ...facts, startedAt: began + 5 * minute });
    recorder.ended(facts, "completed", 40 * minute, null);
    expect(recorder.between("green", 0, Infinity)).toMatchObject([
      { at: began, started: 1, completed: 1, unpriced: 1, spent: 0 },
      { at: began + 5 * minute, started: 1, completed: 0 },
    ]);
  });

  it("keep memory by time and not by runs", () => {
    const recorder = createRecorder();
    const random = chanceOf(3);
    tell(recorder, runsOf({ bundle: "green", perMinute: 3_000, minutes: 1 }, random), Infinity);
    const text = JSON.stringify(recorder.between("green", 0, Infinity).map(cohortToJson));
    expect(recorder.between("green", 0, Infinity).length).toBeLessThanOrEqual(7);
    tell(recorder, runsOf({ bundle: "green", perMinute: 30_000, minutes: 1 }, random), Infinity);
    const more = JSON.stringify(recorder.between("green", 0, Infinity).map(cohortToJson));
    expect(more.length).toBeLessThan(2 * text.length);
    recorder.forget(began + 2 * minute);
    expect(recorder.between("green", 0, Infinity)).toEqual([]);
  });
});

describe("the form of a cohort", () => {
  it("reads back what was written, and leaves out what a later release added [FORMAT-UNKNOWN-FIELDS]", () => {
    const [cohort] = lookAt({
      green: { perMinute: 30, minutes: 1, failing: 0.3 },
      blue: { perMinute: 1, minutes: 1 },
      at: 90,
    }).watched;
    const record = { ...cohortToJson(cohort!), future: { a: 1 } };
    expect(cohortFromJson(JSON.parse(JSON.stringify(record)))).toEqual(cohort);
  });

  it.each([
    ["nothing", null],
    ["no time", {}],
    ["a time within a bucket", { at: 5 }],
    ["half a run", { at: 0, started: 0.5 }],
    ["less than none", { at: 0, failed: -1 }],
    ["a histogram that is none", { at: 0, latency: "many" }],
    ["counts that are none", { at: 0, cost: [1, "x"] }],
    ["an event without counts", { at: 0, events: { refusal: 3 } }],
  ])("is refused as a whole for %s", (_, value) => {
    expect(cohortFromJson(value)).toBeNull();
  });
});

describe("the window", () => {
  it("reaches ten minutes back, and further until both arms hold enough", () => {
    const look = lookAt({ green: { perMinute: 1, minutes: 100 }, blue: { perMinute: 30, minutes: 100 } });
    const narrow = latestWindow(look.watched, look.reference, look.at, 5);
    expect(narrow.from).toBe(look.at - 10 * minute);
    const wide = latestWindow(look.watched, look.reference, look.at, 30);
    expect(wide.from).toBeLessThan(look.at - 25 * minute);
    expect(wide.watched.n).toBeGreaterThanOrEqual(30);
    expect(wide.reference.n).toBeGreaterThan(600);
  });

  it("takes a run that has not ended for the time it has had", () => {
    const look = lookAt({
      green: { perMinute: 30, minutes: 5, hanging: 1 },
      blue: { perMinute: 1, minutes: 5 },
    });
    const bucket = latencyQuantile(look.watched, look.at, 0.95);
    expect(middleOf(bucket!)).toBeGreaterThan(3 * minute);
    expect(latencyQuantile([], look.at, 0.95)).toBeNull();
  });
});
