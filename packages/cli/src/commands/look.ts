import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { table } from "../terminal/table.ts";
import { ago, until } from "../terminal/time.ts";

/** Unfinished runs, soonest deadline first. */
export async function runs(
  session: Session,
  { bundle, limit }: { readonly bundle?: string; readonly limit: number },
): Promise<number> {
  const verdigris = await session.verdigris();
  const { bundles, at } = await verdigris.status();
  const wanted = bundle === undefined ? bundles.map((line) => line.bundle) : [bundle];
  const pages = await Promise.all(
    wanted.map((id) => verdigris.inFlight({ bundle: id, limit: Math.min(limit, 1_000) })),
  );
  const found = pages
    .flatMap((page) => page.runs)
    .sort((a, b) => a.deadline - b.deadline)
    .slice(0, limit);
  const more = pages.some(({ next }) => next !== null);
  session.print({ runs: found, more }, () => {
    const now = at ?? 0;
    const rows = found.map((run) => [
      run.run,
      run.bundle,
      run.class,
      run.key,
      ago(run.accepted, now),
      until(run.deadline, now),
      run.unplaced ? "waits for a process" : "",
    ]);
    const tail = more ? `\n${session.paint.dim("there are more: --limit, --bundle")}` : "";
    return `${table(["run", "bundle", "class", "key", "accepted", "ends", ""], rows, session.paint.dim)}${tail}`;
  });
  return exitCode.done;
}

/** Every process on record: what it serves, which generation it has applied, how it hears. */
export async function nodes(session: Session): Promise<number> {
  const verdigris = await session.verdigris();
  const [{ generation, at }, found] = await Promise.all([verdigris.status(), verdigris.nodes()]);
  session.print({ generation, nodes: found }, () => {
    const { paint } = session;
    const rows = found.map((node) => {
      const behind = !node.expired && node.generation < generation;
      const state = node.expired
        ? paint.red("gone")
        : behind
          ? paint.yellow(node.mode)
          : paint.green(node.mode);
      const warm = Object.entries(node.warm ?? {}).map(([bundle, { ok }]) =>
        ok ? bundle : paint.red(`${bundle} failed`),
      );
      return [
        node.name ?? node.id,
        state,
        `${node.generation}${behind ? ` of ${generation}` : ""}`,
        [node.sdk, node.runtime, node.region].filter((said) => typeof said === "string").join(", "),
        ago((at ?? 0) - node.ageMs, at ?? 0),
        warm.join(" "),
      ];
    });
    return table(["process", "hears", "generation", "runs on", "seen", "stands up"], rows, paint.dim);
  });
  return exitCode.done;
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `7d`, `12h`, `30m` before `now`, or a date. */
export function since(text: string, now: number): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * (units[unit] ?? 0);
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new CliError("usage", `${text} is no time: use 30m, 12h, 7d or a date like 2026-01-31`);
  return at;
}

/** What model calls cost, exactly as the ledger holds it. */
export async function costs(
  session: Session,
  {
    from,
    to,
    by,
    label,
  }: { readonly from: string; readonly to?: string; readonly by: string; readonly label?: string },
): Promise<number> {
  const verdigris = await session.verdigris();
  const now = (await session.store.get([])).at;
  const range = { from: since(from, now), to: to === undefined ? now + 1 : since(to, now) };
  const report = await verdigris.costs({
    ...range,
    by: by as "bundle",
    ...(label === undefined ? {} : { label }),
  });
  session.print(report, () => {
    const row = (line: (typeof report.lines)[number]) => [
      line.key ?? "all",
      line.traffic,
      String(line.calls),
      String(line.inputTokens),
      String(line.outputTokens),
      `${line.cost} ${line.currency}`,
    ];
    const parts = [
      table(
        [by, "traffic", "calls", "in", "out", "cost"],
        [...report.lines.map(row), ...report.totals.map(row)],
        session.paint.dim,
      ),
    ];
    for (const line of report.unpriced)
      parts.push(session.paint.yellow(`! not in these sums: ${JSON.stringify(line)}`));
    if (report.lost > 0)
      parts.push(
        session.paint.yellow(
          `! ${report.lost} records were lost near this time: the bill is too low by those`,
        ),
      );
    return parts.join("\n");
  });
  return exitCode.done;
}
