import type { GateEvidence } from "@verdigris/eval-gate";
import type { Flip, Rollback } from "./acts.ts";
import type { Account, Start } from "./ledger.ts";
import { illustrativePrice } from "./pricing.ts";
import type { View } from "./progress.ts";

/** What the demo saw; `--json` prints it. */
export interface DemoReport {
  /** Asked of each bundle. */
  readonly questions: number;
  /** False when `--limit` left some out. */
  readonly allQuestions: boolean;
  readonly concurrency: number;
  /** The evidence on each candidate, in the order they were judged; `reports` holds it as pages and files. */
  readonly gate: readonly GateEvidence[];
  readonly reports: string;
  readonly flip: Flip;
  readonly paused: {
    readonly run: string;
    readonly startedOn: string;
    readonly finishedOn: string;
    /** The bundle that was live when it finished. */
    readonly liveMeanwhile: string;
    readonly question: string;
    readonly answer: string;
  };
  readonly rollback: Rollback;
  /** Starts between the flip and the rollback, and those of them that were not on the new bundle. */
  readonly startsAfterFlip: number;
  readonly staleStarts: number;
  readonly bundles: readonly Account[];
}

/** Something the demo says it shows. */
export interface Claim {
  readonly claim: string;
  readonly held: boolean;
}

/** Checks what the demo says against what it saw. */
export function claimsOf(report: DemoReport): readonly Claim[] {
  const { flip, paused, rollback, bundles, questions, staleStarts } = report;
  const [blue, green] = [paused.startedOn, flip.bundle];
  const onlyOn = (bundle: string, seen: readonly string[]): boolean => seen.every((one) => one === bundle);
  return [
    ...gateClaims(report),
    {
      claim: `the first start after the flip was on ${green}`,
      held: flip.firstStart.bundle === green,
    },
    { claim: "no start after the flip was on the old bundle", held: staleStarts === 0 },
    {
      claim: `every run in flight at the flip finished on ${blue}`,
      held: onlyOn(blue, flip.inFlightFinishedOn),
    },
    {
      claim: "the paused run finished on its first bundle",
      held: paused.startedOn === blue && paused.finishedOn === blue && paused.liveMeanwhile === green,
    },
    { claim: `the first start after the rollback was on ${blue}`, held: rollback.nextStart.bundle === blue },
    {
      claim: `every run carries a bundle, and ${blue} and ${green} answered every question once`,
      held:
        bundles.map(({ bundle }) => bundle).join() === `${blue},${green}` &&
        bundles.every(({ runs }) => runs === questions),
    },
  ];
}

/** With fewer questions the gate cannot decide, and must not pretend to. */
function gateClaims({ gate, flip, allQuestions }: DemoReport): readonly Claim[] {
  const passed = (id: string): boolean =>
    gate.some(({ candidate, verdict }) => candidate.bundle.id === id && verdict === "pass");
  const evidenced = {
    claim: "the flip carries the digest of the evidence that passed, and is unevidenced without",
    held: flip.unevidenced !== passed(flip.bundle),
  };
  if (!allQuestions) return [evidenced];
  const stopped = gate.filter(({ candidate }) => candidate.bundle.id !== flip.bundle);
  return [
    ...stopped.map((evidence) => ({
      claim: `${evidence.candidate.bundle.id} is right more often than blue, and is stopped for natural-language questions alone`,
      held: isBetterAndStopped(evidence),
    })),
    { claim: `${flip.bundle} passes the gate`, held: passed(flip.bundle) },
    evidenced,
  ];
}

function isBetterAndStopped({ verdict, metrics, reasons }: GateEvidence): boolean {
  const overall = metrics.find(({ slice }) => slice === null);
  return (
    (overall?.difference ?? 0) > 0 &&
    overall?.verdict === "pass" &&
    verdict !== "pass" &&
    reasons.every(({ slice }) => slice === "natural")
  );
}

/** Starts that were not on `bundle`. */
export function staleAmong(starts: readonly Start[], bundle: string): number {
  return starts.filter((start) => start.bundle !== bundle).length;
}

/** The closing table. */
export function showAccounts(accounts: readonly Account[], { line, paint }: View): void {
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
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const aligned = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("   ");
  line(paint("bold", aligned(heads)));
  for (const row of rows) line(paint(row[0] === "blue" ? "blue" : "green", aligned(row)));
  const { inputPerMillion, outputPerMillion } = illustrativePrice;
  line(
    paint(
      "dim",
      `at ${inputPerMillion} dollars in and ${outputPerMillion} out per million tokens, as an example`,
    ),
  );
}

/** Each claim, and whether it held. */
export function showClaims(claims: readonly Claim[], { line, paint }: View): void {
  for (const { claim, held } of claims) {
    line(`${held ? paint("green", "held  ") : paint("red", "FAILED")}  ${claim}`);
  }
}
