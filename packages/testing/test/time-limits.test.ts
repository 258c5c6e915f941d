import { type Clock, createTimeLimits, timeIsUp } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, test } from "vitest";

/** Work that ends when told. */
function work<T>(): { readonly promise: Promise<T>; end(value: T): void; fail(error: Error): void } {
  let settle: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((resolve, reject) => {
    settle = [resolve, reject];
  });
  return { promise, end: (value) => settle[0](value), fail: (error) => settle[1](error) };
}

/** What a promise has come to so far. */
function seen(promise: Promise<unknown>): { state: unknown } {
  const look: { state: unknown } = { state: "waits" };
  promise.then(
    (value) => {
      look.state = value;
    },
    (error: unknown) => {
      look.state = error;
    },
  );
  return look;
}

describe("limits of time", () => {
  test("a call that ends in time settles as its work does", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    const [good, bad] = [work<number>(), work<number>()];
    const [first, second] = [seen(within(2_000, good.promise)), seen(within(2_000, bad.promise))];
    await clock.advance(1_999);
    const error = new Error("refused");
    good.end(1);
    bad.fail(error);
    await clock.advance(5_000);
    expect([first.state, second.state]).toEqual([1, error]);
  });

  test("calls that have ended are forgotten, however they did: no timer is armed for them", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    const endings: (() => void)[] = [];
    for (let n = 0; n < 4; n++) {
      const call = work<number>();
      void within(2_000, call.promise).catch(() => undefined);
      endings.push(n % 2 === 0 ? () => call.end(n) : () => call.fail(new Error("refused")));
      await clock.advance(200);
    }
    // In another order than they began in.
    for (const place of [1, 3, 0, 2]) endings[place]?.();
    await clock.advance(1_200);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  test("each call is given up at its own time, whichever was armed first, and not before", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    const long = seen(within(2_000, work().promise));
    await clock.advance(500);
    const short = seen(within(100, work().promise));
    const middle = seen(within(1_000, work().promise));
    const states: unknown[] = [];
    for (const ms of [99, 1, 899, 1, 499, 1]) {
      await clock.advance(ms);
      states.push([short.state, middle.state, long.state]);
    }
    expect(states).toEqual([
      ["waits", "waits", "waits"],
      [timeIsUp, "waits", "waits"],
      [timeIsUp, "waits", "waits"],
      [timeIsUp, timeIsUp, "waits"],
      [timeIsUp, timeIsUp, "waits"],
      [timeIsUp, timeIsUp, timeIsUp],
    ]);
  });

  test("a call made after others have ended is bounded like the first", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    await within(2_000, Promise.resolve());
    await clock.advance(1_000);
    const next = seen(within(2_000, work().promise));
    await clock.advance(1_999);
    expect(next.state).toBe("waits");
    await clock.advance(1);
    expect(next.state).toBe(timeIsUp);
    const last = seen(within(0, work().promise));
    await clock.advance(0);
    expect(last.state).toBe(timeIsUp);
  });

  test("many calls that end in time arm one timer among them", async () => {
    const clock = createFakeClock();
    let armed = 0;
    const counted: Clock = {
      ...clock,
      setTimer(fn, ms) {
        armed += 1;
        return clock.setTimer(fn, ms);
      },
    };
    const { within } = createTimeLimits(counted);
    for (let n = 0; n < 1_000; n += 1) await within(2_000, Promise.resolve(n));
    expect(armed).toBe(1);
    await clock.advance(4_000);
    expect(clock.pending).toBe(0);
  });

  test("a reply that lay in the socket while the process was frozen is read before its call is given up", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    const [late, never] = [work<string>(), work<string>()];
    const heard = seen(within(2_000, late.promise));
    const unheard = seen(within(2_000, never.promise));
    // The reply's callback runs between the timer that falls due first and those that it sets.
    clock.setTimer(() => late.end("reply"), 2_000);
    await clock.advance(2_000);
    expect([heard.state, unheard.state]).toEqual(["reply", timeIsUp]);
  });

  test("what becomes of work that was given up is heard by nobody", async () => {
    const clock = createFakeClock();
    const { within } = createTimeLimits(clock);
    const lost = work<number>();
    const given = seen(within(10, lost.promise));
    await clock.advance(10);
    lost.fail(new Error("too late"));
    await clock.advance(10);
    expect(given.state).toBe(timeIsUp);
  });
});
