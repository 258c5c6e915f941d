import { type Clock, storeLimits, VerdigrisError } from "@verdigris/contracts";
import { isRefusal, isTransient, toStoreError } from "./failures.ts";
import {
  isPool,
  type PostgresClient,
  type PostgresPoolClient,
  type PostgresRows,
} from "./postgres-client.ts";

/** One statement, one round trip, at most 2 s. `commit` decides how a lost reply is called. */
export type Call = (
  kind: "read" | "commit",
  text: string,
  values: unknown[],
) => Promise<PostgresRows["rows"]>;

export interface CallsOptions {
  readonly client: PostgresClient;
  readonly schema: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Throws once the store is closed. */
  readonly requireOpen: () => void;
}

const timedOut: unique symbol = Symbol("timed out");

/** Resolves with the promise, or with {@link timedOut}; a promise that loses is not waited for and rejects unheard. */
async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | typeof timedOut> {
  let cancel = (): void => undefined;
  const timer = new Promise<typeof timedOut>((resolve) => {
    cancel = clock.setTimer(() => resolve(timedOut), ms);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timer]);
  } finally {
    cancel();
  }
}

/** Rejects with `unavailable` when the promise takes longer. */
export async function bounded<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  const result = await within(clock, ms, promise);
  if (result !== timedOut) return result;
  throw new VerdigrisError("store-unavailable", `${what} took longer than ${ms} ms`, { ms });
}

interface Lease {
  run(text: string, values: unknown[]): Promise<PostgresRows>;
  /** `reusable` false closes the connection: nobody knows what it still has to say. */
  release(reusable: boolean): void;
}

function leaseOf(client: PostgresPoolClient): Lease {
  // The failure reaches the statement under way; without a listener it would end the process too.
  const ignore = (): void => undefined;
  client.on("error", ignore);
  return {
    run: (text, values) => client.query(text, values),
    release(reusable) {
      if (reusable) client.removeListener("error", ignore);
      client.release(!reusable);
    },
  };
}

export function createCalls({ client, schema, clock, random, requireOpen }: CallsOptions): Call {
  /** Nothing has been sent before this resolves. */
  async function lend(ms: number): Promise<Lease> {
    if (!isPool(client)) {
      return { run: (text, values) => client.query(text, values), release: () => undefined };
    }
    const connecting = client.connect();
    const lent = await within(clock, ms, connecting);
    if (lent !== timedOut) return leaseOf(lent);
    // It may still come, and has to go back then.
    connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw new VerdigrisError(
      "store-unavailable",
      `${schema}: no connection within ${storeLimits.callMs} ms: the server is down or the pool too small`,
      { schema },
    );
  }

  async function once(
    kind: "read" | "commit",
    text: string,
    values: unknown[],
    ms: number,
  ): Promise<PostgresRows> {
    const began = clock.monotonic();
    const lease = await lend(ms);
    const left = Math.max(1, ms - (clock.monotonic() - began));
    try {
      const result = await within(clock, left, lease.run(text, values));
      lease.release(result !== timedOut);
      if (result !== timedOut) return result;
    } catch (error) {
      const undone = isRefusal(error);
      lease.release(undone);
      if (isTransient(error)) throw error;
      throw toStoreError(
        error,
        schema,
        kind === "commit" && !undone ? "store-indeterminate" : "store-unavailable",
      );
    }
    const message = `${schema}: no reply within ${storeLimits.callMs} ms`;
    const code = kind === "commit" ? "store-indeterminate" : "store-unavailable";
    throw new VerdigrisError(code, `${message}: ${kind === "commit" ? "read the keys again" : "try again"}`, {
      schema,
    });
  }

  async function pause(ms: number): Promise<void> {
    // The clock's timers do not keep a process alive, and a program that only waits for its commit must not end.
    const alive = setInterval(() => undefined, storeLimits.callMs);
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, ms);
    });
    clearInterval(alive);
  }

  return async (kind, text, values) => {
    const began = clock.monotonic();
    for (let tries = 1; ; tries += 1) {
      requireOpen();
      const left = storeLimits.callMs - (clock.monotonic() - began);
      try {
        return (await once(kind, text, values, Math.max(1, left))).rows;
      } catch (error) {
        const longest = Math.min(100, 2 ** tries);
        if (!isTransient(error) || left <= longest) throw toStoreError(error, schema, "store-unavailable");
        await pause(1 + random() * longest);
      }
    }
  };
}
