import { Option } from "commander";
import { type Registrar, whole } from "./registrar.ts";

/** What looks, drives and begins. */
export function addLook({ program, io, add, alone, withAgent, globals }: Registrar): void {
  add(program, "runs", "unfinished runs")
    .option("--bundle <id>", "of one bundle")
    .option("--limit <n>", "how many", whole(1), 50)
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/look.ts")).runs(session, command.opts()),
      ),
    );
  add(program, "nodes", "every process on record").action(
    withAgent(async (session) => (await import("../commands/look.ts")).nodes(session)),
  );
  add(program, "costs", "what model calls cost")
    .option("--from <when>", "30m, 12h, 7d or a date", "7d")
    .option("--to <when>", "the same")
    .addOption(
      new Option("--by <what>", "split by").choices(["bundle", "model", "day", "label"]).default("bundle"),
    )
    .option("--label <name>", "which label, with --by label")
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/look.ts")).costs(session, command.opts()),
      ),
    );
  add(program, "blame", "which change did it: figures of each bundle, and what changed in it")
    .option("--from <when>", "30m, 12h, 7d or a date", "7d")
    .option("--to <when>", "the same")
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/blame.ts")).blame(session, command.opts()),
      ),
    );
  add(program, "doctor", "store, clocks, fleet, audit, way back").action(
    withAgent(async (session) => (await import("../commands/doctor.ts")).doctor(session)),
  );
  add(program, "controller", "drive releases until stopped")
    .option("--tick <ms>", "how often to look", whole(100), 30_000)
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/controller.ts")).controller(session, {
          tickMs: command.opts<{ tick: number }>().tick,
        }),
      ),
    );
  add(program, "init", "write a config, a bundle, a plan and an eval set to begin with").action(
    alone(async (command) => (await import("../commands/init.ts")).init(io, globals(command))),
  );
}
