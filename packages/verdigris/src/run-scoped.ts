import {
  type Instrument,
  InvalidArgumentError,
  isVerdigrisError,
  type RunEvents,
  VerdigrisError,
} from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";
import { type Run, type ScopeStorage, type StartOptions, throughInstruments } from "@verdigris/run-pinning";
import type { Verdigris } from "./verdigris.ts";

interface RunScopedHost<P> {
  readonly start: Verdigris<P>["start"];
  readonly instruments: readonly Instrument[];
  readonly scopeStorage: ScopeStorage | undefined;
  readonly events: EventHub<RunEvents>;
}

/** Starts a run, gives it to `fn`, finishes it; what `fn` does is the outcome. */
export async function runScoped<P, T>(
  host: RunScopedHost<P>,
  options: StartOptions<P>,
  fn: (run: Run<P>) => T | Promise<T>,
): Promise<T> {
  if (typeof fn !== "function")
    throw new InvalidArgumentError("fn", "must be the function that does the run's work, after the options");
  const started = await host.start(options);
  if (!started.placed) {
    const { bundle, token } = started;
    throw new VerdigrisError(
      "run-not-placed",
      `${bundle} is not served by this process: send the token to one that serves it`,
      { bundle, token },
    );
  }
  const { run } = started;
  const { scopeStorage, instruments, events } = host;
  const inScope = async (): Promise<T> =>
    scopeStorage === undefined ? fn(run) : scopeStorage.run(run.scope, () => fn(run));
  try {
    const value = await throughInstruments(instruments, "run", () => run.scope, inScope, events);
    await run.finish({ outcome: "completed" });
    return value;
  } catch (error) {
    await run.finish({ outcome: isVerdigrisError(error, "run-cancelled") ? "cancelled" : "failed" });
    throw error;
  }
}
