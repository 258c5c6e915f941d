import type { Clock, RouterEvents } from "@verdigris/contracts";
import type { Instrument, Verdigris } from "verdigris";
import type { RecordEntry } from "./test-record.ts";

type Note = (entry: Omit<RecordEntry, "at">) => void;

/** Writes into `entries` at the clock's time. */
export function noteInto(entries: RecordEntry[], clock: Clock): Note {
  return (entry) => void entries.push(Object.freeze({ at: clock.now(), ...entry }));
}

/** Notes every step that begins or fails. */
export function recordSteps(note: Note): Instrument {
  return {
    step(scope, next) {
      const { run, bundle, step = "" } = scope;
      note({ what: "step", bundle, run, step });
      const work = next();
      work.catch(() => note({ what: "step-failed", bundle, run, step }));
      return work;
    },
  };
}

/** Notes every move of the route once, also those that another process made. */
function recordMoves(note: Note): (applied: RouterEvents["route"]) => void {
  let seen = 0;
  return ({ route }) => {
    for (const { verb, generation } of route.recent) {
      if (generation > seen) note({ what: verb, bundle: route.live, generation });
    }
    seen = route.generation;
  };
}

/** Notes what an instance tells about its runs, pipelines and route. */
export function recordEvents(note: Note, verdigris: Pick<Verdigris<never>, "on">): void {
  const { on } = verdigris;
  on("route", recordMoves(note));
  on("run-started", ({ scope: { bundle, run } }) => note({ what: "start", bundle, run }));
  on("run-finished", ({ scope: { bundle, run }, outcome }) => note({ what: "finish", bundle, run, outcome }));
  on("finish-failed", ({ scope: { bundle, run } }) => note({ what: "finish-failed", bundle, run }));
  on("run-expiring", ({ scope: { bundle, run } }) => note({ what: "expiring", bundle, run }));
  on("run-expired", ({ bundle, run }) => note({ what: "expire", bundle, run }));
  on("run-migrated", ({ scope: { bundle, run } }) => note({ what: "migrate", bundle, run }));
  on("run-cancelled", ({ scope: { bundle, run } }) => note({ what: "cancel", bundle, run }));
  on("usage", ({ scope: { bundle, run } }) => note({ what: "usage", bundle, run }));
  on("pipeline-loaded", ({ bundle }) => note({ what: "load", bundle }));
  on("load-failed", ({ bundle }) => note({ what: "load-failed", bundle }));
  on("pipeline-unloaded", ({ bundle }) => note({ what: "unload", bundle }));
}
