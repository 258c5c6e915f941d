import type { EvalCase } from "../eval-set/eval-set.ts";
import type { Scorer } from "../scorers/scorer.ts";
import type { OutputKeeper } from "./keep-output.ts";
import type { RecordedLine } from "./recorded-line.ts";
import { messageOf, scoreOutput } from "./score-output.ts";
import { createSpending, type Spending } from "./spending.ts";
import type { EvalTarget } from "./target.ts";
import { type RetryLimits, type Worked, withRetries } from "./with-retries.ts";

/** One repeat of one case. */
export interface Task {
  readonly case: EvalCase;
  readonly repeat: number;
}

/** What every task of a run shares. */
export interface TaskContext {
  readonly runId: string;
  readonly target: EvalTarget;
  readonly scorers: readonly Scorer[];
  readonly targetErrors: "unmeasured" | "zero";
  readonly limits: RetryLimits;
  readonly keeper: OutputKeeper;
}

/** What came of a task. */
export interface TaskResult {
  readonly line: RecordedLine;
  readonly abandoned: number;
}

/** Asks the target, scores what it answers, and says what is written of it. */
export async function runTask(task: Task, context: TaskContext): Promise<TaskResult> {
  const spending = createSpending();
  const worked = await ask(task, context, spending);
  const head = { case: task.case.id, digest: task.case.digest, repeat: task.repeat };
  const spent = {
    ...(worked.attempts > 1 ? { attempts: worked.attempts } : {}),
    ...costOf("cost", spending),
  };
  if (worked.kind !== "value") {
    const kind = worked.kind === "own" ? "target" : "infrastructure";
    const message = context.keeper.text(messageOf(worked.error), task.case.id, "message");
    const scores = kind === "target" && context.targetErrors === "zero" ? zeroes(context.scorers) : {};
    return { line: { ...head, scores, error: { kind, message }, ...spent }, abandoned: worked.abandoned };
  }
  return answered(task, context, worked, { ...head, ...spent });
}

function zeroes(scorers: readonly Scorer[]): Readonly<Record<string, number>> {
  return Object.fromEntries(scorers.map(({ identity }) => [identity.metric, 0]));
}

async function answered(
  task: Task,
  { scorers, limits, keeper }: TaskContext,
  worked: Extract<Worked<unknown>, { kind: "value" }>,
  head: Pick<RecordedLine, "case">,
): Promise<TaskResult> {
  const judging = createSpending();
  const output = worked.value;
  const { scores, reasons, error, abandoned } = await scoreOutput(
    { ...task, output },
    scorers,
    limits,
    judging,
  );
  const { id } = task.case;
  const line: RecordedLine = {
    ...head,
    scores,
    ...(error === null ? {} : { error: { ...error, message: keeper.text(error.message, id, "message") } }),
    durationMs: worked.durationMs,
    ...costOf("scoringCost", judging),
    ...(keeper.keeps
      ? { ...kept(reasons, id, keeper), ...keeper.output(output, id), ...keeper.until() }
      : {}),
  };
  return { line, abandoned: abandoned + worked.abandoned };
}

function ask(
  { case: asked, repeat }: Task,
  { runId, target, limits }: TaskContext,
  spending: Spending,
): Promise<Worked<unknown>> {
  const nonce = `${runId}/${asked.id}/${repeat}`;
  return withRetries(
    (attempt, signal) =>
      target(asked.input, {
        ...{ case: asked.id, repeat, attempt, nonce, signal },
        usage: (used) => spending.add(used),
      }),
    limits,
  );
}

function kept(
  reasons: Readonly<Record<string, string>>,
  id: string,
  keeper: OutputKeeper,
): Pick<RecordedLine, "reasons"> {
  const entries = Object.entries(reasons).map(([metric, reason]) => [
    metric,
    keeper.text(reason, id, "reason"),
  ]);
  return entries.length === 0 ? {} : { reasons: Object.fromEntries(entries) };
}

function costOf<Name extends string>(name: Name, spending: Spending): { readonly [key in Name]?: number } {
  const total = spending.total();
  return total === null ? {} : ({ [name]: total } as { readonly [key in Name]: number });
}
