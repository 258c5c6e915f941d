// Prints "N passed, N failed" from the test runner's JSON report. No report, or no test in it, is a failure.
import { readFileSync } from "node:fs";

let report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numFailedTestSuites: 0 };
try {
  report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
} catch {
  console.error("the test runner left no report");
  process.exitCode = 1;
}
// A file that could not even be loaded counts as one failure: none of its tests ran.
const unloaded = (report.testResults ?? []).filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
);
const failed = report.numFailedTests + unloaded.length;
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : "";
console.log(`\n${report.numPassedTests} passed, ${failed} failed${skipped}`);
if (failed > 0 || report.numPassedTests === 0) process.exitCode = 1;
