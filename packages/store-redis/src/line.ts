import { type Clock, storeLimits, type TimeLimits, timeIsUp, VerdigrisError } from "@verdigris/contracts";
import { TimeIsUp } from "./bounded.ts";
import { type Connection, troubles } from "./client.ts";

export interface LineOptions {
  readonly name: string;
  readonly connection: Connection;
  /** Any key of the store: all share one slot. */
  readonly key: string;
  readonly clock: Clock;
  readonly limits: TimeLimits;
}

/** Waits for the client's connection and sends over it, each within the limit of a call. */
export interface Line {
  /** How often the connection has been in trouble: a command under way meanwhile may have been sent twice. */
  readonly disturbances: number;
  /** The moment by which a call that begins now must have ended. */
  until(): number;
  /** Nothing is handed to a client that has no connection: it would keep it and send it whenever it likes. */
  ready(until: number): Promise<void>;
  /**
   * Rejects as the client does, or with `TimeIsUp` at `until`. When nothing at all came back meanwhile the connection is
   * renewed: a half-open one looks ready for as long as nobody gives it up.
   */
  send(args: readonly string[], until: number): Promise<unknown>;
  unavailable(why: string, cause?: unknown): VerdigrisError;
  close(): void;
}

export function createLine({ name, connection, key, clock, limits }: LineOptions): Line {
  let disturbances = 0;
  /** Replies and errors that came back, whatever they say. */
  let heard = 0;
  const disturbed = (): void => {
    disturbances += 1;
  };
  for (const event of troubles) connection.on(event, disturbed);

  function unavailable(why: string, cause?: unknown): VerdigrisError {
    return new VerdigrisError("store-unavailable", `${name}: ${why}`, { store: name }, { cause });
  }

  function turn(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        connection.off("ready", done);
        resolve();
      };
      const cancel = clock.setTimer(done, ms);
      connection.on("ready", done);
    });
  }

  return {
    get disturbances() {
      return disturbances;
    },
    until: () => clock.monotonic() + storeLimits.callMs,
    async ready(until) {
      for (let state = connection.state(); state !== "ready"; state = connection.state()) {
        if (state === "closed")
          throw unavailable("the client is not connected: connect it, or open another store");
        const left = until - clock.monotonic();
        if (left <= 0) throw unavailable(`the client has had no connection for ${storeLimits.callMs} ms`);
        await turn(Math.min(left, 20));
      }
    },
    async send(args, until) {
      const before = heard;
      const ms = until - clock.monotonic();
      let reply: unknown;
      try {
        reply = await limits.within(ms, connection.send(key, args));
      } catch (error) {
        heard += 1;
        throw error;
      }
      if (reply === timeIsUp) {
        if (heard === before && connection.state() === "ready") connection.renew();
        throw new TimeIsUp(ms);
      }
      heard += 1;
      return reply;
    },
    unavailable,
    close() {
      for (const event of troubles) connection.off(event, disturbed);
    },
  };
}
