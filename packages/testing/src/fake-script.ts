import { type ErrorCode, VerdigrisError } from "@verdigris/contracts";
import type { FakeRouterCall } from "./fake-router.ts";

type CallKind = FakeRouterCall["call"];

interface Planned {
  readonly call: CallKind;
  readonly error: Error;
}

/** What a fake router was told to do, and what it did. */
export interface FakeScript {
  readonly calls: readonly FakeRouterCall[];
  /** Throws what was planned for this call, and `closed` after `close`. */
  meet(call: CallKind): void;
  /** Runs a call and writes down what came of it: the second part of its result, or what it threw. */
  record<T>(call: CallKind, act: () => readonly [T, FakeRouterCall]): T;
  conflictNext(times?: number): void;
  /** True once for every conflict that was asked for. */
  takeConflict(): boolean;
  failNext(error: ErrorCode | Error, call?: CallKind): void;
  close(): void;
  reset(): void;
}

/** Makes an empty script. */
export function createFakeScript(agent: string): FakeScript {
  const calls: FakeRouterCall[] = [];
  const planned: Planned[] = [];
  let conflicts = 0;
  let closed = false;
  return {
    calls,
    meet(call) {
      const index = planned.findIndex((item) => item.call === call);
      const error = index < 0 ? undefined : planned.splice(index, 1)[0]?.error;
      if (error !== undefined) throw error;
      if (closed && call !== "assign") {
        throw new VerdigrisError("closed", `the router of ${agent} is closed`, { agent });
      }
    },
    record(call, act) {
      try {
        const [value, entry] = act();
        calls.push(entry);
        return value;
      } catch (error) {
        calls.push({ call, error });
        throw error;
      }
    },
    conflictNext(times = 1) {
      conflicts += times;
    },
    takeConflict() {
      if (conflicts === 0) return false;
      conflicts -= 1;
      return true;
    },
    failNext(error, call = "move") {
      const failure =
        typeof error === "string"
          ? new VerdigrisError(error, `the router failed with ${error}, on purpose`)
          : error;
      planned.push({ call, error: failure });
    },
    close() {
      closed = true;
    },
    reset() {
      calls.length = 0;
      planned.length = 0;
      conflicts = 0;
    },
  };
}
