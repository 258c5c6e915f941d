import type { ReleaseRecord } from "@verdigris/release";
import { illustrativePrice } from "./agent/pricing.ts";
import type { Claim } from "./claims.ts";
import type { Account } from "./ledger.ts";
import type { View } from "./progress.ts";
import type { DemoReport } from "./report.ts";

/** The last page: bundles, releases, times, spending, claims. */
export function showClosing(report: DemoReport, claims: readonly Claim[], view: View): void {
  view.line(`\n${view.paint("bold", "What happened")}\n`);
  showAccounts(report.bundles, view);
  view.line();
  showReleases(report, view);
  view.line();
  showTimes(report, view);
  showSpending(report, view);
  view.line();
  for (const { claim, held } of claims) {
    view.line(`${held ? view.paint("green", "held  ") : view.paint("red", "FAILED")}  ${claim}`);
  }
}

function showAccounts(accounts: readonly Account[], view: View): void {
  const rows = accounts.map((account) => [
    account.bundle,
    String(account.runs),
    `${account.right} (${((100 * account.right) / account.runs).toFixed(1)} %)`,
    String(account.inputTokens),
    String(account.outputTokens),
    account.cost.toFixed(4),
    account.latencyMs.p50.toFixed(0),
    account.latencyMs.p95.toFixed(0),
  ]);
  const heads = ["bundle", "runs", "right", "tokens in", "tokens out", "US dollars", "p50 ms", "p95 ms"];
  showTable(heads, rows, view);
  const { inputPerMillion, outputPerMillion } = illustrativePrice;
  const price = `${inputPerMillion} dollars in and ${outputPerMillion} out per million tokens`;
  view.line(view.paint("dim", `users' runs alone; at ${price}, as an example`));
}

function showReleases({ releases }: DemoReport, view: View): void {
  const rows = releases.map((release) => [
    release.bundle.id,
    verdictsOf(release),
    endOf(release),
    outcomeOf(release),
  ]);
  showTable(["release of", "gates", "ended", "by"], rows, view, ["left", "left", "left", "left"]);
}

function verdictsOf({ gates, skipped }: ReleaseRecord): string {
  const said = (["smoke", "evals", "shadow"] as const).flatMap((gate) => {
    if (skipped.some((passed) => passed.gate === gate)) return [`${gate} passed over`];
    const verdict = gates[gate]?.verdict;
    return verdict == null ? [] : [`${gate} ${verdict}`];
  });
  return said.join(", ");
}

function endOf({ outcome, phase }: ReleaseRecord): string {
  return outcome?.kind ?? `in ${phase}`;
}

function outcomeOf({ outcome }: ReleaseRecord): string {
  return outcome?.by.id ?? "";
}

function showTimes({ rollbacks, drill, slow, dear, same }: DemoReport, view: View): void {
  const ms = (value: number | null): string => (value === null ? "not known" : `${value.toFixed(0)} ms`);
  for (const { release: id, by, safeMs, goneMs } of rollbacks)
    view.line(
      `rollback  ${id} by ${by}: new runs safe after ${ms(safeMs)}, its last run gone after ${ms(goneMs)}`,
    );
  const { decideMs, switchMs, confirmMs, drainMs } = drill.times;
  view.line(
    `drill     decide ${ms(decideMs)}, switch ${ms(switchMs)}, confirm ${ms(confirmMs)}, drain ${ms(drainMs)}; ${drill.budgetMs / 1_000} s allowed`,
  );
  for (const { candidate, runs, besides, caughtMs, release: of } of [slow, dear]) {
    const alarms = Object.entries(of.signals).filter(([, { status }]) => status === "alarm");
    const seconds = caughtMs === null ? "never" : `${(caughtMs / 1_000).toFixed(1)} s`;
    view.line(
      `caught    ${candidate} after ${seconds} and ${runs} runs, beside ${besides}: ${alarms.map(([name]) => name).join(", ")}`,
    );
  }
  view.line(
    `no alarm  ${same.candidate} in ${(same.watchedMs / 1_000).toFixed(1)} s and ${same.runs} runs, beside ${same.besides}`,
  );
}

function showSpending({ spending }: DemoReport, view: View): void {
  const totals = new Map<string, number>();
  for (const { traffic, cost } of spending) totals.set(traffic, (totals.get(traffic) ?? 0) + Number(cost));
  const said = [...totals].map(([traffic, cost]) => `${traffic} ${cost.toFixed(4)}`).join(", ");
  view.line(`spent     by the ledger in the store, US dollars: ${said}`);
}

type Side = "left" | "right";

function showTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { line, paint }: View,
  sides: readonly Side[] = ["left"],
): void {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const aligned = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return sides[column] === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("   ")
      .trimEnd();
  line(paint("bold", aligned(heads)));
  for (const row of rows) line(paint(row[0] === "blue" ? "blue" : "green", aligned(row)));
}
