import { type Registrar, whole } from "./registrar.ts";

/** The four that the on-call needs. */
export function addOnCall({ program, add, withAgent, withReason, asked }: Registrar): void {
  add(program, "status", "where the agent stands: route, way back, release, warnings")
    .option("--watch", "go on showing it")
    .option("--every <ms>", "how often", whole(100), 1_000)
    .action(
      withAgent(async (session, command) => {
        const { watch = false, every } = command.opts<{ watch?: boolean; every: number }>();
        return (await import("../commands/status.ts")).status(session, { watch, everyMs: every });
      }),
    );

  withReason(add(program, "rollback", "send new runs back to the stable bundle, now"))
    .option("--force", "though the way back is in doubt, or the bundle is not safe to roll back")
    .option("--wait <ms>", "how long to wait for every process to say so", whole(0), 6_000)
    .action(
      withAgent(async (session, command) => {
        const { reason, force, wait } = command.opts<{ reason?: string; force?: boolean; wait: number }>();
        const more = {
          ...(reason === undefined ? {} : { reason }),
          ...(force === undefined ? {} : { force }),
        };
        return (await import("../commands/rollback.ts")).rollback(session, { ...more, waitMs: wait });
      }),
    );

  withReason(add(program, "hold", "stop every step forward; never a rollback")).action(
    withAgent(async (session, command) => {
      const { reason } = await asked(session, command, "it is held");
      return (await import("../commands/hold.ts")).hold(session, reason);
    }),
  );

  add(program, "history", "what happened, verified")
    .option("--release <id>", "every step of one release")
    .option("--limit <n>", "how many moves", whole(1), 30)
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/history.ts")).history(session, command.opts()),
      ),
    );
}
