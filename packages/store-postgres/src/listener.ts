import { VerdigrisError } from "@verdigris/contracts";
import pRetry from "p-retry";
import { DeafError, type Hearing, type HearingOptions, openHearing } from "./hearing.ts";

export interface ListenerOptions extends HearingOptions {
  readonly longestPauseMs: number;
  readonly onUp: () => void;
  readonly onDown: (error: unknown) => void;
}

/** How the first attempt ended: `deaf` where notifications do not come through, `down` where there was no connection. */
type FirstAttempt = "up" | "deaf" | "down";

/** Keeps a connection that hears, and makes it again when it is lost. */
export interface Listener {
  readonly up: boolean;
  /** After `deaf` it does not try again. */
  readonly first: Promise<FirstAttempt>;
  stop(): Promise<void>;
}

export function createListener(options: ListenerOptions): Listener {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current: Hearing | null = null;
  let settle: ((outcome: FirstAttempt) => void) | null = null;
  const first = new Promise<FirstAttempt>((resolve) => {
    settle = resolve;
  });

  /** Says whether to go on trying. */
  function failed(error: unknown): boolean {
    if (settle === null) return true;
    settle(error instanceof DeafError ? "deaf" : "down");
    settle = null;
    if (error instanceof DeafError) return false;
    options.onDown(error);
    return true;
  }

  async function attempt(): Promise<Hearing> {
    try {
      return await openHearing(options);
    } catch (cause) {
      // The library takes a bare TypeError for a mistake in the program and would give up.
      throw cause instanceof TypeError ? new Error("the listening connection failed", { cause }) : cause;
    }
  }

  const connect = (): Promise<Hearing> =>
    pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: Math.min(50, options.longestPauseMs),
      maxTimeout: options.longestPauseMs,
      randomize: true,
      unref: true,
      signal,
      shouldRetry: ({ error }) => failed(error),
    });

  async function keepHearing(): Promise<void> {
    while (!signal.aborted) {
      const hearing = await connect();
      if (signal.aborted) return hearing.close();
      current = hearing;
      options.onUp();
      settle?.("up");
      settle = null;
      const why = await hearing.lost;
      current = null;
      await hearing.close();
      if (!signal.aborted) options.onDown(why);
    }
  }

  // It ends by being stopped, or by being deaf, which `first` has told.
  keepHearing().catch(() => undefined);

  return {
    get up() {
      return current !== null;
    },
    first,
    async stop() {
      stopping.abort(new VerdigrisError("closed", "the store was closed"));
      await current?.close();
      current = null;
    },
  };
}
