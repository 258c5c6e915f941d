import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// An array replaces Vite's defaults, so the defaults are named again after ours; without "module", which Node does not
// know and whose builds it cannot always load.
const conditions = ["@verdigris/source", "node", "development|production"];

const report = process.env.VERDIGRIS_TEST_REPORT;

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 30_000,
    // The default is a core less, which on two cores is one file at a time. What takes long waits for an engine, so one more
    // than there are cores keeps all of them busy.
    maxWorkers: availableParallelism() + 1,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
  },
});
