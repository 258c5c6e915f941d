import { type Command, InvalidArgumentError } from "commander";
import type { CliIo } from "../io.ts";
import { type GlobalOptions, type Session, withSession } from "../open/session.ts";
import { reasonFor } from "../terminal/confirm.ts";
import { examples } from "./examples.ts";

/** What a command ended with. */
export interface Ended {
  code: number;
}

type Action = (...args: unknown[]) => Promise<void>;

/** What commands are added with. */
export interface Registrar {
  readonly program: Command;
  readonly io: CliIo;
  /** Adds a command, with its examples where there are some. */
  add(parent: Command, spec: string, summary: string): Command;
  /**
   * A command that needs the agent: opened before it, closed after it. Its code is loaded meanwhile. `mayBeNew`: it may be the
   * first to write anything under the agent's name.
   */
  withAgent<M>(
    load: () => Promise<M>,
    work: (code: M, session: Session, command: Command) => Promise<number>,
    mayBeNew?: boolean,
  ): Action;
  /** A command that needs files only. */
  alone(work: (command: Command) => Promise<number>): Action;
  withReason(command: Command): Command;
  globals(command: Command): GlobalOptions;
  /** The options with a reason, asked for where it is missing. */
  asked<T = GlobalOptions>(
    session: Session,
    command: Command,
    what: string,
  ): Promise<T & { readonly reason: string }>;
}

/** Ties commands to the terminal and to the exit code. */
export function createRegistrar(program: Command, io: CliIo, ended: Ended): Registrar {
  const globals = (command: Command): GlobalOptions => command.optsWithGlobals<GlobalOptions>();
  return {
    program,
    io,
    globals,
    add(parent, spec, summary) {
      const command = parent.command(spec).description(summary);
      const path = parent === program ? command.name() : `${parent.name()} ${command.name()}`;
      const example = examples[path];
      if (example !== undefined) command.addHelpText("after", `\nExamples:${example}`);
      return command;
    },
    withAgent:
      (load, work, mayBeNew) =>
      async (...args) => {
        const command = args.at(-1) as Command;
        const loading = load();
        // What is wrong with the store is said first.
        loading.catch(() => {});
        const run = async (session: Session) => work(await loading, session, command);
        ended.code = await withSession(io, globals(command), run, mayBeNew);
      },
    alone:
      (work) =>
      async (...args) => {
        ended.code = await work(args.at(-1) as Command);
      },
    withReason: (command) => command.option("--reason <text>", "why; goes on record"),
    async asked<T>(session: Session, command: Command, what: string) {
      const options = command.optsWithGlobals<T & { readonly reason?: string }>();
      return { ...options, reason: await reasonFor(session.io, options.reason, what) };
    },
  };
}

/** Reads a whole number from `lowest` on. */
export function whole(lowest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= lowest) return value;
    throw new InvalidArgumentError(`must be a whole number from ${lowest} on`);
  };
}

/** Reads a share in percent. */
export function percent(text: string): number {
  const value = Number(text);
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError("must be a number from 0 to 100");
}
