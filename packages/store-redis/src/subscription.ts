import type { Clock, StoreWatchers, TimeLimits } from "@verdigris/contracts";
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
  /** Carries this handle's heartbeats, which concern nobody else. */
  readonly ownChannel: string;
  readonly publish: (channel: string, text: string) => Promise<unknown>;
  readonly watchers: StoreWatchers;
  readonly clock: Clock;
  readonly limits: TimeLimits;
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

interface Heart {
  /** Resolves when a message of its own has come back over the subscription, so that hints would, too. */
  beat(): Promise<void>;
  /** Call when a message came over the own channel. */
  heard(): void;
}

function createHeart({ ownChannel, publish, limits }: SubscriptionOptions): Heart {
  let echo: (() => void) | null = null;
  return {
    async beat() {
      const back = new Promise<void>((resolve) => {
        echo = resolve;
      });
      await within(limits, patienceMs, Promise.all([back, publish(ownChannel, "")]));
    },
    heard: () => echo?.(),
  };
}

export function createSubscription(options: SubscriptionOptions): Subscription {
  const { connection, channel, ownChannel, watchers, clock, limits, heartbeatMs } = options;
  const heart = createHeart(options);
  let running: AbortController | null = null;
  let isDown = false;

  function onMessage(text: string, from: string): void {
    if (from === ownChannel) heart.heard();
    else if (text !== "") watchers.announce(text.split("\n").map((key) => ({ op: "del", key, rev: 0 })));
  }

  function tellDown(): void {
    if (!isDown) watchers.broadcast({ type: "down" });
    isDown = true;
  }

  async function connect(signal: AbortSignal): Promise<Listening> {
    const listening = connection.listen([channel, ownChannel], onMessage);
    try {
      await within(limits, patienceMs, listening.confirmed);
      await heart.beat();
      signal.throwIfAborted();
      return listening;
    } catch (error) {
      listening.close();
      if (!signal.aborted) tellDown();
      // The loop gives up on what it takes for a mistake in the program; a client's TypeError is none of ours.
      throw new Error("hints do not arrive", { cause: error });
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
      isDown = false;
      watchers.broadcast({ type: "resync" });
      await trouble(listening, signal);
      listening.close();
      if (!signal.aborted) tellDown();
    }
  }

  return {
    start() {
      if (running !== null) return;
      isDown = false;
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
