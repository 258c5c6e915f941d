import { VerdigrisError } from "@verdigris/contracts";
import type { DeniedBundle } from "@verdigris/release/on-call";
import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { table } from "../terminal/table.ts";
import { moment } from "../terminal/time.ts";

/** Who asks for it, and why. */
interface DenyAsked extends GlobalOptions {
  readonly reason: string;
}

function whyDenied({ by, why, at }: DeniedBundle): string {
  return `denied by ${by.id} at ${moment(at)}: ${why}`;
}

async function deniedBundles(session: Session): Promise<ReadonlyMap<string, DeniedBundle>> {
  const list = await (await session.onCall()).denied();
  return new Map(list.map((denied) => [denied.bundle.id, denied]));
}

/** Rejects with `bundle-denied` for a bundle on the list. */
export async function requireNotDenied(session: Session, bundle: string): Promise<void> {
  const denied = (await deniedBundles(session)).get(bundle);
  if (denied === undefined) return;
  const { agent } = session;
  const message = `${bundle} was ${whyDenied(denied)}; verdigris lift ${bundle} lets it go live again`;
  throw new VerdigrisError("bundle-denied", message, { agent, bundle, by: denied.by, why: denied.why });
}

/**
 * Puts a bundle on the deny list: until somebody lifts it no release takes it live, and no flip or canary of this command line. Moves
 * no run.
 */
export async function deny(session: Session, bundle: string, { reason, yes }: DenyAsked): Promise<number> {
  const before = (await deniedBundles(session)).get(bundle);
  if (before !== undefined) {
    session.print({ denied: before, added: false }, () => `${bundle} was on the list: ${whyDenied(before)}`);
    return exitCode.done;
  }
  await confirm(session.io, yes, `${bundle} is not to go live until somebody lifts it.`);
  const onCall = await session.onCall();
  await onCall.deny(bundle, { reason });
  const [denied, { route }] = await Promise.all([deniedBundles(session), onCall.status()]);
  session.print({ denied: denied.get(bundle) ?? null, added: true }, () => {
    const still =
      route?.live === bundle
        ? session.paint.yellow("\n! new runs still go to it: verdigris rollback sends them back")
        : "";
    return `${bundle} is denied: ${reason}${still}`;
  });
  return exitCode.done;
}

/** Takes a bundle off the deny list. */
export async function lift(session: Session, bundle: string, { reason, yes }: DenyAsked): Promise<number> {
  const before = (await deniedBundles(session)).get(bundle);
  if (before !== undefined)
    await confirm(session.io, yes, `${bundle}, ${whyDenied(before)}, may go live again.`);
  const lifted = await (await session.onCall()).lift(bundle, { reason });
  session.print({ bundle, lifted, was: before ?? null }, () =>
    lifted ? `${bundle} may go live again: ${reason}` : `${bundle} was not on the deny list`,
  );
  return exitCode.done;
}

/** Whether bundles may go live, for deploy pipelines. Exit code 1 where one may not. */
export async function checkDenied(session: Session, bundles: readonly string[]): Promise<number> {
  const list = await deniedBundles(session);
  const found = bundles.map((bundle) => ({ bundle, denied: list.get(bundle) ?? null }));
  session.print({ ok: found.every(({ denied }) => denied === null), bundles: found }, () =>
    found
      .map(({ bundle, denied }) =>
        denied === null ? `${bundle} is not denied` : session.paint.red(`${bundle} was ${whyDenied(denied)}`),
      )
      .join("\n"),
  );
  return found.some(({ denied }) => denied !== null) ? exitCode.no : exitCode.done;
}

/** Every denied bundle. */
export async function listDenied(session: Session): Promise<number> {
  const list = [...(await deniedBundles(session)).values()].sort((a, b) => b.at - a.at);
  session.print(list, () => {
    const rows = list.map(({ bundle, by, why, at }) => [bundle.id, moment(at), by.id, why]);
    return table(["bundle", "since", "by", "why"], rows, session.paint.dim);
  });
  return exitCode.done;
}
