import { sdkVersion } from "@verdigris/contracts";
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { examples } from "./register/examples.ts";
import { addBundles, addGate } from "./register/files.ts";
import { addHousework, addLook } from "./register/look.ts";
import { addOnCall } from "./register/on-call.ts";
import { createRegistrar, type Ended } from "./register/registrar.ts";
import { addReleases } from "./register/releases.ts";
import { addDenyList, addDrills, addRoute } from "./register/route.ts";

/**
 * Builds the command line; `ended` gets the exit code of the command that ran. Code of a command is loaded when it runs.
 * With `json`, what the parser did not understand is left for the caller to say.
 */
export function createProgram(io: CliIo, ended: Ended, json: boolean): Command {
  const program = new Command("verdigris")
    .description("Blue-green releases of AI agents: where they stand, and the way back.")
    .version(sdkVersion)
    .option("--store <address>", "sqlite:path, postgres://… or redis://…  [env VERDIGRIS_STORE]")
    .option("--agent <name>", "the agent  [env VERDIGRIS_AGENT]")
    .option("--prefix <text>", "below which its records stand, in a shared store  [env VERDIGRIS_PREFIX]")
    .option("--config <file>", "instead of the nearest verdigris.config.mjs")
    .option("--actor <name>", "who acts, for the record")
    .option("--json", "data instead of text")
    .option("--yes", "confirm what would be asked")
    .addHelpText("after", examples.verdigris ?? "")
    .showHelpAfterError("(verdigris --help says more)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => (json ? undefined : io.err.write(text)),
    })
    .exitOverride();
  const registrar = createRegistrar(program, io, ended);
  program.commandsGroup("The on-call:");
  addOnCall(registrar);
  program.commandsGroup("Everything else:");
  const others = [addReleases, addRoute, addDenyList, addDrills, addBundles, addGate, addLook, addHousework];
  for (const register of others) register(registrar);
  program.helpCommand("help [command]", "what a command takes, with examples");
  return program;
}
