import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { createMemorySink, runEvals, type TargetContext } from "../../src/run.ts";
import { aRun, aSet } from "./a-run.ts";

const unavailable = () => Object.assign(new Error("overloaded"), { status: 503 });

/** A promise that is settled from outside. */
function latch<T = void>() {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("a target that takes too long", () => {
  it("is told to stop, repeated, and not measured [EVAL-RETRY]", async () => {
    const clock = createFakeClock();
    const stopped: unknown[] = [];
    const target = (_: unknown, { signal }: TargetContext) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          stopped.push((signal.reason as Error).name);
          reject(signal.reason);
        });
      });
    const running = runEvals(aRun({ clock, set: aSet("a"), target, timeoutMs: 100, retries: 1 }));
    await clock.advance(10_000);
    const { lines, abandoned } = await running;
    expect(lines).toMatchObject([{ error: { kind: "infrastructure" }, attempts: 2 }]);
    expect([stopped, abandoned]).toEqual([["TimeoutError", "TimeoutError"], 0]);
  });

  it("keeps its place while it still runs, and is counted when it never stops [EVAL-BOUND]", async () => {
    const clock = createFakeClock();
    let [running, most] = [0, 0];
    const target = async (_: unknown, { case: id }: TargetContext) => {
      running += 1;
      most = Math.max(most, running);
      if (id === "deaf") await new Promise(() => {});
      // Heeds its signal late, but within the grace.
      await new Promise<void>((done) => void clock.setTimer(done, 150));
      running -= 1;
    };
    const set = aSet("a", "b", "c", "deaf");
    const all = runEvals(
      aRun({ clock, set, target, timeoutMs: 100, graceMs: 60, retries: 0, concurrency: 2 }),
    );
    await clock.advance(5_000);
    expect(await all).toMatchObject({ abandoned: 1, errors: 4 });
    expect(most).toBe(2);
  });

  it("drops an answer that came after the time was over", async () => {
    const clock = createFakeClock();
    const target = () => new Promise((done) => void clock.setTimer(() => done("late"), 120));
    const all = runEvals(aRun({ clock, set: aSet("a"), target, timeoutMs: 100, retries: 0 }));
    await clock.advance(1_000);
    expect((await all).lines).toMatchObject([{ scores: {} }]);
  });
});

it.each([1, 2, 5])("never has more than %d cases under way [EVAL-BOUND]", async (concurrency) => {
  const clock = createFakeClock();
  let [running, most] = [0, 0];
  const target = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((done) => void clock.setTimer(done, 10));
    running -= 1;
  };
  const set = aSet(...Array.from({ length: 12 }, (_, i) => `c${i}`));
  const all = runEvals(aRun({ clock, set, target, concurrency }));
  await clock.advance(1_000);
  await all;
  expect(most).toBe(concurrency);
});

describe("a run that is stopped", () => {
  it("starts nothing more, waits for what runs, keeps what was done, and leaves no timer [EVAL-ABORT]", async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const sink = createMemorySink();
    const asked: string[] = [];
    let ended = false;
    const gone = latch();
    const target = async (_: unknown, { case: id, signal }: TargetContext): Promise<void> => {
      asked.push(id);
      if (id === "a") return;
      await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
      await gone.opened;
      ended = true;
    };
    const running = runEvals(aRun({ clock, sink, target, signal: stop.signal, concurrency: 1 }));
    const outcome = running.catch((error: unknown) => [error, ended]);
    await clock.advance(0);
    stop.abort("enough");
    await clock.advance(0);
    gone.open();
    expect(await outcome).toEqual(["enough", true]);
    expect([asked, sink.lines.length, clock.pending]).toEqual([["a", "b"], 2, 0]);
  });

  it("does not wait for ever for a target that does not heed its signal [EVAL-ABORT]", async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const running = runEvals(
      aRun({ clock, target: () => new Promise(() => {}), signal: stop.signal, graceMs: 50 }),
    );
    const outcome = running.catch((error: unknown) => error);
    await clock.advance(0);
    stop.abort("enough");
    await clock.advance(50);
    expect([await outcome, clock.pending]).toEqual(["enough", 0]);
  });

  it("ends a delay between attempts at once", async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const running = runEvals(
      aRun({ clock, target: () => Promise.reject(unavailable()), signal: stop.signal }),
    );
    const outcome = running.catch((error: unknown) => error);
    await clock.advance(0);
    stop.abort("enough");
    await clock.advance(0);
    expect([await outcome, clock.pending]).toEqual(["enough", 0]);
  });

  it("writes and asks nothing when it was stopped before it began", async () => {
    const sink = createMemorySink();
    await expect(runEvals(aRun({ sink, signal: AbortSignal.abort("no") }))).rejects.toBe("no");
    expect(sink.lines).toEqual([]);
  });
});
