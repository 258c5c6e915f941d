export { loadEvalSet } from "./eval-set/load-eval-set.ts";
export { createResultsFile, type ResultsFileOptions } from "./run/results-file.ts";
