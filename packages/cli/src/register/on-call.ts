import { type Registrar, whole } from "./registrar.ts";

/** What a rollback asks for in any case is loaded while its store is being opened. */
const rollingBack = () => {
  import("@verdigris/release/on-call").catch(() => {});
  return import("../commands/rollback.ts");
};

/** The four that the on-call needs. */
export function addOnCall({ program, add, withAgent, withReason, asked }: Registrar): void {
  add(program, "status", "where the agent stands: route, way back, release, warnings")
    .option("--watch", "go on showing it")
    .option("--every <ms>", "how often", whole(100), 1_000)
    .action(
      withAgent(
        () => import("../commands/status.ts"),
        async ({ status }, session, command) => {
          const { watch = false, every } = command.opts<{ watch?: boolean; every: number }>();
          return status(session, { watch, everyMs: every });
        },
      ),
    );

  withReason(add(program, "rollback", "send new runs back to the stable bundle, now"))
    .option("--force", "though the way back is in doubt, or the bundle is not safe to roll back")
    .option("--wait <ms>", "how long to wait for every process to say so", whole(0), 6_000)
    .action(
      withAgent(
        rollingBack,
        async ({ rollback }, session, command) => {
          const { wait, ...said } = command.opts<{ reason?: string; force?: boolean; wait: number }>();
          return rollback(session, { ...said, waitMs: wait });
        },
        // An agent without a route is looked up then; one that has one is not kept waiting.
        true,
      ),
    );

  withReason(add(program, "hold", "stop every step forward; never a rollback")).action(
    withAgent(
      () => import("../commands/hold.ts"),
      async ({ hold }, session, command) =>
        hold(session, (await asked(session, command, "it is held")).reason),
    ),
  );

  add(program, "history", "what happened, verified")
    .option("--release <id>", "every step of one release")
    .option("--limit <n>", "how many moves", whole(1), 30)
    .action(
      withAgent(
        () => import("../commands/history.ts"),
        ({ history }, session, command) => history(session, command.opts()),
      ),
    );
}
