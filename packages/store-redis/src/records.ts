import type { CommitResult, StoreEntry, StoreOp } from "@verdigris/contracts";
import { announces } from "@verdigris/contracts";
import { commitScript, getScript, listScript, startScript } from "./scripts.ts";
import { type Script, type Server, scriptOf } from "./server.ts";
import { type Check, createStarts, type Put } from "./starts.ts";

/** The data of one store, over the scripts. */
export interface Records {
  get(
    keys: readonly string[],
  ): Promise<{ readonly entries: readonly (StoreEntry | null)[]; readonly at: number }>;
  commit(ops: readonly StoreOp[]): Promise<CommitResult>;
  list(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly entries: readonly StoreEntry[]; readonly at: number }>;
}

const toMs = (micro: number): number => Math.floor(micro / 1_000);

/** The time of a reply: the server's clock, and never before the last commit. */
const timeOf = (micro: unknown, last: unknown): number => toMs(Math.max(Number(micro), Number(last ?? 0)));

function toEntry(key: string, packed: unknown): StoreEntry | null {
  if (typeof packed !== "string" || packed === "") return null;
  const space = packed.indexOf(" ");
  const rev = Number(packed.slice(0, space));
  return { key, rev, at: toMs(rev), value: packed.slice(space + 1) };
}

function toArguments(channel: string, ops: readonly StoreOp[]): string[] {
  const told: string[] = [];
  const args = [channel, ""];
  for (const op of ops) {
    const kind = op.op === "put" ? "p" : op.op === "del" ? "d" : "c";
    args.push(kind, op.key, String(op.rev), op.op === "put" ? op.value : "");
    if (op.op !== "check" && announces(op.key)) told.push(op.key);
  }
  // A key holds no line end.
  args[1] = told.join("\n");
  return args;
}

function toConflict(
  [, micro, last, place, packed]: readonly unknown[],
  keys: readonly string[],
): CommitResult {
  const key = keys[Number(place) - 1] ?? "";
  return { ok: false, key, current: toEntry(key, packed), at: timeOf(micro, last) };
}

function toResult(reply: readonly unknown[], ops: readonly StoreOp[]): CommitResult {
  const [status, micro, last] = reply;
  if (status !== "ok")
    return toConflict(
      reply,
      ops.map(({ key }) => key),
    );
  const rev = Number(last);
  const writes = ops.some(({ op }) => op !== "check");
  return {
    ok: true,
    revs: ops.map((op) => (op.op === "put" ? rev : op.op === "del" ? 0 : op.rev)),
    at: writes ? toMs(rev) : timeOf(micro, last),
  };
}

/** A pin of a start: the check of the route and one new key. */
function startOf(ops: readonly StoreOp[]): readonly [Check, Put] | null {
  const [check, put] = ops;
  if (ops.length !== 2 || check?.op !== "check" || put?.op !== "put") return null;
  return check.rev > 0 && put.rev === 0 && !announces(put.key) ? [check, put] : null;
}

export async function createRecords(server: Server, channel: string): Promise<Records> {
  const [committing, starting, getting, listing]: readonly [Script, Script, Script, Script] =
    await Promise.all([
      scriptOf(commitScript),
      scriptOf(startScript),
      scriptOf(getScript),
      scriptOf(listScript),
    ]);

  const starts = createStarts((check, puts) => {
    const args = [check.key, `${check.rev} `];
    for (const { key } of puts) args.push(key);
    for (const { value } of puts) args.push(value);
    return server.write(starting, args);
  });

  async function start(check: Check, put: Put): Promise<CommitResult> {
    const reply = await starts(check, put);
    if (reply[0] !== "ok") return toConflict(reply, [check.key, put.key]);
    const made = Number(reply[2]);
    return { ok: true, revs: [check.rev, made], at: toMs(made) };
  }

  return {
    async get(keys) {
      const [micro, packed] = await server.read(getting, keys);
      const [last, ...values] = packed as readonly unknown[];
      return { entries: keys.map((key, n) => toEntry(key, values[n])), at: timeOf(micro, last) };
    },
    async commit(ops) {
      // The reply comes after the caller has gone on, who may have changed them.
      const kept = ops.map((op) => ({ ...op }));
      const pair = startOf(kept);
      if (pair !== null) return start(...pair);
      return toResult(await server.write(committing, toArguments(channel, kept)), kept);
    },
    async list(prefix, after, limit) {
      // A key holds no character above `~`, so one past it closes the range of a prefix.
      const from = after !== undefined && after >= prefix ? `(${after}` : `[${prefix}`;
      const reply = await server.read(listing, [from, `(${prefix}\x7f`, String(limit)]);
      const [micro, last, keys, values] = reply as readonly [
        unknown,
        unknown,
        readonly string[],
        readonly unknown[],
      ];
      const entries = keys.flatMap((key, n) => toEntry(key, values[n]) ?? []);
      return { entries, at: timeOf(micro, last) };
    },
  };
}
