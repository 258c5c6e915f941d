import { pause } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import { expect, it } from "vitest";

/** What keeps this process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((what) => what === "Timeout").length;
}

it("keeps the process alive while it waits, and no longer", async () => {
  const clock = createFakeClock();
  const before = timers();
  const waiting = pause(clock, 1_000);
  expect(timers()).toBe(before + 1);
  await clock.advance(1_000);
  await waiting;
  expect(timers()).toBe(before);
  expect(clock.pending).toBe(0);
});

it("ends with its signal, before it began or in the middle", async () => {
  const clock = createFakeClock();
  const before = timers();
  const stop = new AbortController();
  const waiting = pause(clock, 1_000, stop.signal);
  stop.abort();
  await waiting;
  await pause(clock, 1_000, stop.signal);
  expect([timers(), clock.pending]).toEqual([before, 0]);
});
