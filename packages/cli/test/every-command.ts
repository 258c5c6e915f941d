import type { Command } from "commander";
import { createProgram } from "../src/program.ts";

const io = {
  out: { write: () => undefined },
  err: { write: () => undefined },
  env: {},
  cwd: "/",
  now: () => 0,
  user: "ana",
  ask: null,
  signal: new AbortController().signal,
};

/** The parser, for looking at. */
export const program: Command = createProgram(io, { code: 0 }, false);

/** A command that does something. */
export interface Leaf {
  readonly path: readonly string[];
  readonly command: Command;
}

function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  const below = command.commands.flatMap((child) => leavesOf(child, [...path, child.name()]));
  // A group without an argument of its own only holds others.
  const own = path.length > 0 && (below.length === 0 || command.registeredArguments.length > 0);
  return own ? [{ path, command }, ...below] : below;
}

/** Every command that does something. */
export const leaves: readonly Leaf[] = leavesOf(program).filter(({ path }) => path[0] !== "help");
