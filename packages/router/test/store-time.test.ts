import { createStoreTime } from "@verdigris/router";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";

describe("store time", () => {
  it("does not learn from a reply that a paused process read late [STORE-TIME]", async () => {
    const clock = createFakeClock();
    const time = createStoreTime(clock);
    time.observe(1_000, clock.monotonic());
    const sent = clock.monotonic();
    await clock.advance(600_000);
    time.observe(1_000, sent);
    expect(time.now()).toBe(601_000);
  });

  it("is not trusted on the word of such a reply alone [STORE-TIME]", async () => {
    const clock = createFakeClock();
    const time = createStoreTime(clock);
    const sent = clock.monotonic();
    await clock.advance(600_000);
    time.observe(1_000, sent);
    expect([time.suspect(), time.trusted()]).toEqual([true, Number.NaN]);
    time.observe(601_000, clock.monotonic());
    expect([time.suspect(), time.trusted()]).toEqual([false, 601_000]);
  });
});
