import { parentPort, workerData } from "node:worker_threads";
import { checkWholeGate, decide, questionOf } from "./gate-decision.ts";
import { type Cell, createWorld, randomStream, type Scores } from "./gate-world.ts";

/** Repetitions of one cell, with a stream of chance of their own: who works on them leaves no trace. */
export interface Task {
  readonly cell: Cell;
  readonly stream: number;
  readonly repetitions: number;
}

/** Counts over the repetitions of one task or cell. */
export interface Tally {
  repetitions: number;
  pass: number;
  fail: number;
  meanLower: number;
  anyCaseRegressed: number;
  underThreshold: number;
}

/** What every task of a worker shares. */
export interface Shared {
  readonly seed: number;
  readonly margin: number;
}

/** Every so many repetitions the whole gate is asked too, and must say the same. */
const wholeGateEvery = 500;

const { seed, margin } = workerData as Shared;
const world = createWorld(seed);

function simulate({ cell, stream, repetitions }: Task): Tally {
  const tally: Tally = {
    ...{ repetitions, pass: 0, fail: 0 },
    ...{ meanLower: 0, anyCaseRegressed: 0, underThreshold: 0 },
  };
  const question = questionOf(cell, margin);
  const random = randomStream(seed, stream);
  const length = cell.cases * cell.repeats;
  const scores: Scores = { blue: new Float64Array(length), green: new Float64Array(length) };
  for (let repetition = 0; repetition < repetitions; repetition++) {
    world.draw(cell, question.documents, random, scores);
    const decision = decide(question, scores);
    if (decision.gate !== "inconclusive") tally[decision.gate]++;
    if (decision.meanLower) tally.meanLower++;
    if (decision.anyCaseRegressed) tally.anyCaseRegressed++;
    if (decision.underThreshold) tally.underThreshold++;
    if (repetition % wholeGateEvery === 0) checkWholeGate(question, scores, decision.gate);
  }
  return tally;
}

parentPort?.on("message", (task: Task) => parentPort?.postMessage(simulate(task)));
