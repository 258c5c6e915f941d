import type { Command } from "commander";
import { percent, type Registrar, whole } from "./registrar.ts";

/** Moves of the route by hand. */
export function addRoute({ program, add, withAgent, withReason, asked }: Registrar): void {
  const route = add(program, "route", "move the route by hand, outside of any release");
  const move = (command: Command): Command =>
    withReason(command).option("--expect <generation>", "refuse if the route has moved since", whole(0));
  move(add(route, "flip <bundle>", "send new runs to a bundle"))
    .option("--supersede", "though live and stable differ")
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/route.ts")).flip(
          session,
          command.args[0] ?? "",
          await asked(session, command, "it is flipped"),
        ),
      ),
    );
  move(add(route, "stage <bundle>", "make a bundle the candidate"))
    .option("--supersede", "in place of another candidate")
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/route.ts")).stage(
          session,
          command.args[0] ?? "",
          await asked(session, command, "it is staged"),
        ),
      ),
    );
  move(
    route
      .command("canary")
      .description("send a share of keys to the candidate")
      .argument("<percent>", "0 to 100", percent),
  ).action(
    withAgent(async (session, command) =>
      (await import("../commands/route.ts")).canary(
        session,
        command.processedArgs[0] as number,
        await asked(session, command, "the share changes"),
      ),
    ),
  );
  move(add(route, "settle", "make the live bundle the one a rollback goes to")).action(
    withAgent(async (session, command) =>
      (await import("../commands/route.ts")).settle(session, await asked(session, command, "it is settled")),
    ),
  );
  move(add(route, "release-hold", "end a hold of the route")).action(
    withAgent(async (session, command) => {
      const { reason, expect } = (await asked(session, command, "the hold ends")) as {
        reason: string;
        expect?: number;
      };
      return (await import("../commands/hold.ts")).unhold(session, reason, expect);
    }),
  );
}

/** Drills: a rollback practised when nothing is wrong. */
export function addDrills({ program, add, withAgent, withReason, asked }: Registrar): void {
  withReason(add(program, "drill", "practise a rollback for real, and time it"))
    .option("--bundle <id>", "where to, instead of the rollback of the release in quarantine")
    .option("--percent <share>", "share of keys that takes part", percent, 100)
    .option("--drain <ms>", "how long to wait for the last run to leave", whole(0), 60_000)
    .action(
      withAgent(async (session, command) => {
        const { drain, ...options } = (await asked(session, command, "it is practised")) as {
          drain: number;
          percent: number;
          reason: string;
        };
        return (await import("../commands/drill.ts")).drill(session, { ...options, drainMs: drain });
      }),
    );
  add(program, "drills", "every drill").action(
    withAgent(async (session) => (await import("../commands/drill.ts")).drills(session)),
  );
}
