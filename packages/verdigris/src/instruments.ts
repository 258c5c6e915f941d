import type { Instrument, InstrumentedProcess, RouterEvents, RunEvents } from "@verdigris/contracts";
import type { Parts } from "./parts.ts";

/** The names of events that the router tells; all others are the runs'. */
const routerEvents: readonly string[] = [
  "route",
  "store-regressed",
  "reanchored",
  "mode",
  "router-error",
] satisfies (keyof RouterEvents)[];

/** Subscribes to one event of a process, wherever it comes from. */
export function onEvent<P>({ router, events }: Parts<P>): InstrumentedProcess["on"] {
  return (event, fn) => {
    if (routerEvents.includes(event))
      return router?.on(event as keyof RouterEvents, fn as never) ?? (() => {});
    return events.on(event as keyof RunEvents, fn as never);
  };
}

/** Closing takes no longer for an instrument that hangs. */
const closeMs = 5_000;

/** Gives every instrument its process; what it throws is reported as `listener-failed`. Returns what closes them all. */
export function connectInstruments<P>(parts: Parts<P>): () => Promise<void> {
  const { agent, store, clock, newId, now, router, registry, events, instruments } = parts;
  const process: InstrumentedProcess = {
    agent,
    store,
    clock,
    newId,
    now,
    route: () => router?.snapshot()?.route ?? null,
    bundle: registry.get,
    warn: (source, message) => events.emit("instrument-warning", { source, message }),
    score: (scope, score) => events.emit("run-scored", { scope, score }),
    signal: (signal) => events.emit("signal", signal),
    usageLost: (records, error) => events.emit("usage-lost", { records, error }),
    on: onEvent(parts),
  };
  const failed = (error: unknown): void =>
    events.emit("listener-failed", { source: "instrument.connect", error });
  const connect = (instrument: Instrument): (() => void | Promise<void>) => {
    try {
      return instrument.connect?.(process) ?? (() => {});
    } catch (error) {
      failed(error);
      return () => {};
    }
  };
  const closers = instruments.map(connect);
  const close = async (closer: () => void | Promise<void>): Promise<void> => {
    try {
      await closer();
    } catch (error) {
      failed(error);
    }
  };
  return async () => {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.setTimer(resolve, closeMs);
    });
    await Promise.race([Promise.all(closers.map(close)), late]);
    cancel();
  };
}
