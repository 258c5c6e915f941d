import type { ReleaseOutcome, ReleasePhase } from "@verdigris/contracts";
import { Argument, type Command } from "commander";
import type { Asked } from "../commands/release.ts";
import type { StartAsked } from "../commands/start.ts";
import type { Session } from "../open/session.ts";
import { type Registrar, whole } from "./registrar.ts";

const releaseOption = ["--release <id>", "instead of the one under way"] as const;

/** Every name once; the compiler says when one is missing. */
const waitable = Object.keys({
  built: 0,
  smoke: 0,
  evals: 0,
  shadow: 0,
  canary: 0,
  switched: 0,
  draining: 0,
  quarantine: 0,
  recycled: 0,
  completed: 0,
  halted: 0,
  "rolled-back": 0,
  superseded: 0,
  "handed-over": 0,
} satisfies Record<ReleasePhase | ReleaseOutcome, 0>);

/** Loads the code of a release's commands when one of them runs. */
const commands = () => import("../commands/release.ts");
type Commands = Awaited<ReturnType<typeof commands>>;

/** A release, from its start to its end. */
export function addReleases(registrar: Registrar): void {
  const { program, add, withAgent, withReason, asked } = registrar;
  const release = add(program, "release", "start a release and see it through");
  withReason(add(release, "start <bundle>", "start a release of a registered bundle"))
    .requiredOption("--plan <name>", "a plan of the config, or a file")
    .option("--supersede", "take over from a release that is not through")
    .option("--hand-over <why>", "settle the one in quarantine though its signals are still watching")
    .option("--emergency", "though there may be no healthy bundle to go back to")
    .action(
      withAgent(
        () => import("../commands/start.ts"),
        async ({ startRelease }, session, command) =>
          startRelease(
            session,
            command.args[0] ?? "",
            await asked<StartAsked>(session, command, "it is released"),
          ),
      ),
    );
  add(release, "show [release]", "phases, gates, evidence, what it waits for").action(
    withAgent(commands, ({ showRelease }, session, command) => showRelease(session, command.args[0])),
  );
  add(release, "list", "every release").action(
    withAgent(commands, ({ listReleases }, session) => listReleases(session)),
  );
  addVerbs(registrar, release);
  add(release, "wait", "until the release has reached a phase, or ended")
    .addArgument(new Argument("<phase>", "a phase, or how it ends").choices(waitable))
    .option(...releaseOption)
    .option("--every <ms>", "how often to look", whole(10), 1_000)
    .action(
      withAgent(
        () => import("../commands/wait.ts"),
        ({ waitForRelease }, session, command) => {
          const { every, ...rest } = command.opts<{ every: number; release?: string }>();
          return waitForRelease(session, command.args[0] ?? "", { ...rest, everyMs: every });
        },
      ),
    );
}

/** What a person says to a release under way. */
function addVerbs({ add, withAgent, withReason, asked }: Registrar, release: Command): void {
  const verb = (
    spec: string,
    summary: string,
    what: string,
    run: (code: Commands, session: Session, options: Asked, argument: string) => Promise<number>,
  ): Command =>
    withReason(add(release, spec, summary))
      .option(...releaseOption)
      .action(
        withAgent(commands, async (code, session, command) =>
          run(code, session, await asked<Asked>(session, command, what), command.args[0] ?? ""),
        ),
      );
  verb("approve", "say yes to this bundle on this evidence", "it is approved", (code, session, options) =>
    code.approve(session, options),
  ).option("--evidence <digest>", "as release show says it");
  verb("resume", "end a hold of the release", "it goes on", (code, session, options) =>
    code.resumeRelease(session, options),
  );
  verb("abort", "end a release before its switch", "it is ended", (code, session, options) =>
    code.abortRelease(session, options),
  );
  verb("retry", "ask again what did not pass", "it is tried again", (code, session, options) =>
    code.retryRelease(session, options),
  );
  verb("skip <gate>", "pass over a gate, on record", "it is passed over", (code, session, options, gate) =>
    code.skipGate(session, gate, options),
  );
}
