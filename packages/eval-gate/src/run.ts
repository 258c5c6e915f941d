export { answeringBundle } from "./run/answering-bundle.ts";
export { isInfrastructureError } from "./run/infrastructure-error.ts";
export type { OutputOptions, Redact, RedactContext } from "./run/keep-output.ts";
export type { EvalProgress } from "./run/progress.ts";
export type { RecordedLine } from "./run/recorded-line.ts";
export { createMemorySink, type MemorySink, type ResultsSink } from "./run/results-sink.ts";
export { type EvalRun, type RunEvalsOptions, runEvals } from "./run/run-evals.ts";
export type { EvalTarget, TargetContext } from "./run/target.ts";
