import type { Command } from "commander";
import { type Registrar, whole } from "./registrar.ts";

/** A release, from its start to its end. */
export function addReleases({ program, add, withAgent, withReason, asked }: Registrar): void {
  const release = add(program, "release", "start a release and see it through");
  const of = (command: Command): Command =>
    withReason(command).option("--release <id>", "instead of the one under way");
  of(add(release, "start <bundle>", "start a release of a registered bundle"))
    .requiredOption("--plan <name>", "a plan of the config, or a file")
    .option("--supersede", "take over from a release that is not through")
    .option("--hand-over <why>", "settle the one in quarantine though its signals are still watching")
    .option("--emergency", "though there may be no healthy bundle to go back to")
    .action(
      withAgent(async (session, command) => {
        const options = await asked(session, command, "it is released");
        return (await import("../commands/release.ts")).startRelease(
          session,
          command.args[0] ?? "",
          options as never,
        );
      }),
    );
  add(release, "show [release]", "phases, gates, evidence, what it waits for").action(
    withAgent(async (session, command) =>
      (await import("../commands/release.ts")).showRelease(session, command.args[0]),
    ),
  );
  add(release, "list", "every release").action(
    withAgent(async (session) => (await import("../commands/release.ts")).listReleases(session)),
  );
  of(add(release, "approve", "say yes to this bundle on this evidence"))
    .option("--evidence <digest>", "as release show says it")
    .action(
      withAgent(async (session, command) =>
        (await import("../commands/release.ts")).approve(
          session,
          await asked(session, command, "it is approved"),
        ),
      ),
    );
  of(add(release, "resume", "end a hold of the release")).action(
    withAgent(async (session, command) =>
      (await import("../commands/release.ts")).resumeRelease(
        session,
        await asked(session, command, "it goes on"),
      ),
    ),
  );
  of(add(release, "abort", "end a release before its switch")).action(
    withAgent(async (session, command) =>
      (await import("../commands/release.ts")).abortRelease(
        session,
        await asked(session, command, "it is ended"),
      ),
    ),
  );
  of(add(release, "retry", "ask again what did not pass")).action(
    withAgent(async (session, command) =>
      (await import("../commands/release.ts")).retryRelease(
        session,
        await asked(session, command, "it is tried again"),
      ),
    ),
  );
  of(add(release, "skip <gate>", "pass over a gate, on record")).action(
    withAgent(async (session, command) =>
      (await import("../commands/release.ts")).skipGate(
        session,
        command.args[0] ?? "",
        await asked(session, command, "it is passed over"),
      ),
    ),
  );
  add(release, "wait <phase>", "until the release has reached a phase, or ended")
    .option("--release <id>", "instead of the one under way")
    .option("--every <ms>", "how often to look", whole(10), 1_000)
    .action(
      withAgent(async (session, command) => {
        const { every, ...rest } = command.opts<{ every: number; release?: string }>();
        return (await import("../commands/release.ts")).waitForRelease(session, command.args[0] ?? "", {
          ...rest,
          everyMs: every,
        });
      }),
    );
}
