import { agentKeys } from "@verdigris/contracts";
import {
  cohortToJson,
  createJudge,
  createRecorder,
  latencyRegression,
  storeSource,
} from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FaultyStore } from "@verdigris/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWindow, windowText } from "../src/across/window-record.ts";
import { createWindowWriter } from "../src/across/window-writer.ts";
import { began, chanceOf, lookOf, minute, runsOf, type SimulatedRun, tell, tellBetween } from "./world.ts";

const keys = agentKeys("agent");

function createNode(store: Parameters<typeof createWindowWriter>[0]["store"], node: string) {
  let touched: Parameters<typeof createRecorder>[0];
  const recorder = createRecorder((bundle, cohort) => touched?.(bundle, cohort));
  const writer = createWindowWriter({ store, keys, node, recorder });
  touched = writer.touched;
  return { recorder, writer };
}

function createWorld() {
  const clock = createFakeClock({ now: began + 40 * minute });
  const store = createFaultyStore(createMemoryStore({ clock }));
  const source = storeSource({ store, agent: "agent", lagMs: 0 });
  const read = async (bundle: string) =>
    (await source.read({ bundle, from: began, to: Infinity })).cohorts.map(cohortToJson);
  return { clock, store, source, read };
}

const arrange = {
  none: () => {},
  late: () => {},
  "lost, done": (store: FaultyStore) => store.loseReply("done"),
  "lost, not done": (store: FaultyStore) => store.loseReply("dropped"),
  fails: (store: FaultyStore) => store.failNext("store-unavailable"),
};

/** Three nodes count a third of the runs each, and write what they can. */
async function play(
  store: FaultyStore,
  runs: readonly SimulatedRun[],
  plan: readonly (keyof typeof arrange)[],
): Promise<void> {
  const nodes = [0, 1, 2].map((i) => createNode(store, `node-${i}`));
  const span = (40 * minute) / plan.length;
  for (const [step, fault] of plan.entries()) {
    const from = step === 0 ? 0 : began + step * span;
    const to = step === plan.length - 1 ? Infinity : began + (step + 1) * span;
    const share = (i: number): SimulatedRun[] => runs.filter((_, n) => n % 3 === i);
    for (const [i, { recorder }] of nodes.entries()) tellBetween(recorder, share(i), from, to);
    arrange[fault](store);
    // A node may be late by several steps: it writes when it is back.
    const present = nodes.filter((_, i) => fault !== "late" || i !== step % 3);
    for (const { writer } of present) await writer.flush().catch(() => {});
  }
  store.reset();
  for (const { writer } of nodes) await writer.flush();
}

describe("windows across processes", () => {
  it("add up to the bits of one process, whatever is lost, repeated or late [DETECT-FLUSH]", async () => {
    const faults = fc.array(fc.constantFrom(...(Object.keys(arrange) as (keyof typeof arrange)[])), {
      minLength: 6,
      maxLength: 18,
    });
    await fc.assert(
      fc.asyncProperty(faults, fc.nat(1_000), async (plan, seed) => {
        const { store, read } = createWorld();
        const runs = runsOf({ bundle: "green", perMinute: 12, minutes: 6, failing: 0.1 }, chanceOf(seed));
        const whole = createRecorder();
        tell(whole, runs, Infinity);
        await play(store, runs, plan);
        expect(await read("green")).toEqual(whole.between("green", 0, Infinity).map(cohortToJson));
      }),
      { numRuns: 25 },
    );
  });

  it("keep what a process had written when it dies [DETECT-FLUSH]", async () => {
    const { store, read } = createWorld();
    const runs = runsOf({ bundle: "green", perMinute: 20, minutes: 2 }, chanceOf(1));
    const dying = createNode(store, "node-1");
    tell(dying.recorder, runs, Infinity);
    await dying.writer.flush();
    const next = createNode(store, "node-2");
    tell(next.recorder, runs, Infinity);
    await next.writer.flush();
    const started = (await read("green")).reduce((sum, { started: n }) => sum + (n as number), 0);
    expect(started).toBe(80);
  });

  it("are judged alike by every process that reads them [DETECT-MERGE]", async () => {
    const { store, source } = createWorld();
    const random = chanceOf(9);
    const at = began + 30 * minute;
    const runs = [
      ...runsOf({ bundle: "green", perMinute: 12, minutes: 30, slower: 2 }, random),
      ...runsOf({ bundle: "blue", perMinute: 12, minutes: 30 }, random),
    ];
    const whole = createRecorder();
    tell(whole, runs, at);
    for (const i of [0, 1]) {
      const { recorder, writer } = createNode(store, `node-${i}`);
      tell(
        recorder,
        runs.filter((_, n) => n % 2 === i),
        at,
      );
      await writer.flush();
    }
    const [watched, reference] = await Promise.all(
      ["green", "blue"].map((bundle) => source.read({ bundle, from: began, to: Infinity })),
    );
    const look = lookOf(whole, at);
    const merged = { ...look, watched: watched!.cohorts, reference: reference!.cohorts };
    const signals = createJudge([latencyRegression()])(merged);
    expect(signals).toEqual(createJudge([latencyRegression()])(look));
    expect(signals[0]?.status).toBe("alarm");
  });

  it("are added up again for the minutes in which something was written, and for no others", async () => {
    const { store, source } = createWorld();
    const { recorder, writer } = createNode(store, "node-1");
    tell(recorder, runsOf({ bundle: "green", perMinute: 12, minutes: 4 }, chanceOf(1)), Infinity);
    await writer.flush();
    const read = async () => (await source.read({ bundle: "green", from: began, to: Infinity })).cohorts;
    const before = await read();
    expect(await read()).toEqual(before);
    const late = { bundle: "green", class: "live", mixed: false, startedAt: began + minute } as const;
    recorder.scored(late, true);
    await writer.flush();
    const after = await read();
    const isNew = after.filter((cohort) => !before.includes(cohort)).map(({ at }) => at - began);
    expect(isNew.length).toBeGreaterThan(0);
    for (const at of isNew) expect(Math.floor(at / minute)).toBe(1);
    expect(after.map(cohortToJson)).toEqual(recorder.between("green", 0, Infinity).map(cohortToJson));
    const span = { bundle: "green", from: began + 70_000, to: began + 130_000 };
    for (const { at } of (await source.read(span)).cohorts) {
      expect(at).toBeGreaterThanOrEqual(span.from);
      expect(at).toBeLessThan(span.to);
    }
  });

  it("touch no key of a run's start, and none of another node [DETECT-FLUSH]", async () => {
    const { store } = createWorld();
    const { recorder, writer } = createNode(store, "node-1");
    tell(recorder, runsOf({ bundle: "green", perMinute: 20, minutes: 3 }, chanceOf(1)), Infinity);
    await writer.flush();
    const written = store.calls.flatMap((call) =>
      call.call === "commit" ? call.ops.map(({ key }) => key) : [],
    );
    expect(written.length).toBeGreaterThan(1);
    for (const key of written) expect(key).toMatch(/^agent\/window\/green\/\d{13}\/node-1$/);
  });

  it("write nothing where nothing has changed, and only the minutes that have", async () => {
    const { store } = createWorld();
    const { recorder, writer } = createNode(store, "node-1");
    tell(recorder, runsOf({ bundle: "green", perMinute: 20, minutes: 5 }, chanceOf(1)), Infinity);
    await writer.flush();
    const before = store.count("commit");
    await writer.flush();
    expect(store.count("commit")).toBe(before);
    recorder.scored({ bundle: "green", class: "live", mixed: false, startedAt: began }, true);
    await writer.flush();
    expect(store.calls.at(-1)).toMatchObject({ call: "commit", ops: [{ op: "put" }] });
  });

  it("split a minute that is too long for one record, without counting it twice [DETECT-FLUSH]", async () => {
    const { store, read } = createWorld();
    const { recorder, writer } = createNode(store, "node-1");
    const random = chanceOf(4);
    const facts = { bundle: "green", class: "live", mixed: false } as const;
    const busy = (n: number): void => {
      for (let i = 0; i < n; i++) {
        const run = { ...facts, startedAt: began + random() * minute };
        recorder.started(run);
        recorder.ended(run, "completed", 1.5 ** (60 * random()), 1.5 ** (-60 * random()));
      }
    };
    busy(300);
    await writer.flush();
    busy(20_000);
    await writer.flush();
    busy(100);
    await writer.flush();
    expect(await read("green")).toEqual(recorder.between("green", 0, Infinity).map(cohortToJson));
    const { entries } = await store.list(keys.windows("green"), { limit: 100 });
    expect(entries.length).toBe(7);
    for (const { value } of entries) expect(value.length).toBeLessThan(65_536);
  });

  it("go when their time is over, whoever wrote them", async () => {
    const { store } = createWorld();
    const dead = createNode(store, "dead");
    tell(dead.recorder, runsOf({ bundle: "green", perMinute: 5, minutes: 3 }, chanceOf(1)), Infinity);
    await dead.writer.flush();
    const { recorder, writer } = createNode(store, "alive");
    tell(
      recorder,
      runsOf({ bundle: "green", perMinute: 5, minutes: 1, from: began + 20 * minute }, chanceOf(1)),
      Infinity,
    );
    await writer.flush();
    await writer.forget(began + 10 * minute);
    const { entries } = await store.list(keys.windows("green"), { limit: 100 });
    expect(entries.map(({ key }) => key.split("/").at(-1))).toEqual(["alive"]);
  });

  it("end before what the slowest node may have yet to write", async () => {
    const { store } = createWorld();
    const late = storeSource({ store, agent: "agent" });
    const { at } = await late.read({ bundle: "green", from: began, to: Infinity });
    expect(began + 40 * minute - at).toBeGreaterThanOrEqual(15_000);
  });
});

describe("the record of a window", () => {
  const recorder = createRecorder();
  tell(recorder, runsOf({ bundle: "green", perMinute: 6, minutes: 1 }, chanceOf(2)), Infinity);
  const cohorts = recorder.between("green", 0, Infinity);

  it("reads back what was written", () => {
    expect(readWindow("k", windowText("green", "n", cohorts))).toEqual(cohorts);
  });

  it("reads the form of version 1 [FORMAT-UNKNOWN-FIELDS]", () => {
    const stored =
      '{"v":1,"bundle":"green","node":"n","later":true,"cohorts":[{"at":1800000000000,"started":3,"completed":2,"failed":1,"spent":70000000,"passed":1,"scored":2,"latency":[480,2,500,1],"cost":[-200,2],"waste":[-210,1],"events":{"refusal":[3,1]},"later":1}]}';
    const [cohort] = readWindow("k", stored);
    expect(cohort).toMatchObject({ at: began, started: 3, completed: 2, failed: 1, scored: 2, passed: 1 });
    expect([...cohort!.latency]).toEqual([
      [480, 2],
      [500, 1],
    ]);
    expect(cohort!.events.get("refusal")).toEqual({ n: 3, hits: 1 });
  });

  it("is refused when a later release wrote it, rather than left out [FORMAT-TOO-NEW]", () => {
    expect(() => readWindow("k", '{"v":2,"cohorts":[]}')).toThrow(
      expect.objectContaining({ code: "record-too-new" }),
    );
    expect(() => readWindow("k", "{}")).toThrow(expect.objectContaining({ code: "record-corrupt" }));
  });
});
