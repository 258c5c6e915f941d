import { Option } from "commander";
import { type Registrar, whole } from "./registrar.ts";

const look = () => import("../commands/look.ts");

/** What looks at runs, processes and figures. */
export function addLook({ program, add, withAgent }: Registrar): void {
  add(program, "runs", "unfinished runs")
    .option("--bundle <id>", "of one bundle")
    .option("--limit <n>", "how many", whole(1), 50)
    .action(withAgent(look, ({ runs }, session, command) => runs(session, command.opts())));
  add(program, "drain <bundle>", "wait until no run is left on a bundle")
    .option("--wait <ms>", "how long at most", whole(0), 86_400_000)
    .option("--every <ms>", "how often to look", whole(100), 1_000)
    .action(
      withAgent(
        () => import("../commands/drain.ts"),
        ({ drain }, session, command) => {
          const { wait, every } = command.opts<{ wait: number; every: number }>();
          return drain(session, command.args[0] ?? "", { waitMs: wait, everyMs: every });
        },
      ),
    );
  add(program, "nodes", "every process on record").action(
    withAgent(look, ({ nodes }, session) => nodes(session)),
  );
  add(program, "costs", "what model calls cost")
    .option("--from <when>", "30m, 12h, 7d or a date", "7d")
    .option("--to <when>", "the same")
    .addOption(
      new Option("--by <what>", "split by").choices(["bundle", "model", "day", "label"]).default("bundle"),
    )
    .option("--label <name>", "which label, with --by label")
    .action(withAgent(look, ({ costs }, session, command) => costs(session, command.opts())));
  add(program, "blame", "which change did it: figures of each bundle, and what changed in it")
    .option("--from <when>", "30m, 12h, 7d or a date", "7d")
    .option("--to <when>", "the same")
    .action(
      withAgent(
        () => import("../commands/blame.ts"),
        ({ blame }, session, command) => blame(session, command.opts()),
      ),
    );
  add(program, "doctor", "store, clocks, versions, fleet, audit, way back").action(
    withAgent(
      () => import("../commands/doctor/doctor.ts"),
      ({ doctor }, session) => doctor(session),
    ),
  );
}

/** What drives, and what begins. */
export function addHousework({ program, io, add, alone, withAgent, globals }: Registrar): void {
  add(program, "controller", "drive releases until stopped")
    .option("--tick <ms>", "how often to look", whole(100), 30_000)
    .action(
      withAgent(
        () => import("../commands/controller.ts"),
        ({ controller }, session, command) =>
          controller(session, { tickMs: command.opts<{ tick: number }>().tick }),
        true,
      ),
    );
  add(program, "init", "write a config, a bundle, a plan and an eval set to begin with").action(
    alone(async (command) => (await import("../commands/init.ts")).init(io, globals(command))),
  );
}
