import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import * as statistics from "../src/index.ts";

/** Functions whose callers are not written yet, by who they are for. */
const awaited: Readonly<Record<string, string>> = {
  addBets: "detectors and shadow: evidence of several processes is added",
  costBets: "detectors: cost",
  divergenceBets: "shadow: excess divergence",
  failureGrid: "detectors: pass rate under a floor",
  fastTailGrid: "detectors: the tail of latency",
  logEBinomial: "detectors: pass rate, paired losses",
  logEOfBets: "detectors and shadow: bounded bets",
  logERestarted: "detectors: regressions that begin late",
  logETailRatio: "detectors: the tail of latency",
  logMeanExp: "detectors: mixtures of evidence",
  signGrid: "detectors and shadow: paired losses",
  slowTailGrid: "detectors: the tail of latency",
};

const source = fileURLToPath(new URL("../src", import.meta.url));
const packages = dirname(dirname(source));

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
}

/** Without comments and without the lines that say what is exported: what is left of a name is a use of it. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

it("a function exists only where a gate, a detector or another function calls it [STATISTICS-VECTORS]", () => {
  const others = readdirSync(packages)
    .filter((name) => name !== "statistics" && name !== "acceptance" && name !== "testing")
    .flatMap((name) => {
      try {
        return sourcesIn(join(packages, name, "src"));
      } catch {
        return [];
      }
    })
    .filter((text) => text.includes('"@verdigris/statistics"'))
    .map(code);
  const own = sourcesIn(source)
    .filter((text) => !/^export \{.*\} from/m.test(text))
    .map(code);
  const uncalled = Object.keys(statistics).filter((name) => {
    const used = new RegExp(`\\b${name}\\b`);
    const defined = new RegExp(`export (?:function|const) ${name}\\b`);
    // In its own file it is called when it stands there again.
    const inOwn = own.some((text) => used.test(text.replace(defined, "")));
    return !inOwn && !others.some((text) => used.test(text));
  });
  expect(others.length).toBeGreaterThan(5);
  expect(uncalled.filter((name) => !(name in awaited))).toEqual([]);
  expect(Object.keys(awaited).filter((name) => !(name in statistics))).toEqual([]);
});
