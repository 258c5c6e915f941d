import { isVerdigrisError } from "@verdigris/contracts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";

/** Stops every step forward: of the release under way where there is one, of the route in any case. */
export async function hold(session: Session, reason: string): Promise<number> {
  const onCall = await session.onCall();
  try {
    const { id, bundle, phase } = await onCall.hold({ reason });
    session.print({ held: "release", release: id, phase, reason }, () =>
      [
        `the release of ${bundle.id} is held in ${phase}: ${reason}`,
        session.paint.dim("a rollback stays open; verdigris release resume goes on"),
      ].join("\n"),
    );
  } catch (error) {
    const idle =
      isVerdigrisError(error) && (error.code === "release-unknown" || error.code === "release-refused");
    if (!idle) throw error;
    const verdigris = await session.verdigris();
    const { generation } = await verdigris.hold({ reason });
    session.print({ held: "route", generation, reason }, () =>
      [
        `the route is held (no release is under way): ${reason}`,
        session.paint.dim("a rollback stays open; verdigris route release-hold ends it"),
      ].join("\n"),
    );
  }
  return exitCode.done;
}

/** Ends a hold of the route. */
export async function unhold(session: Session, reason: string, expect: number | undefined): Promise<number> {
  const verdigris = await session.verdigris();
  const generation = expect ?? (await verdigris.status()).generation;
  const receipt = await verdigris.release({ reason, expect: generation });
  session.print(
    { generation: receipt.generation, reason },
    () => `the route may move again (generation ${receipt.generation})`,
  );
  return exitCode.done;
}
