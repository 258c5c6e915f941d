export { loadEvalSet } from "./eval-set/load-eval-set.ts";
