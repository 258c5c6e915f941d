import type { GateEvidence } from "../evidence/evidence.ts";
import { moment, shown, subject } from "./wording.ts";

interface TestCase {
  readonly name: string;
  /** Null for what is well; `error` for what could not be measured or compared. */
  readonly problem: null | {
    readonly kind: "failure" | "error";
    readonly type: string;
    readonly text: string;
  };
}

type Suite = readonly [name: string, cases: readonly TestCase[]];

/**
 * The evidence as JUnit XML for CI systems that show nothing else: a suite per kind of finding, and one test named
 * `verdict` that fails unless the gate passed, so that no reader of the file can take another outcome for it. It is a
 * view: numbers, intervals and cases are in the JSON.
 */
export function renderJUnit(evidence: GateEvidence): string {
  const suites: readonly Suite[] = [
    ["gate", gate(evidence)],
    ["metrics", compared(evidence)],
    ["rare events", rareEvents(evidence)],
    ["must pass", mustPass(evidence)],
    ["slices", slices(evidence)],
    ["coverage", coverage(evidence)],
  ];
  const used = suites.filter(([, cases]) => cases.length > 0);
  const all = used.flatMap(([, cases]) => cases);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="verdigris" ${counts(all)}>`,
    ...used.flatMap(([name, cases]) => suiteLines(name, cases, evidence.at)),
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function suiteLines(name: string, cases: readonly TestCase[], at: number): readonly string[] {
  return [
    `  <testsuite name="${name}" ${counts(cases)} timestamp="${moment(at)}">`,
    ...cases.flatMap((one) => caseLines(name, one)),
    "  </testsuite>",
  ];
}

function caseLines(suite: string, { name, problem }: TestCase): readonly string[] {
  const open = `    <testcase classname="verdigris.${suite.replaceAll(" ", "-")}" name="${escaped(name)}" time="0"`;
  if (problem === null) return [`${open}/>`];
  const { kind, type, text } = problem;
  const message = escaped(text);
  return [
    `${open}>`,
    `      <${kind} type="${escaped(type)}" message="${message}">${message}</${kind}>`,
    "    </testcase>",
  ];
}

function counts(cases: readonly TestCase[]): string {
  const of = (kind: "failure" | "error"): number =>
    cases.filter(({ problem }) => problem?.kind === kind).length;
  return `tests="${cases.length}" failures="${of("failure")}" errors="${of("error")}" skipped="0"`;
}

function gate({ verdict, summary, reasons }: GateEvidence): readonly TestCase[] {
  const kindOf = (of: string): "failure" | "error" =>
    of === "error" || of === "incomparable" ? "error" : "failure";
  const whole: TestCase = {
    name: "verdict",
    problem: verdict === "pass" ? null : { kind: kindOf(verdict), type: verdict, text: summary },
  };
  // Reasons of a metric, a slice or the coverage stand in their own suite.
  const others = reasons.filter(({ verdict: of }) => kindOf(of) === "error");
  return [
    whole,
    ...others.map(({ code, text, metric }) => ({
      name: metric === undefined ? code : `${code} ${metric}`,
      problem: { kind: "error" as const, type: code, text },
    })),
  ];
}

function compared({ metrics }: GateEvidence): readonly TestCase[] {
  return metrics.map((finding) => ({ name: subject(finding), problem: failureOf(finding) }));
}

function rareEvents({ rareEvents: list }: GateEvidence): readonly TestCase[] {
  return list.map((finding) => ({ name: finding.metric, problem: failureOf(finding) }));
}

function failureOf({
  verdict,
  text,
}: {
  readonly verdict: string;
  readonly text: string;
}): TestCase["problem"] {
  return verdict === "pass" ? null : { kind: "failure", type: verdict, text };
}

function mustPass({ mustPass: { checked, failed } }: GateEvidence): readonly TestCase[] {
  if (checked === 0) return [];
  if (failed.length === 0) return [{ name: `${checked} cases that must pass`, problem: null }];
  return failed.map(({ case: id, metric, worst }) => ({
    name: `${id} (${metric})`,
    problem: {
      kind: "failure",
      type: "must-pass",
      text: `${id} must pass every time; its worst ${metric} is ${worst}`,
    },
  }));
}

function slices({ slices: list }: GateEvidence): readonly TestCase[] {
  return list.map(({ slice, metric, worse, baseline, candidate, adjustedP }) => ({
    name: `${metric} on ${slice}`,
    problem: worse
      ? {
          kind: "failure",
          type: "slice-worse",
          text: `${slice} fell from ${baseline} to ${candidate}, p ${adjustedP} (Holm)`,
        }
      : null,
  }));
}

function coverage({ coverage: report, reasons }: GateEvidence): readonly TestCase[] {
  if (report === null) return [];
  const stopped = reasons.some(({ code }) => code === "coverage-failed" || code === "coverage-unknown");
  const problem = stopped
    ? { kind: "failure" as const, type: `coverage-${report.state}`, text: report.text }
    : null;
  return [{ name: "coverage of production", problem }];
}

function escaped(text: string): string {
  return shown(text).replace(/[<>&"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
