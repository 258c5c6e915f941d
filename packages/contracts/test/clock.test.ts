import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../src/index.ts";

const day = 86_400_000;

describe("systemClock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("keeps a timer longer than setTimeout can count, and calls it once", () => {
    const fn = vi.fn();
    systemClock.setTimer(fn, 60 * day);
    vi.advanceTimersByTime(60 * day - 1);
    expect(fn).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fn).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60 * day);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it("cancels a timer, also between two links of a long one, and twice is once", () => {
    const fn = vi.fn();
    const cancel = systemClock.setTimer(fn, 60 * day);
    vi.advanceTimersByTime(30 * day);
    cancel();
    cancel();
    vi.advanceTimersByTime(60 * day);
    expect(fn).not.toHaveBeenCalled();
  });

  it("calls a timer of no or negative delay at once, not in 24 days", () => {
    const fn = vi.fn();
    systemClock.setTimer(fn, -5);
    vi.advanceTimersByTime(1);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it("goes forward", () => {
    const before = systemClock.monotonic();
    vi.advanceTimersByTime(5);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now()).toBeGreaterThan(1e12);
  });
});
