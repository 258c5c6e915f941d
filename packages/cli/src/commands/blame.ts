import type { BlameLine } from "verdigris";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { facts, table } from "../terminal/table.ts";
import { moment } from "../terminal/time.ts";
import { since } from "./look.ts";

function percentText(share: number | null): string {
  return share === null ? "-" : `${(share * 100).toFixed(1)} %`;
}

function msText(ms: number | null): string {
  return ms === null ? "-" : `${Math.round(ms)} ms`;
}

function row({ bundle, registeredAt, runs, errorRate, p95Ms, scores, costs }: BlameLine): string[] {
  const passRates = Object.entries(scores).map(([name, { passRate }]) => `${name} ${percentText(passRate)}`);
  // Exact in the data; a person compares by the first digits.
  const shown = (cost: unknown): string =>
    cost === null ? "-" : String(Number(Number(cost).toPrecision(4)));
  const perRun = costs.map(({ perCompletedRun, currency }) => `${shown(perCompletedRun)} ${currency}`);
  return [
    bundle,
    registeredAt === null ? "-" : moment(registeredAt),
    String(runs),
    percentText(errorRate),
    msText(p95Ms),
    perRun.join(", ") || "-",
    passRates.join(", "),
  ];
}

/** What changed in a bundle, under its name, in the order bundles were registered. */
function changesOf({ bundle, before, changes }: BlameLine): string[] {
  if (before === null) return [];
  const pieces = changes.map(({ kind, piece, entry }): [string, string] => [kind, `${piece}.${entry}`]);
  const listed = pieces.length === 0 ? "nothing that can be compared" : facts(pieces, (text) => text);
  return [`${bundle} against ${before}\n${listed.replace(/^/gm, "  ")}`];
}

/** Which change did it: every bundle with runs in a stretch of time, its figures, and what changed in it. */
export async function blame(
  session: Session,
  { from, to }: { readonly from: string; readonly to?: string },
): Promise<number> {
  const verdigris = await session.verdigris();
  const now = (await session.store.get([])).at;
  const lines = await verdigris.blame({
    from: since(from, now),
    to: to === undefined ? now + 1 : since(to, now),
  });
  session.print(lines, () => {
    const { dim } = session.paint;
    const header = ["bundle", "registered", "runs", "errors", "p95", "per completed run", "pass rates"];
    return [table(header, lines.map(row), dim), ...lines.flatMap(changesOf)].join("\n\n");
  });
  return exitCode.done;
}
