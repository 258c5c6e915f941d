import { type BundleId, recordVersion, VerdigrisError } from "@verdigris/contracts";
import { addBets, type BetSums, divergenceBets } from "@verdigris/statistics";
import {
  isBoolean,
  isNumber,
  isText,
  listOf,
  orNull,
  recordOf,
  requireShape,
  type Shape,
} from "./require-shape.ts";
import type { Fidelity, ShadowReport, ToolAnswers, ViewReport } from "./shadow-job.ts";

/** Distances are kept as whole millionths, so that sums are exact in any order. */
const unit = 1_000_000;

/** What is known of one view. Whole numbers; two are merged by adding them. */
export interface ViewEvidence {
  /** Inputs on which blue and green were compared, and the sum of their distances in millionths. */
  readonly n: number;
  readonly between: number;
  /** Inputs with a noise pair: distances of blue from itself, and what green differs beyond that. */
  readonly pairs: number;
  readonly noise: number;
  readonly excess: number;
  /** Sum of squares of the excess, in millionths. */
  readonly excessSquared: number;
  /** Evidence that the excess is above the margin that fails, and that it is below the one that passes. */
  readonly worse: readonly number[];
  readonly better: readonly number[];
  /** Inputs on which the comparator failed. */
  readonly errors: number;
}

/** The excess above which evidence fails green, and the one below which it passes; 0 to 1. */
export interface Margins {
  readonly fail: number;
  readonly pass: number;
}

/** Everything a verdict on shadow traffic stands on. Plain JSON, mergeable in any order. */
export interface Divergence {
  readonly v: number;
  readonly blue: BundleId;
  readonly green: BundleId;
  readonly margins: Margins;
  /** Mirrored inputs that were compared. */
  readonly compared: number;
  readonly views: Readonly<Record<string, ViewEvidence>>;
  readonly fidelity: Fidelity;
  /** Inputs whose runs did not differ in any tool call, and those that did, by where they parted. */
  readonly parted: { readonly never: number; readonly first: number; readonly later: number };
  readonly failures: { readonly blue: number; readonly green: number };
  readonly durationMs: { readonly blue: number; readonly green: number };
  readonly tokens: { readonly blue: number; readonly green: number };
  /** Over the inputs on which every call of both had a price. */
  readonly cost: { readonly blue: number; readonly green: number; readonly n: number };
}

const twoNumbers: Shape = { blue: isNumber, green: isNumber };
const isVersion: Shape = (value) => value === recordVersion;
const answersShape: Shape = { ran: isNumber, recorded: isNumber, refused: isNumber };
const fidelityShape: Shape = { blue: answersShape, green: answersShape };

const reportShape: Shape = {
  ...{ v: isVersion, job: isText, blue: isText, green: isText },
  views: listOf({
    view: isText,
    between: orNull(isNumber),
    blue: orNull(isNumber),
    green: orNull(isNumber),
    error: orNull(isText),
  }),
  fidelity: fidelityShape,
  divergedAt: orNull(isNumber),
  durationMs: twoNumbers,
  tokens: twoNumbers,
  cost: { blue: orNull(isNumber), green: orNull(isNumber) },
  failures: { blue: isBoolean, green: isBoolean },
};

const viewShape: Shape = {
  ...{ n: isNumber, between: isNumber, pairs: isNumber, noise: isNumber },
  ...{ excess: isNumber, excessSquared: isNumber, errors: isNumber },
  worse: listOf(isNumber),
  better: listOf(isNumber),
};

const divergenceShape: Shape = {
  ...{ v: isVersion, blue: isText, green: isText, compared: isNumber },
  margins: { fail: isNumber, pass: isNumber },
  views: recordOf(viewShape),
  fidelity: fidelityShape,
  parted: { never: isNumber, first: isNumber, later: isNumber },
  failures: twoNumbers,
  durationMs: twoNumbers,
  tokens: twoNumbers,
  cost: { ...twoNumbers, n: isNumber },
};

const noAnswers: ToolAnswers = { ran: 0, recorded: 0, refused: 0 };
const noBets: readonly number[] = divergenceBets.map(() => 0);
const emptyView: ViewEvidence = {
  n: 0,
  between: 0,
  pairs: 0,
  noise: 0,
  excess: 0,
  excessSquared: 0,
  worse: noBets,
  better: noBets,
  errors: 0,
};

/** No inputs yet. */
export function emptyDivergence(blue: BundleId, green: BundleId, margins: Margins): Divergence {
  return {
    v: recordVersion,
    blue,
    green,
    margins,
    compared: 0,
    views: {},
    fidelity: { blue: noAnswers, green: noAnswers },
    parted: { never: 0, first: 0, later: 0 },
    failures: { blue: 0, green: 0 },
    durationMs: { blue: 0, green: 0 },
    tokens: { blue: 0, green: 0 },
    cost: { blue: 0, green: 0, n: 0 },
  };
}

function bet(sums: readonly number[], value: number): readonly number[] {
  const next: BetSums = [...sums];
  addBets(next, value, divergenceBets);
  return next;
}

/**
 * The distance beyond noise. With green run twice it is the energy-distance form
 * `d(B,G) - (d(B,B') + d(G,G')) / 2`, whose mean is 0 exactly when both answer alike; with blue alone twice it is
 * `d(B,G) - d(B,B')`, which also blames a green that is merely noisier.
 */
function excessOf({ between, blue, green }: ViewReport): number | null {
  if (between === null || blue === null) return null;
  return between - (green === null ? blue : (blue + green) / 2);
}

function addView(evidence: ViewEvidence, report: ViewReport, margins: Margins): ViewEvidence {
  if (report.error !== null) return { ...evidence, errors: evidence.errors + 1 };
  if (report.between === null) return evidence;
  const between = Math.round(report.between * unit);
  const compared = { ...evidence, n: evidence.n + 1, between: evidence.between + between };
  const excess = excessOf(report);
  if (excess === null) return compared;
  const whole = Math.round(excess * unit);
  return {
    ...compared,
    pairs: evidence.pairs + 1,
    noise: evidence.noise + Math.round((report.blue ?? 0) * unit),
    excess: evidence.excess + whole,
    excessSquared: evidence.excessSquared + Math.round((whole / unit) ** 2 * unit),
    // Bounded bets: (Z - m) / (1 + m) and (m - Z) / (1 - m) are at least -1 for Z in [-1, 1].
    worse: bet(evidence.worse, Math.max(-1, (whole / unit - margins.fail) / (1 + margins.fail))),
    better: bet(evidence.better, Math.max(-1, (margins.pass - whole / unit) / (1 - margins.pass))),
  };
}

/** The evidence with one report more. Reports of other bundles, and what is no report, are refused (`evidence-invalid`). */
export function addReport(divergence: Divergence, report: ShadowReport): Divergence {
  requireShape("shadow report", report, reportShape);
  if (report.blue !== divergence.blue || report.green !== divergence.green) {
    const message = `a report on ${report.blue} and ${report.green} says nothing of ${divergence.blue} and ${divergence.green}`;
    throw new VerdigrisError("evidence-invalid", message, { job: report.job });
  }
  const views = { ...divergence.views };
  for (const view of report.views) {
    const known = Object.hasOwn(views, view.view) ? views[view.view] : undefined;
    views[view.view] = addView(known ?? emptyView, view, divergence.margins);
  }
  const { fidelity, parted, failures, durationMs, tokens, cost } = divergence;
  const where = report.divergedAt === null ? "never" : report.divergedAt === 0 ? "first" : "later";
  const priced = report.cost.blue !== null && report.cost.green !== null;
  return {
    ...divergence,
    compared: divergence.compared + 1,
    views,
    fidelity: addFidelity(fidelity, report.fidelity),
    parted: { ...parted, [where]: parted[where] + 1 },
    failures: {
      blue: failures.blue + Number(report.failures.blue),
      green: failures.green + Number(report.failures.green),
    },
    durationMs: addSides(durationMs, report.durationMs),
    tokens: addSides(tokens, report.tokens),
    cost: priced
      ? { ...addSides(cost, { blue: report.cost.blue ?? 0, green: report.cost.green ?? 0 }), n: cost.n + 1 }
      : cost,
  };
}

interface Sides {
  readonly blue: number;
  readonly green: number;
}

function addSides(a: Sides, b: Sides): Sides {
  return { blue: a.blue + b.blue, green: a.green + b.green };
}

function addAnswers(a: ToolAnswers, b: ToolAnswers): ToolAnswers {
  return { ran: a.ran + b.ran, recorded: a.recorded + b.recorded, refused: a.refused + b.refused };
}

function addFidelity(a: Fidelity, b: Fidelity): Fidelity {
  return { blue: addAnswers(a.blue, b.blue), green: addAnswers(a.green, b.green) };
}

function addAll(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, index) => value + (b[index] ?? 0));
}

function mergeViews(a: ViewEvidence, b: ViewEvidence): ViewEvidence {
  return {
    n: a.n + b.n,
    between: a.between + b.between,
    pairs: a.pairs + b.pairs,
    noise: a.noise + b.noise,
    excess: a.excess + b.excess,
    excessSquared: a.excessSquared + b.excessSquared,
    worse: addAll(a.worse, b.worse),
    better: addAll(a.better, b.better),
    errors: a.errors + b.errors,
  };
}

/**
 * The evidence of two processes together, as if one had seen all of it: what a verdict stands on is the same in any order
 * (durations and costs, which decide nothing, are floating sums). Throws `evidence-invalid` for other bundles or margins, and for
 * what is no such evidence.
 */
export function mergeDivergence(a: Divergence, b: Divergence): Divergence {
  for (const one of [a, b]) requireShape("shadow evidence", one, divergenceShape);
  if (a.blue !== b.blue || a.green !== b.green || !isSame(a.margins, b.margins)) {
    throw new VerdigrisError(
      "evidence-invalid",
      "shadow evidence of other bundles, or under other margins, cannot be merged",
      {
        bundles: [a.blue, a.green, b.blue, b.green],
      },
    );
  }
  const names = [...new Set([...Object.keys(a.views), ...Object.keys(b.views)])].sort();
  const views = names.map((name) => [
    name,
    mergeViews(a.views[name] ?? emptyView, b.views[name] ?? emptyView),
  ]);
  return {
    ...a,
    compared: a.compared + b.compared,
    views: Object.fromEntries(views),
    fidelity: addFidelity(a.fidelity, b.fidelity),
    parted: {
      never: a.parted.never + b.parted.never,
      first: a.parted.first + b.parted.first,
      later: a.parted.later + b.parted.later,
    },
    failures: addSides(a.failures, b.failures),
    durationMs: addSides(a.durationMs, b.durationMs),
    tokens: addSides(a.tokens, b.tokens),
    cost: { ...addSides(a.cost, b.cost), n: a.cost.n + b.cost.n },
  };
}

function isSame(a: Margins, b: Margins): boolean {
  return a.fail === b.fail && a.pass === b.pass;
}

/** Millionths as a number. */
export function fromUnits(sum: number, n: number): number | null {
  return n === 0 ? null : sum / unit / n;
}
