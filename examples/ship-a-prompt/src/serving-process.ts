import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What the serving process is asked. */
export type Request =
  | { readonly op: "ask"; readonly bundle?: string }
  | { readonly op: "begin" }
  | { readonly op: "end"; readonly run: string };

/** An answer, with the prompt it was made from. */
export interface Answered {
  readonly run: string;
  readonly bundle: string;
  readonly system: string;
}

/** Codes of the error and of what was underneath. */
export interface Refused {
  readonly refused: string;
  readonly cause: string | null;
}

/** What the serving process says. */
export type Reply = Answered | Refused;

/** The serving process, as the first one sees it. One request at a time. */
export interface ServingProcess {
  readonly pid: number;
  request(request: Request): Promise<Reply>;
  /** The answer to a request; throws when it was refused. */
  answer(request: Request): Promise<Answered>;
  /** Lets it close by itself; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts `serve.js`; resolves once it is ready. It is ended when `signal` aborts. */
export async function startServing(args: readonly string[], signal: AbortSignal): Promise<ServingProcess> {
  const file = fileURLToPath(new URL("./serve.js", import.meta.url));
  const child: ChildProcess = fork(file, args, { signal });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const died = ended.then((code) => Promise.reject(new Error(`the serving process ended with code ${code}`)));
  // Whoever waits for a message hears of it.
  died.catch(() => {});
  const next = async (): Promise<unknown> => (await Promise.race([once(child, "message"), died]))[0];

  await next();
  const request = async (asked: Request): Promise<Reply> => {
    const reply = next();
    child.send(asked);
    return (await reply) as Reply;
  };
  return {
    pid: child.pid ?? 0,
    request,
    async answer(asked) {
      const reply = await request(asked);
      if ("refused" in reply) throw new Error(`refused with ${reply.refused}, because of ${reply.cause}`);
      return reply;
    },
    stop() {
      child.disconnect();
      return ended;
    },
  };
}
