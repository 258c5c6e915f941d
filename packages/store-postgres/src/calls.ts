import { type Clock, createTimeLimits, storeLimits, timeIsUp, VerdigrisError } from "@verdigris/contracts";
import { isRefusal, isTransient, toStoreError } from "./failures.ts";
import {
  isPool,
  type PostgresClient,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryable,
  type PostgresRows,
} from "./postgres-client.ts";

type Kind = "read" | "commit";

/** One statement, one round trip, at most 2 s. `commit` decides how a lost reply is called. */
export type Call = (kind: Kind, text: string, values: unknown[]) => Promise<PostgresRows["rows"]>;

export interface CallsOptions {
  readonly client: PostgresClient;
  readonly schema: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Throws once the store is closed. */
  readonly requireOpen: () => void;
}

/** Rejects with `unavailable` when the promise takes longer. */
export async function bounded<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  const result = await createTimeLimits(clock).within(ms, promise);
  if (result !== timeIsUp) return result;
  throw new VerdigrisError("store-unavailable", `${what} took longer than ${ms} ms`, { ms });
}

function ignore(): void {
  // A failure of the connection reaches the statement under way; without a listener it would end the process too.
}

const heardPools = new WeakSet<PostgresPool>();
const heardClients = new WeakSet<PostgresPoolClient>();

/**
 * Listens on every connection of a pool from its first moment, and for good: on and off with each loan would cost more. A
 * pool takes its own listener off when it lends, and one set when the promise of the loan has resolved comes too late: a
 * server that greets and ends a session in one breath falls in between.
 */
function hearErrors(pool: PostgresPool): void {
  if (heardPools.has(pool)) return;
  heardPools.add(pool);
  pool.on?.("connect", (client) => {
    heardClients.add(client);
    client.on("error", ignore);
  });
}

/** One statement under way, and how far it has come. */
class Attempt {
  /** False while nothing has been sent. */
  sent = false;
  #lent: PostgresPoolClient | null = null;
  #givenUp = false;

  /** Over a connection that the pool lends for it and gets back at once. */
  async overPool(pool: PostgresPool, text: string, values: unknown[]): Promise<PostgresRows> {
    const client = await pool.connect();
    if (this.#givenUp) {
      client.release();
      return { rows: [] };
    }
    this.#lent = client;
    this.sent = true;
    // One that was there before the store, or that a wrapper of the pool makes up for each loan.
    if (!heardClients.has(client)) client.on("error", ignore);
    try {
      const rows = await client.query(text, values);
      this.#giveBack(true);
      return rows;
    } catch (error) {
      this.#giveBack(isRefusal(error));
      throw error;
    }
  }

  overClient(client: PostgresQueryable, text: string, values: unknown[]): Promise<PostgresRows> {
    this.sent = true;
    return client.query(text, values);
  }

  /** Nobody waits any more: what has not been sent is not sent, and a connection that owes a reply is closed. */
  giveUp(): void {
    this.#givenUp = true;
    this.#giveBack(false);
  }

  #giveBack(reusable: boolean): void {
    const client = this.#lent;
    if (client === null) return;
    this.#lent = null;
    if (reusable && !heardClients.has(client)) client.removeListener("error", ignore);
    client.release(!reusable);
  }
}

export function createCalls({ client, schema, clock, random, requireOpen }: CallsOptions): Call {
  const limits = createTimeLimits(clock);
  const pool = isPool(client) ? client : null;
  if (pool !== null) hearErrors(pool);
  const begin =
    pool === null
      ? (attempt: Attempt, text: string, values: unknown[]) =>
          attempt.overClient(client as PostgresQueryable, text, values)
      : (attempt: Attempt, text: string, values: unknown[]) => attempt.overPool(pool, text, values);

  function tooLate(kind: Kind, sent: boolean): VerdigrisError {
    if (!sent) {
      const message = `${schema}: no connection within ${storeLimits.callMs} ms: the server is down or the pool too small`;
      return new VerdigrisError("store-unavailable", message, { schema });
    }
    const isCommit = kind === "commit";
    const message = `${schema}: no reply within ${storeLimits.callMs} ms: ${isCommit ? "read the keys again" : "try again"}`;
    return new VerdigrisError(isCommit ? "store-indeterminate" : "store-unavailable", message, { schema });
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
    const until = clock.monotonic() + storeLimits.callMs;
    for (let tries = 1, left: number = storeLimits.callMs; ; tries += 1) {
      requireOpen();
      const attempt = new Attempt();
      try {
        const result = await limits.within(left, begin(attempt, text, values));
        if (result !== timeIsUp) return result.rows;
      } catch (error) {
        left = Math.max(1, until - clock.monotonic());
        const longest = Math.min(100, 2 ** tries);
        if (isTransient(error) && left > longest) {
          await pause(1 + random() * longest);
          left = Math.max(1, until - clock.monotonic());
          continue;
        }
        throw toStoreError(error, schema, outcomeOf(kind, error, attempt.sent));
      }
      const { sent } = attempt;
      attempt.giveUp();
      throw tooLate(kind, sent);
    }
  };
}

function outcomeOf(kind: Kind, error: unknown, sent: boolean): "store-indeterminate" | "store-unavailable" {
  return kind === "commit" && sent && !isRefusal(error) ? "store-indeterminate" : "store-unavailable";
}
