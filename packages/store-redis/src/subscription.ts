import type { Clock, StoreWatchers } from "@verdigris/contracts";
import pRetry from "p-retry";
import { within } from "./bounded.ts";
import type { Connection, Listening } from "./client.ts";

/** Listens for the hints of other handles on a connection of its own, only once somebody watches. */
export interface Subscription {
  /** Call after a watcher was added. */
  start(): void;
  stop(): void;
}

export interface SubscriptionOptions {
  readonly connection: Connection;
  readonly channel: string;
  /** Tells this handle's heartbeats from those of others. */
  readonly ownName: string;
  readonly publish: (channel: string, text: string) => Promise<unknown>;
  readonly watchers: StoreWatchers;
  readonly clock: Clock;
  readonly heartbeatMs: number;
}

/** Pauses between two attempts to connect again stay below half of the 5 s after which a process counts as stale. */
const persistence = {
  retries: Number.POSITIVE_INFINITY,
  minTimeout: 50,
  maxTimeout: 2_000,
  factor: 2,
  randomize: false,
  unref: true,
} as const;
const patienceMs = 2_000;

/** The text of a heartbeat; no key has a line end at its beginning. */
const beatMark = "\n";

interface Heart {
  /** Resolves when a message of its own has come back over the subscription, so that hints would, too. */
  beat(): Promise<void>;
  /** True when the text was a heartbeat, of this handle or another one. */
  hears(text: string): boolean;
}

function createHeart({ channel, ownName, publish, clock }: SubscriptionOptions): Heart {
  let heard: (() => void) | null = null;
  return {
    async beat() {
      const echo = new Promise<void>((resolve) => {
        heard = resolve;
      });
      await within(clock, patienceMs, Promise.all([echo, publish(channel, beatMark + ownName)]));
    },
    hears(text) {
      if (text === beatMark + ownName) heard?.();
      return text.startsWith(beatMark);
    },
  };
}

export function createSubscription(options: SubscriptionOptions): Subscription {
  const { connection, channel, watchers, clock, heartbeatMs } = options;
  const heart = createHeart(options);
  let running: AbortController | null = null;

  function onMessage(text: string): void {
    if (heart.hears(text)) return;
    watchers.announce(text.split("\n").map((key) => ({ op: "del", key, rev: 0 })));
  }

  async function connect(signal: AbortSignal): Promise<Listening> {
    const listening = connection.listen(channel, onMessage);
    try {
      await within(clock, patienceMs, listening.confirmed);
      await heart.beat();
      signal.throwIfAborted();
      return listening;
    } catch (error) {
      listening.close();
      throw error;
    }
  }

  /** Resolves once hints may no longer be arriving. */
  function trouble(listening: Listening, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined;
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const arm = (): void => {
        cancel = clock.setTimer(() => {
          heart.beat().then(arm, end);
        }, heartbeatMs);
      };
      listening.onTrouble(end);
      signal.addEventListener("abort", end);
      arm();
    });
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const listening = await pRetry(() => connect(signal), { ...persistence, signal });
      // What was committed before the subscription stood was told to nobody.
      watchers.broadcast({ type: "resync" });
      await trouble(listening, signal);
      listening.close();
      if (!signal.aborted) watchers.broadcast({ type: "down" });
    }
  }

  return {
    start() {
      if (running !== null) return;
      running = new AbortController();
      // It ends only when it is stopped.
      run(running.signal).catch(() => undefined);
    },
    stop() {
      running?.abort();
      running = null;
    },
  };
}
