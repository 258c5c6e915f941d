#!/usr/bin/env node
import { userInfo } from "node:os";
import { processIo } from "./io.ts";
import { runCli } from "./run-cli.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  // The second one does what it always does.
  process.once(name, () => stop.abort(new Error(name)));
}
process.exitCode = await runCli(process.argv.slice(2), processIo(userName(), stop.signal));

/** A container may know no user by its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unidentified";
  }
}
