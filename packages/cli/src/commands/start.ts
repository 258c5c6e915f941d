import { createReleases } from "@verdigris/release";
import type { Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { planOf } from "./plan-of.ts";
import { type Asked, done } from "./release.ts";

/** What `release start` is told. */
export interface StartAsked extends Asked {
  readonly plan: string;
  readonly supersede?: boolean;
  readonly handOver?: string;
  readonly emergency?: boolean;
}

/** Starts a release, after saying what the plan cannot conclude in its time. */
export async function startRelease(session: Session, bundle: string, asked: StartAsked): Promise<number> {
  await using releases = createReleases({ agent: session.agent, store: session.store, actor: session.actor });
  const plan = await planOf(session, asked.plan);
  const forecast = await releases.explain(plan);
  const doubts = forecast.phases.filter(({ concludes }) => concludes === false);
  if (doubts.length > 0 && !session.json) {
    for (const { phase, text } of doubts)
      session.io.err.write(`${session.paint.yellow(`! ${phase}: ${text}`)}\n`);
  }
  const { supersede = false, handOver, emergency = false } = asked;
  if (supersede || emergency)
    await confirm(
      session.io,
      asked.yes,
      supersede
        ? "This takes over from a release that is not through."
        : "There may be no healthy bundle to go back to.",
    );
  const facts = { supersede, emergency, ...(handOver === undefined ? {} : { handOver }) };
  return done(session, await releases.start({ bundle, plan, reason: asked.reason, ...facts }));
}
