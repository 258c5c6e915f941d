import { createFakeClock } from "@verdigris/testing";
import { describe, expect, test } from "vitest";

describe("the fake clock", () => {
  test("runs due timers in time order, each at its own time, and keeps later ones", async () => {
    const clock = createFakeClock({ now: 1_000 });
    const seen: [string, number][] = [];
    clock.setTimer(() => seen.push(["late", clock.now()]), 50);
    clock.setTimer(() => seen.push(["early", clock.now()]), 20);
    clock.setTimer(() => seen.push(["never", clock.now()]), 51);
    await clock.advance(50);
    expect(seen).toEqual([
      ["early", 1_020],
      ["late", 1_050],
    ]);
    expect(clock.pending).toBe(1);
    expect(clock.now()).toBe(1_050);
  });

  test("runs timers of equal time in the order they were set", async () => {
    const clock = createFakeClock();
    const seen: number[] = [];
    for (const n of [1, 2, 3]) clock.setTimer(() => seen.push(n), 10);
    await clock.advance(10);
    expect(seen).toEqual([1, 2, 3]);
  });

  test("runs timers that timers set, at the time that falls to them", async () => {
    const clock = createFakeClock({ now: 0 });
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(clock.monotonic());
      clock.setTimer(tick, 10);
    };
    clock.setTimer(tick, 10);
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  test("lets promise callbacks of any depth finish between two timers", async () => {
    const clock = createFakeClock();
    const seen: string[] = [];
    const deep = async (): Promise<void> => {
      for (let i = 0; i < 200; i += 1) await Promise.resolve();
      seen.push("callbacks of the first");
    };
    clock.setTimer(() => void deep(), 1);
    clock.setTimer(() => seen.push("second"), 2);
    await clock.advance(2);
    expect(seen).toEqual(["callbacks of the first", "second"]);
  });

  test("runs a timer that was set by a promise callback pending at the call", async () => {
    const clock = createFakeClock();
    let ran = false;
    void Promise.resolve().then(() => clock.setTimer(() => (ran = true), 5));
    await clock.advance(5);
    expect(ran).toBe(true);
  });

  test("does not run a cancelled timer, and cancelling twice is harmless", async () => {
    const clock = createFakeClock();
    let ran = false;
    const cancel = clock.setTimer(() => (ran = true), 5);
    cancel();
    cancel();
    await clock.advance(10);
    expect(ran).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("moves the wall clock alone: monotonic time and timers stay", async () => {
    const clock = createFakeClock({ now: 5_000 });
    let ran = false;
    clock.setTimer(() => (ran = true), 100);
    clock.jumpWall(-4_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    clock.setWall(90_000);
    expect([clock.now(), clock.monotonic()]).toEqual([90_000, 0]);
    await clock.advance(99);
    expect(ran).toBe(false);
    expect([clock.now(), clock.monotonic()]).toEqual([90_099, 99]);
    await clock.advance(1);
    expect(ran).toBe(true);
  });

  test("adds up calls made at the same time", async () => {
    const clock = createFakeClock({ now: 0 });
    await Promise.all([clock.advance(10), clock.advance(5)]);
    expect(clock.now()).toBe(15);
  });

  test("rejects with what a timer throws, and works afterwards", async () => {
    const clock = createFakeClock({ now: 0 });
    clock.setTimer(() => {
      throw new Error("from the timer");
    }, 5);
    await expect(clock.advance(10)).rejects.toThrow("from the timer");
    await clock.advance(10);
    expect(clock.now()).toBe(15);
  });

  test("refuses to go back or nowhere", async () => {
    const clock = createFakeClock();
    await expect(clock.advance(-1)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(clock.advance(Number.NaN)).rejects.toMatchObject({ code: "invalid-argument" });
    expect(() => clock.setWall(Number.NaN)).toThrow();
  });
});
