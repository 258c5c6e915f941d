import { checkPieces, type PieceCheck, type PieceFingerprints } from "@verdigris/bundle";
import { type BundleId, InvalidArgumentError } from "@verdigris/contracts";
import type { Parts } from "./parts.ts";

/** How this process looks at its pieces, and how often. */
export interface PieceOptions extends PieceFingerprints {
  /** Between two looks at every bundle that stands here; "never" leaves the one after a load. @default 300000 */
  readonly everyMs?: number | "never";
  /** How long one function may take. @default 30000 */
  readonly lateMs?: number;
}

/** Looks at pieces as they are now. */
export interface PieceWatch {
  /** Looks at one bundle, or at all that stand in this process; drift is told as `piece-drift` too. */
  checkPieces(bundle?: BundleId): Promise<readonly PieceCheck[]>;
  /** Stops looking. */
  stop(): void;
}

const shortestMs = 1_000;
const longestMs = 86_400_000;

function checkOptions({ everyMs = 300_000, lateMs = 30_000 }: PieceOptions): {
  readonly everyMs: number | "never";
  readonly lateMs: number;
} {
  if (everyMs !== "never" && !(everyMs >= shortestMs && everyMs <= longestMs))
    throw new InvalidArgumentError(
      "pieces.everyMs",
      `must be "never" or ${shortestMs} to ${longestMs}, got ${everyMs}`,
    );
  if (!(lateMs >= 1 && lateMs <= longestMs))
    throw new InvalidArgumentError("pieces.lateMs", `must be 1 to ${longestMs}, got ${lateMs}`);
  return { everyMs, lateMs };
}

/** Looks at the pieces of a bundle when it is loaded and from time to time, and tells of what has drifted. */
export function watchPieces<P>({ options, events, registry, clock }: Parts<P>): PieceWatch {
  const pieces = options.pieces ?? {};
  const { everyMs, lateMs } = checkOptions(pieces);
  const standing = new Set<BundleId>();
  /** What was told last of an entry: the same drift is told once. */
  const told = new Map<string, string>();
  let cancel = (): void => {};
  let stopped = false;

  const tell = ({ bundle, drift, failed }: PieceCheck): void => {
    const drifted = new Set(drift.map(({ piece, entry }) => `${bundle}/${piece}/${entry}`));
    for (const name of told.keys())
      if (name.startsWith(`${bundle}/`) && !drifted.has(name)) told.delete(name);
    for (const item of drift) {
      const name = `${bundle}/${item.piece}/${item.entry}`;
      if (told.get(name) === item.found) continue;
      told.set(name, item.found);
      events.emit("piece-drift", { bundle, ...item });
    }
    for (const item of failed) events.emit("piece-check-failed", { bundle, ...item });
  };
  const look = async (id: BundleId): Promise<PieceCheck> => {
    const check = await checkPieces(await registry.get(id), pieces, { lateMs, setTimer: clock.setTimer });
    if (!stopped) tell(check);
    return check;
  };
  const lookAtAll = async (): Promise<readonly PieceCheck[]> => Promise.all([...standing].map(look));
  const arm = (): void => {
    if (everyMs === "never" || stopped) return;
    cancel = clock.setTimer(() => {
      lookAtAll().then(arm, arm);
    }, everyMs);
  };
  const asked = pieces.prompt !== undefined || pieces.index !== undefined || pieces.tool !== undefined;
  const stops = [
    events.on("pipeline-loaded", ({ bundle }) => {
      standing.add(bundle);
      // A load is not held up by it, and a bundle nobody can read now is looked at again later.
      if (asked) look(bundle).catch(() => {});
    }),
    events.on("pipeline-unloaded", ({ bundle }) => void standing.delete(bundle)),
  ];
  if (asked) arm();
  return {
    checkPieces: async (bundle) => (bundle === undefined ? lookAtAll() : [await look(bundle)]),
    stop() {
      stopped = true;
      cancel();
      for (const stop of stops) stop();
    },
  };
}
