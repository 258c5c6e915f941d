import type { StoreOp } from "@verdigris/contracts";

export type Check = Extract<StoreOp, { op: "check" }>;
export type Put = Extract<StoreOp, { op: "put" }>;

/** What a script answered to some starts, all of which it treated alike. */
type Reply = readonly unknown[];

/** Sends starts that check the same entry in one script. */
type Send = (check: Check, puts: readonly Put[]) => Promise<Reply>;

interface Gathered {
  readonly check: Check;
  readonly puts: Put[];
  readonly reply: Promise<Reply>;
  readonly send: () => void;
}

/** More to a script would let everybody else of the server wait. */
const startsPerScript = 32;

const host = globalThis as { setImmediate?: (fn: () => void) => unknown };
const soon: (fn: () => void) => unknown = host.setImmediate ?? queueMicrotask;

function gather(check: Check, send: Send): Gathered {
  const puts: Put[] = [];
  let settle: (reply: Promise<Reply>) => void = () => undefined;
  const reply = new Promise<Reply>((resolve) => {
    settle = resolve;
  });
  return { check, puts, reply, send: () => settle(send(check, puts)) };
}

/**
 * Gathers the starts that are asked for in one turn of the event loop and sends those that check the same entry in one
 * script. None waits for more than the end of the turn. Each still has its own fence, its own new key and its own outcome;
 * what they share is the round trip, the moment and the revision. Starts whose shared script has done nothing, because a new
 * key of one of them exists, go out again, each alone.
 */
export function createStarts(send: Send): (check: Check, put: Put) => Promise<Reply> {
  let open: Gathered[] = [];

  function sendAll(): void {
    const ready = open;
    open = [];
    for (const gathered of ready) gathered.send();
  }

  function placeFor(check: Check, { key }: Put): Gathered {
    const found = open.find(
      (each) =>
        each.check.key === check.key &&
        each.check.rev === check.rev &&
        each.puts.length < startsPerScript &&
        each.puts.every((put) => put.key !== key),
    );
    if (found !== undefined) return found;
    if (open.length === 0) soon(sendAll);
    const made = gather(check, send);
    open.push(made);
    return made;
  }

  return async (check, put) => {
    const { puts, reply } = placeFor(check, put);
    puts.push(put);
    const shared = await reply;
    return shared[0] === "each" ? send(check, [put]) : shared;
  };
}
