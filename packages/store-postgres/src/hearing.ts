import { type Clock, isVerdigrisError, storeLimits } from "@verdigris/contracts";
import { bounded } from "./calls.ts";
import type { PostgresListenClient } from "./postgres-client.ts";

export interface HearingOptions {
  readonly open: () => PostgresListenClient | Promise<PostgresListenClient>;
  readonly channel: string;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** Sends a notification over another connection than the one that listens. */
  readonly send: (payload: string) => Promise<void>;
  readonly newId: () => string;
  readonly onPayload: (payload: string) => void;
}

/** A connection that listens and has been proved to hear. */
export interface Hearing {
  /** Resolves once the connection is lost, with why. */
  readonly lost: Promise<unknown>;
  close(): Promise<void>;
}

/** Connected, yet what is sent does not arrive: a pooler that lends connections by transaction. */
export class DeafError extends Error {}

/** Marks the store's own test notifications, which name no key. */
const testMark = "?";

interface Signal<T> {
  readonly promise: Promise<T>;
  fire(value: T): void;
}

function createSignal<T>(): Signal<T> {
  let fire: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    fire = resolve;
  });
  return { promise, fire: (value) => fire(value) };
}

async function endOf(client: PostgresListenClient): Promise<void> {
  if ("end" in client) await client.end();
}

/** Returns what ends listening. */
async function subscribe(
  client: PostgresListenClient,
  channel: string,
  onPayload: (payload: string) => void,
  onLost: (error: unknown) => void,
): Promise<() => Promise<void>> {
  if ("listen" in client) return client.listen(channel, onPayload);
  client.on("notification", (message) => {
    if (message.channel === channel) onPayload(message.payload ?? "");
  });
  client.on("error", onLost);
  client.on("end", () => onLost(new Error("the connection has ended")));
  await client.query(`LISTEN "${channel}"`);
  return () => client.end();
}

/** Asks on the listening connection itself: a half-open socket gives no other sign. Answers which backend it is. */
async function beat(client: PostgresListenClient, channel: string): Promise<string> {
  const { rows } = await client.query(
    "SELECT pg_backend_pid() AS pid, EXISTS (SELECT FROM pg_listening_channels() c WHERE c = $1) AS listening",
    [channel],
  );
  const { pid, listening } = rows[0] as { pid: number; listening: boolean };
  if (!listening) throw new DeafError("the connection does not keep listening");
  return String(pid);
}

/** Opens a connection, listens, and resolves once a notification sent elsewhere has arrived. Every part takes 2 s at most. */
export async function openHearing(options: HearingOptions): Promise<Hearing> {
  const { clock, channel, send, newId, heartbeatMs } = options;
  const limited = <T>(what: string, promise: Promise<T>): Promise<T> =>
    bounded(clock, storeLimits.callMs, what, promise);
  const lost = createSignal<unknown>();
  const passed = createSignal<void>();
  const token = testMark + newId();
  const onPayload = (payload: string): void => {
    if (payload === token) passed.fire();
    else if (!payload.startsWith(testMark)) options.onPayload(payload);
  };

  const client = await openClient(options, limited);
  let end = (): Promise<void> => endOf(client);
  let cancel = (): void => undefined;
  const close = async (): Promise<void> => {
    cancel();
    await limited("closing", end()).catch(() => undefined);
  };
  const keepAsking = (pid: string): void => {
    cancel = clock.setTimer(() => {
      limited("the heartbeat", beat(client, channel)).then((now) => {
        if (now === pid) keepAsking(pid);
        else lost.fire(new DeafError("another backend answers on the connection"));
      }, lost.fire);
    }, heartbeatMs);
  };
  try {
    end = await limited("LISTEN", subscribe(client, channel, onPayload, lost.fire));
    const pid = await limited("the first heartbeat", beat(client, channel));
    await limited("sending the test notification", send(token));
    await limited("hearing the test notification", passed.promise).catch((cause: unknown) => {
      throw new DeafError("the test notification did not arrive", { cause });
    });
    keepAsking(pid);
    return { lost: lost.promise, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openClient(
  { open }: HearingOptions,
  limited: <T>(what: string, promise: Promise<T>) => Promise<T>,
): Promise<PostgresListenClient> {
  const opening = Promise.resolve().then(open);
  try {
    return await limited("opening the listening connection", opening);
  } catch (error) {
    // Too late is not never: nobody else would close it.
    if (isVerdigrisError(error)) opening.then(endOf).catch(() => undefined);
    throw error;
  }
}
