import type { MoveReceipt } from "verdigris";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { requireNotDenied } from "./deny.ts";

/** A move of the route by hand. */
export interface MoveAsked extends GlobalOptions {
  readonly reason: string;
  readonly expect?: number;
  readonly supersede?: boolean;
}

function notes({ unevidenced, unverified }: MoveReceipt): string[] {
  return [
    ...(unevidenced ? ["no evidence stands behind this move, and that is on record"] : []),
    ...(unverified
      ? ["no process keeps a record of itself, so nobody can say whether the bundle is served"]
      : []),
  ];
}

function report(session: Session, receipt: MoveReceipt, headline: string): number {
  const { propagated: _, ...facts } = receipt;
  session.print(facts, () =>
    [headline, ...notes(receipt).map((note) => session.paint.yellow(`! ${note}`))].join("\n"),
  );
  return exitCode.done;
}

/** Sends new runs to a bundle, outside of any release. */
export async function flip(session: Session, to: string, asked: MoveAsked): Promise<number> {
  const verdigris = await session.verdigris();
  const { generation, route } = await verdigris.status();
  if (route === null) throw new CliError("usage", `${session.agent} has no route yet`);
  await requireNotDenied(session, to);
  await confirm(session.io, asked.yes, `New runs go from ${route.live} to ${to}, by no plan and no gate.`);
  const { reason, expect = generation, supersede = false } = asked;
  const receipt = await verdigris.flip({ to, reason, expect, supersede });
  return report(session, receipt, `new runs go to ${to} (generation ${receipt.generation})`);
}

/** Sends a share of keys to the candidate; lowering it asks nothing. */
export async function canary(session: Session, percent: number, asked: MoveAsked): Promise<number> {
  const verdigris = await session.verdigris();
  const { generation, route } = await verdigris.status();
  if (route?.candidate == null)
    throw new CliError(
      "usage",
      `${session.agent} has no candidate on its route: stage one first, or start a release`,
    );
  const lower = percent <= (route.canary?.percent ?? 0);
  if (!lower) {
    await requireNotDenied(session, route.candidate);
    await confirm(session.io, asked.yes, `${percent} % of keys go to ${route.candidate}.`);
  }
  const { reason, expect } = asked;
  const receipt = await verdigris.setCanary({
    percent,
    reason,
    ...(lower && expect === undefined ? {} : { expect: expect ?? generation }),
  });
  return report(
    session,
    receipt,
    `${percent} % of keys go to ${route.candidate} (generation ${receipt.generation})`,
  );
}

/** Makes a bundle the candidate. */
export async function stage(session: Session, bundle: string, asked: MoveAsked): Promise<number> {
  const verdigris = await session.verdigris();
  const { generation } = await verdigris.status();
  const { reason, expect = generation, supersede = false } = asked;
  const receipt = await verdigris.stage({ bundle, reason, expect, supersede });
  return report(session, receipt, `${bundle} is the candidate (generation ${receipt.generation})`);
}

/** Makes the live bundle the one a rollback goes to. */
export async function settle(session: Session, asked: MoveAsked): Promise<number> {
  const verdigris = await session.verdigris();
  const { generation, route } = await verdigris.status();
  await confirm(
    session.io,
    asked.yes,
    `From now on a rollback goes to ${route?.live ?? "the live bundle"} itself.`,
  );
  const receipt = await verdigris.settle({ reason: asked.reason, expect: asked.expect ?? generation });
  return report(
    session,
    receipt,
    `${route?.live ?? "the live bundle"} is stable (generation ${receipt.generation})`,
  );
}
