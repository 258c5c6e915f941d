import type { Clock, TimeLimits, VerdigrisError } from "@verdigris/contracts";
import { TimeIsUp } from "./bounded.ts";
import type { Connection } from "./client.ts";
import { didNotHappen, replyCode, toIndeterminate, toUnavailable } from "./failures.ts";
import { createLine, type Line } from "./line.ts";
import { createServerTime, type ServerTime } from "./server-time.ts";

/** A script and the digest by which the server knows it. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

export async function scriptOf(text: string): Promise<Script> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text)));
  return { text, digest: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** Runs scripts on the server, each within the limit of a call. */
export interface Server {
  /** Resolves once the client has a connection. Rejects with `store-unavailable` after the limit of a call. */
  ready(): Promise<void>;
  /** For what changes nothing; the reply begins with the server's time. Rejects with `store-unavailable`. */
  read(script: Script, args: readonly string[]): Promise<readonly unknown[]>;
  /**
   * Runs a script whose first argument is the server time after which it refuses to run, and whose reply begins with a
   * status and the server's time, or is that time. Rejects with `store-unavailable` when it has not happened, and never will, and with
   * `store-indeterminate` when it may have.
   */
  write(script: Script, args: readonly string[]): Promise<readonly unknown[]>;
  /** For commands that are not about the store's data. Rejects as the client does, or with `store-unavailable`. */
  ask(...args: readonly string[]): Promise<unknown>;
  close(): void;
}

export interface ServerOptions {
  readonly name: string;
  readonly connection: Connection;
  readonly keys: readonly [string, string];
  readonly clock: Clock;
  readonly limits: TimeLimits;
  /** How many replicas must have a commit before it is acknowledged. */
  readonly waitForReplicas: number;
}

type Reply = readonly unknown[];

interface Parts extends ServerOptions {
  readonly line: Line;
  readonly time: ServerTime;
}

type Send = (command: readonly string[], until: number) => Promise<unknown>;

async function evaluate(
  { keys }: Parts,
  { digest, text }: Script,
  args: readonly string[],
  send: Send,
  until: number,
): Promise<unknown> {
  const command = ["EVALSHA", digest, "2", keys[0], keys[1]];
  for (const arg of args) command.push(arg);
  try {
    return await send(command, until);
  } catch (error) {
    // A server that was restarted, or another one promoted, has not seen the script.
    if (replyCode(error) !== "NOSCRIPT") throw error;
    return send(["EVAL", text, ...command.slice(2)], until);
  }
}

function readFailure({ line, name }: Parts, error: unknown): VerdigrisError {
  return error instanceof TimeIsUp ? line.unavailable(error.message, error) : toUnavailable(error, name);
}

async function learnTime(parts: Parts, until: number): Promise<void> {
  try {
    const [seconds, micro] = (await parts.line.send(["TIME"], until)) as readonly unknown[];
    parts.time.learn(Number(seconds) * 1_000_000 + Number(micro));
  } catch (error) {
    throw readFailure(parts, error);
  }
}

/** A script that wrote at the server's time says no more than that time, which is also the revision. */
function replyOf(answer: unknown): Reply {
  return Array.isArray(answer) ? answer : ["ok", answer, answer];
}

/** The commit and the wait go out together: still one round trip, and over one connection. */
async function sendAndWait(
  { line, waitForReplicas, clock }: Parts,
  command: readonly string[],
  until: number,
): Promise<unknown> {
  const sent = line.send(command, until);
  const patience = String(Math.max(1, Math.floor((until - clock.monotonic()) / 2)));
  const waited = line.send(["WAIT", String(waitForReplicas), patience], until).then(Number);
  const [answer, replicas] = await Promise.all([sent, waited]);
  if (replyOf(answer)[0] === "ok" && replicas < waitForReplicas) {
    throw new Error(`${replicas} of ${waitForReplicas} replicas confirmed the commit in time`);
  }
  return answer;
}

/** One attempt; null when the server found it too late, so that it has not happened. */
async function attempt(
  parts: Parts,
  script: Script,
  args: readonly string[],
  until: number,
): Promise<Reply | null> {
  const { line, name, time, waitForReplicas } = parts;
  const before = line.disturbances;
  const send: Send = waitForReplicas === 0 ? line.send : (command, end) => sendAndWait(parts, command, end);
  try {
    const reply = replyOf(await evaluate(parts, script, args, send, until));
    time.learn(Number(reply[1]));
    // A client may have sent it twice over two connections, so only a success is sure to speak of both; and replicas
    // that were counted over another connection have confirmed nothing.
    if (before !== line.disturbances && (reply[0] !== "ok" || waitForReplicas > 0)) {
      throw new Error("the connection was lost meanwhile");
    }
    return reply[0] === "late" ? null : reply;
  } catch (error) {
    if (before === line.disturbances && didNotHappen(error)) throw toUnavailable(error, name);
    throw toIndeterminate(error, name);
  }
}

async function write(parts: Parts, script: Script, args: readonly string[]): Promise<readonly unknown[]> {
  const { line, time, connection, clock } = parts;
  const until = line.until();
  for (let tries = 0; tries < 3; tries += 1) {
    if (connection.state() !== "ready") await line.ready(until);
    const latest = time.surelyAfter(until - clock.monotonic());
    if (latest === null) {
      await learnTime(parts, until);
      continue;
    }
    const reply = await attempt(parts, script, [String(latest), ...args], until);
    if (reply !== null) return reply;
  }
  throw line.unavailable("the clock of the server jumped while a commit was on its way: try again");
}

export function createServer(options: ServerOptions): Server {
  const { connection, clock, keys } = options;
  const line = createLine({ ...options, key: keys[0] });
  const parts: Parts = { ...options, line, time: createServerTime(clock) };
  return {
    ready: () => line.ready(line.until()),
    async read(script, args) {
      const until = line.until();
      try {
        if (connection.state() !== "ready") await line.ready(until);
        const reply = (await evaluate(parts, script, args, line.send, until)) as Reply;
        parts.time.learn(Number(reply[0]));
        return reply;
      } catch (error) {
        throw readFailure(parts, error);
      }
    },
    write: (script, args) => write(parts, script, args),
    async ask(...args) {
      const until = line.until();
      if (connection.state() !== "ready") await line.ready(until);
      return line.send(args, until);
    },
    close: () => line.close(),
  };
}
