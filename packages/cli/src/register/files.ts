import { Option } from "commander";
import type { Registrar } from "./registrar.ts";

const bundles = () => import("../commands/bundle.ts");

/** Bundles: made, checked, compared, registered. */
export function addBundles({ program, io, add, alone, withAgent, globals }: Registrar): void {
  const bundle = add(program, "bundle", "make, check and compare bundles");
  add(bundle, "create <sources> <file>", "gather a bundle from git, files, packages and MCP servers").action(
    alone(async (command) =>
      (await bundles()).createBundle(io, globals(command), command.args[0] ?? "", command.args[1] ?? ""),
    ),
  );
  add(bundle, "check <file>", "is it a bundle, and which")
    .option("--allow-dirty", "of a working tree with changes")
    .action(
      alone(async (command) =>
        (await bundles()).checkBundle(io, command.optsWithGlobals(), command.args[0] ?? ""),
      ),
    );
  add(bundle, "diff <a> <b>", "what changed, how to roll it out, what going back needs; files or ids").action(
    alone(async (command) =>
      (await bundles()).diff(io, globals(command), command.args[0] ?? "", command.args[1] ?? ""),
    ),
  );
  add(bundle, "show <id>", "a registered bundle").action(
    withAgent(bundles, ({ showBundle }, session, command) => showBundle(session, command.args[0] ?? "")),
  );
  add(bundle, "register <file>", "make a bundle known to every process")
    .option("--allow-dirty", "of a working tree with changes")
    .action(
      withAgent(
        bundles,
        ({ registerBundle }, session, command) =>
          registerBundle(session, command.args[0] ?? "", command.opts().allowDirty === true),
        true,
      ),
    );
}

/** The gate, over results of any runner. */
export function addGate({ program, io, add, alone }: Registrar): void {
  const gate = add(program, "gate", "judge results of any runner");
  add(gate, "run", "the verdict is the exit code")
    .requiredOption("--set <file>", "the eval set")
    .requiredOption("--policy <file>", "margins, floors, slices")
    .requiredOption("--candidate <file>", "results of the candidate, JSONL")
    .option("--baseline <file>", "results of the live bundle, JSONL")
    .option("--out <file>", "write the evidence")
    .action(
      alone(async (command) => (await import("../commands/gate.ts")).runGate(io, command.optsWithGlobals())),
    );
  add(gate, "report <evidence>", "evidence for people and for CI")
    .addOption(
      new Option("--format <form>", "how").choices(["markdown", "junit", "html"]).default("markdown"),
    )
    .option("--out <file>", "instead of the terminal")
    .action(
      alone(async (command) =>
        (await import("../commands/gate.ts")).reportGate(io, command.args[0] ?? "", command.opts()),
      ),
    );
}
