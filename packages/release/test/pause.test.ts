import { pause } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.restoreAllMocks();
});

it("keeps the process alive while it waits, and no longer", async () => {
  const clock = createFakeClock();
  const begun = vi.spyOn(globalThis, "setInterval");
  const ended = vi.spyOn(globalThis, "clearInterval");
  const waiting = pause(clock, 1_000);
  const alive = begun.mock.results[0]?.value as ReturnType<typeof setInterval>;
  expect(alive.hasRef()).toBe(true);
  expect(ended).not.toHaveBeenCalled();
  await clock.advance(1_000);
  await waiting;
  expect(ended).toHaveBeenCalledWith(alive);
  expect(clock.pending).toBe(0);
});

it("ends with its signal, before it began or in the middle", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const waiting = pause(clock, 1_000, stop.signal);
  stop.abort();
  await waiting;
  await pause(clock, 1_000, stop.signal);
  expect(clock.pending).toBe(0);
});
