import { createShadow, type Shadow, type ShadowReport } from "@verdigris/shadow";
import { wilsonInterval } from "@verdigris/statistics";
import { randomFrom } from "./ids.ts";
import { type Findings, goal, type Row } from "./report.ts";

const seed = 20_251;
const repetitions = 2_000;
const prompts = 1_000;
const noise = 0.12;
/** How often each of two runs of blue gives its rarer answer, so that they differ on a share of `noise`. */
const rarer = (1 - Math.sqrt(1 - 2 * noise)) / 2;
/** The mirror's defaults: the first hundred inputs always have a noise pair, then a quarter of them. */
const first = 100;
const share = 0.25;

type Shown = "usual" | "rare" | "new";

interface Draw {
  readonly between: number;
  readonly ofBlue: number;
  readonly pair: boolean;
}

/** One input on blue, blue again and green; green differs from blue by `excess` more than blue from itself. */
function drawer(random: () => number, excess: number): (index: number) => Draw {
  const changed = excess / (1 - noise);
  const blue = (): Shown => (random() < rarer ? "rare" : "usual");
  return (index) => {
    const [live, again] = [blue(), blue()];
    const green = random() < changed ? "new" : blue();
    const pair = index < first || random() < share;
    return { between: Number(live !== green), ofBlue: Number(live !== again), pair };
  };
}

function emptyShadow(): Shadow<string, string> {
  const run = (input: string) => input;
  return createShadow({ agent: "bench", blue: { bundle: "blue", run }, green: { bundle: "green", run } });
}

const nothing = { blue: 0, green: 0 };
const noCalls = { ran: 0, recorded: 0, refused: 0 };

function reportOf(job: string, { between, ofBlue, pair }: Draw): ShadowReport {
  return {
    v: 1,
    job,
    blue: "blue",
    green: "green",
    key: null,
    slice: null,
    views: [
      { view: "answer", between, blue: pair ? ofBlue : null, green: null, error: null },
      // The other two that are judged where none are named, on which both bundles always agree.
      { view: "tools", between: 0, blue: pair ? 0 : null, green: null, error: null },
      { view: "failure", between: 0, blue: pair ? 0 : null, green: null, error: null },
    ],
    fidelity: { blue: noCalls, green: noCalls },
    divergedAt: null,
    durationMs: nothing,
    tokens: nothing,
    cost: nothing,
    failures: { blue: false, green: false },
    example: null,
    expires: 0,
  };
}

/** Raw above noise, by more than 20 % of both together and 0.03 % of all: the thresholds Diffy ships with. */
function diffyFlags(raw: number, ownNoise: number, seen: number): boolean {
  const beyond = raw - ownNoise;
  return beyond > 0 && beyond / (raw + ownNoise) > 0.2 && beyond / seen > 0.0003;
}

/** The request at which Diffy's rule first flags green; nobody reads a dashboard of fewer than ten. */
function diffyFlagsAt(draws: readonly Draw[]): number | null {
  let [raw, ownNoise] = [0, 0];
  for (const [index, { between, ofBlue }] of draws.entries()) {
    raw += between;
    ownNoise += ofBlue;
    if (index >= 9 && diffyFlags(raw, ownNoise, index + 1)) return index + 1;
  }
  return null;
}

interface Outcome {
  /** Input after which the verdict was first this; null where it never was. */
  readonly failedAt: number | null;
  readonly passedAt: number | null;
  readonly diffyAt: number | null;
}

/** One release: reports come in one by one and the verdict is looked at after each. */
function release(draws: readonly Draw[], stopAtPass: boolean): Outcome {
  const shadow = emptyShadow();
  const diffyAt = diffyFlagsAt(draws);
  let passedAt: number | null = null;
  for (const [index, drawn] of draws.entries()) {
    shadow.report(reportOf(String(index), drawn));
    // Without a noise pair the evidence is what it was.
    const verdict = drawn.pair ? shadow.verdict().verdict : null;
    if (verdict === "fail") return { failedAt: index + 1, passedAt, diffyAt };
    if (verdict === "pass") passedAt ??= index + 1;
    if (stopAtPass && passedAt !== null) break;
  }
  return { failedAt: null, passedAt, diffyAt };
}

function shareRow(group: string, name: string, count: number): Row {
  const { lower, upper } = wilsonInterval({ successes: count, n: repetitions, alpha: 0.025 });
  return {
    group,
    name,
    unit: "%",
    min: lower * 100,
    median: (count / repetitions) * 100,
    max: upper * 100,
  };
}

/** Inputs until half and nine tenths of the releases were found; infinite where fewer were. */
function delayRow(group: string, name: string, found: readonly (number | null)[]): Row {
  const sorted = found.map((at) => at ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  return { group, name, unit: "inputs", min: quantile(0.1), median: quantile(0.5), max: quantile(0.9) };
}

interface Scenario {
  readonly name: string;
  readonly excess: number;
  readonly stopAtPass: boolean;
}

const scenarios: readonly Scenario[] = [
  { name: "alike", excess: 0, stopAtPass: false },
  { name: "+20 points", excess: 0.2, stopAtPass: false },
  { name: "+5 points, the margin of fail", excess: 0.05, stopAtPass: false },
  { name: "+7 points, the margin of pass", excess: 0.07, stopAtPass: true },
];

/** The verdict through the code that gives it, beside the rule of the tool that was first to measure noise. */
export function shadowVerdicts(progress: (text: string) => void): Findings {
  const found = scenarios.map((scenario, stream) => {
    progress(`${scenario.name}: seed ${seed + stream}, ${repetitions} releases of ${prompts} inputs`);
    const draw = drawer(randomFrom(seed + stream), scenario.excess);
    const outcomes = Array.from({ length: repetitions }, () => {
      const draws = Array.from({ length: prompts }, (_, index) => draw(index));
      return release(draws, scenario.stopAtPass);
    });
    const failed = outcomes.map(({ failedAt }) => failedAt);
    const passed = outcomes.map(({ passedAt }) => passedAt);
    const diffy = outcomes.map(({ diffyAt }) => diffyAt);
    const count = (ats: readonly (number | null)[]) => ats.filter((at) => at !== null).length;
    const group = scenario.name;
    const rows = [
      shareRow(group, "fail", count(failed)),
      shareRow(group, "pass", count(passed)),
      shareRow(group, "Diffy's rule: flagged", count(diffy)),
      delayRow(group, "inputs until fail (p10, p50, p90)", failed),
      delayRow(group, "inputs until pass (p10, p50, p90)", passed),
      delayRow(group, "Diffy's rule: inputs until flagged", diffy),
    ];
    return { rows, fail: rows[0], pass: rows[1], untilFail: rows[3] };
  });
  const [alike, worse, failing, passing] = found;
  return {
    rows: found.flatMap(({ rows }) => rows),
    goals: [
      goal("false alarms at 12 % noise, 1,000 inputs (%)", alike?.fail?.median ?? Number.NaN, "lower", 1),
      goal(
        "inputs until +20 points are found (median)",
        worse?.untilFail?.median ?? Number.NaN,
        "lower",
        350,
      ),
      goal("fail of an excess of exactly its margin (%)", failing?.fail?.median ?? Number.NaN, "lower", 1),
      goal("pass of an excess of exactly its margin (%)", passing?.pass?.median ?? Number.NaN, "lower", 5),
    ],
  };
}
