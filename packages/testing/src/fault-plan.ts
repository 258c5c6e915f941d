import { type ErrorCode, VerdigrisError } from "@verdigris/contracts";

/** The calls of a store that can fail. */
export type StoreCallKind = "get" | "commit" | "list";

/** Which call a gate holds, and where. */
export interface GateOptions {
  /** @default any call */
  readonly kind?: StoreCallKind;
  /** `request`: the store has not seen the call. `reply`: it has acted, and the answer is held back. @default "request" */
  readonly at?: "request" | "reply";
}

/** Holds one call of a faulty store. */
export interface Gate {
  /** Resolves when a call stands at the gate. */
  readonly reached: Promise<void>;
  /** Lets the call go on. Opened before a call came, the gate holds nothing. */
  open(): void;
}

interface PlannedFailure {
  readonly kind: StoreCallKind | undefined;
  readonly error: Error;
}

interface PlannedGate {
  readonly kind: StoreCallKind | undefined;
  readonly at: "request" | "reply";
  pass(): Promise<void>;
}

/** The faults that were asked for and not yet met. */
export interface FaultPlan {
  /** Meets a call on its way in; what it returns meets the reply. */
  enter(kind: StoreCallKind): Promise<() => Promise<void>>;
  failNext(error: ErrorCode | Error, kind?: StoreCallKind): void;
  gate(options?: GateOptions): Gate;
  setMode(mode: "up" | "down" | "hang"): void;
  reset(): void;
}

function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function takeFirst<T extends { readonly kind: StoreCallKind | undefined }>(
  from: T[],
  matches: (item: T) => boolean,
): T | undefined {
  const index = from.findIndex(matches);
  return index < 0 ? undefined : from.splice(index, 1)[0];
}

function unreachable(kind: StoreCallKind, sent: boolean): VerdigrisError {
  const code = sent && kind === "commit" ? "store-indeterminate" : "store-unavailable";
  return new VerdigrisError(
    code,
    `the store did not answer ${kind}, on purpose: call up() to bring it back`,
    {
      call: kind,
    },
  );
}

/** Makes an empty plan: every call passes. */
export function createFaultPlan(): FaultPlan {
  const failures: PlannedFailure[] = [];
  const gates: PlannedGate[] = [];
  let mode: "up" | "down" | "hang" = "up";
  let revived = signal();

  const stop = async (kind: StoreCallKind, at: PlannedGate["at"]): Promise<void> => {
    const gate = takeFirst(gates, (item) => item.at === at && (item.kind ?? kind) === kind);
    await gate?.pass();
  };

  return {
    async enter(kind) {
      if (mode === "down") throw unreachable(kind, false);
      if (mode === "hang") {
        await revived.promise;
        throw unreachable(kind, true);
      }
      const failure = takeFirst(failures, (item) => (item.kind ?? kind) === kind);
      if (failure !== undefined) throw failure.error;
      await stop(kind, "request");
      return () => stop(kind, "reply");
    },
    failNext(error, kind) {
      const planned =
        typeof error === "string"
          ? new VerdigrisError(error, `a store call failed with ${error}, on purpose`)
          : error;
      failures.push({ kind, error: planned });
    },
    gate({ kind, at = "request" } = {}) {
      const reached = signal();
      const opened = signal();
      const planned: PlannedGate = {
        kind,
        at,
        pass: () => {
          reached.resolve();
          return opened.promise;
        },
      };
      gates.push(planned);
      return {
        reached: reached.promise,
        open() {
          takeFirst(gates, (item) => item === planned);
          opened.resolve();
        },
      };
    },
    setMode(next) {
      mode = next;
      if (next === "hang") return;
      revived.resolve();
      revived = signal();
    },
    reset() {
      failures.length = 0;
      gates.length = 0;
      mode = "up";
      revived.resolve();
      revived = signal();
    },
  };
}
