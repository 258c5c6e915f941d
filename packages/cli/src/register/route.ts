import type { Command } from "commander";
import { percent, type Registrar, whole } from "./registrar.ts";

const moves = () => import("../commands/route.ts");
const drilling = () => import("../commands/drill.ts");

/** Moves of the route by hand. */
export function addRoute({ program, add, withAgent, withReason, asked }: Registrar): void {
  const route = add(program, "route", "move the route by hand, outside of any release");
  const move = (command: Command): Command =>
    withReason(command).option("--expect <generation>", "refuse if the route has moved since", whole(0));
  move(add(route, "flip <bundle>", "send new runs to a bundle"))
    .option("--supersede", "though live and stable differ")
    .action(
      withAgent(moves, async ({ flip }, session, command) =>
        flip(session, command.args[0] ?? "", await asked(session, command, "it is flipped")),
      ),
    );
  move(add(route, "stage <bundle>", "make a bundle the candidate"))
    .option("--supersede", "in place of another candidate")
    .action(
      withAgent(moves, async ({ stage }, session, command) =>
        stage(session, command.args[0] ?? "", await asked(session, command, "it is staged")),
      ),
    );
  move(
    add(route, "canary", "send a share of keys to the candidate").argument("<percent>", "0 to 100", percent),
  ).action(
    withAgent(moves, async ({ canary }, session, command) =>
      canary(session, command.processedArgs[0] as number, await asked(session, command, "the share changes")),
    ),
  );
  move(add(route, "settle", "make the live bundle the one a rollback goes to")).action(
    withAgent(moves, async ({ settle }, session, command) =>
      settle(session, await asked(session, command, "it is settled")),
    ),
  );
  move(add(route, "release-hold", "end a hold of the route")).action(
    withAgent(
      () => import("../commands/hold.ts"),
      async ({ unhold }, session, command) => {
        const { reason, expect } = await asked<{ expect?: number }>(session, command, "the hold ends");
        return unhold(session, reason, expect);
      },
    ),
  );
}

/** The deny list: bundles that must not go live. */
export function addDenyList({ program, add, withAgent, withReason, asked }: Registrar): void {
  const list = () => import("../commands/deny.ts");
  const deny = withReason(add(program, "deny", "bundles that must not go live: put one on the list"))
    .argument("<bundle>")
    .action(
      withAgent(list, async (commands, session, command) =>
        commands.deny(session, command.args[0] ?? "", await asked(session, command, "it is denied")),
      ),
    );
  add(
    deny,
    "check <bundles...>",
    "may they go live? for deploy pipelines: the exit code is the answer",
  ).action(withAgent(list, (commands, session, command) => commands.checkDenied(session, command.args)));
  add(deny, "list", "every denied bundle, by whom and why").action(
    withAgent(list, (commands, session) => commands.listDenied(session)),
  );
  withReason(add(program, "lift <bundle>", "take a bundle off the deny list")).action(
    withAgent(list, async (commands, session, command) =>
      commands.lift(session, command.args[0] ?? "", await asked(session, command, "it is lifted")),
    ),
  );
}

/** Drills: a rollback practised when nothing is wrong. */
export function addDrills({ program, add, withAgent, withReason, asked }: Registrar): void {
  withReason(add(program, "drill", "practise a rollback for real, and time it"))
    .option("--bundle <id>", "where to, instead of the rollback of the release in quarantine")
    .option("--percent <share>", "share of keys that takes part", percent, 100)
    .option("--drain <ms>", "how long to wait for the last run to leave", whole(0), 60_000)
    .option("--recover", "end a drill whose process died: new runs go to the stable bundle")
    .action(
      withAgent(drilling, async ({ drill, recover }, session, command) => {
        const said = await asked<{ drain: number; percent: number; recover?: boolean }>(
          session,
          command,
          "it is practised",
        );
        return said.recover === true
          ? recover(session, said.reason)
          : drill(session, { ...said, drainMs: said.drain });
      }),
    );
  add(program, "drills", "every drill").action(withAgent(drilling, ({ drills }, session) => drills(session)));
}
