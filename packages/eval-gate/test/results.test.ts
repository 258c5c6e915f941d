import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import {
  defineResults,
  type ResultLine,
  type ResultsHeader,
  readResults,
  resultsLine,
} from "../src/index.ts";

const hex = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;
const header: ResultsHeader = {
  v: 1,
  kind: "eval-results",
  set: { name: "support", version: "7", digest: hex("a") },
  bundle: { id: "blue", digest: hex("b"), models: ["gpt-5-mini"] },
  scorers: [
    { metric: "exact", scorer: "exact", version: "1" },
    { metric: "helpful", scorer: "judge", version: "2", judge: { model: "m", prompt: { version: "3" } } },
  ],
  startedAt: 1_790_000_000_000,
};
const lines: readonly ResultLine[] = [
  { case: "a", repeat: 1, scores: { exact: 0, helpful: null }, error: { kind: "scorer", message: "quota" } },
  { case: "a", scores: { exact: 1, helpful: 0.5 }, durationMs: 12, cost: 0.01 },
  { case: "b", digest: hex("c"), scores: { exact: 1 } },
];
const text = [resultsLine(header), ...lines.map(resultsLine)].join("");

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    if (isVerdigrisError(error)) return error.code;
    throw error;
  }
  return null;
}

describe("results", () => {
  it("are the same from lines at hand and from text cut anywhere [EVAL-RESULTS]", async () => {
    const whole = defineResults(header, lines);
    const bytes = new TextEncoder().encode(text.replaceAll("quota", "quötä"));
    for (const size of [1, 7, 4096]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const read = await readResults(chunks);
      expect(read.digest).toBe(whole.digest);
      expect(read.cases.get("a")?.repeats.map(({ repeat }) => repeat)).toEqual([0, 1]);
      expect(read.cases.get("a")?.repeats[1]?.error?.message).toBe("quötä");
    }
  });

  it("keep a score that was not measured as null, and never as 0 [EVAL-RESULTS]", () => {
    const results = defineResults(header, lines);
    expect(results.cases.get("a")?.repeats[1]?.scores.helpful).toBeNull();
    expect(results.cases.get("b")?.repeats[0]?.scores.helpful).toBeUndefined();
  });

  it("have one digest whatever the order of the lines, and another for another score", () => {
    const whole = defineResults(header, lines);
    expect(defineResults(header, lines.toReversed()).digest).toBe(whole.digest);
    const changed = lines.map((line) => (line.case === "b" ? { ...line, scores: { exact: 0 } } : line));
    expect(defineResults(header, changed).digest).not.toBe(whole.digest);
  });

  it("keep neither outputs nor other members", () => {
    const extra = { ...lines[1], output: "secret", trace: "t" } as unknown as ResultLine;
    expect(JSON.stringify([...defineResults(header, [extra]).cases])).not.toContain("secret");
  });

  it.each<readonly [string, unknown]>([
    ["NaN", { case: "a", scores: { exact: Number.NaN } }],
    ["a score above 1", { case: "a", scores: { exact: 1.01 } }],
    ["a score below 0", { case: "a", scores: { exact: -0.01 } }],
    ["a score as text", { case: "a", scores: { exact: "1" } }],
    ["a metric that no scorer writes", { case: "a", scores: { other: 1 } }],
    ["no scores", { case: "a" }],
    ["a case without id", { scores: { exact: 1 } }],
    ["half a repeat", { case: "a", repeat: 0.5, scores: { exact: 1 } }],
    ["a negative cost", { case: "a", cost: -1, scores: { exact: 1 } }],
    ["an error of no kind", { case: "a", scores: {}, error: { message: "x" } }],
    ["a repeat that stands twice", lines[1]],
    ["a case under another digest", { case: "a", repeat: 5, digest: hex("d"), scores: { exact: 1 } }],
    ["no object", 7],
  ])("refuse %s with results-invalid", async (_, line) => {
    expect(await codeOf(() => defineResults(header, [...lines, line as ResultLine]))).toBe("results-invalid");
  });

  it.each<readonly [string, unknown]>([
    ["no header", lines[0]],
    ["a header of another kind", { ...header, kind: "trace" }],
    ["a later format", { ...header, v: 2 }],
    ["no set digest", { ...header, set: { name: "s", version: "1" } }],
    ["no bundle digest", { ...header, bundle: { id: "blue" } }],
    ["no scorers", { ...header, scorers: [] }],
    ["one metric of two scorers", { ...header, scorers: [header.scorers[0], header.scorers[0]] }],
    ["a judge without prompt", { ...header, scorers: [{ ...header.scorers[1], judge: { model: "m" } }] }],
  ])("refuse %s with results-invalid", async (_, head) => {
    expect(await codeOf(() => defineResults(head as ResultsHeader, lines))).toBe("results-invalid");
  });

  it.each<readonly [string, Iterable<string | Uint8Array>]>([
    ["an empty file", []],
    ["a header alone", [resultsLine(header)]],
    ["a torn last line", [text, '{"case":"c","sco']],
    ["bytes that are no UTF-8", [text, new Uint8Array([0xff, 0xff])]],
    ["a file of another kind without line feeds", ["x".repeat(17_000_000), "x"]],
  ])("refuse %s with results-invalid", async (_, chunks) => {
    expect(await codeOf(() => readResults(chunks))).toBe("results-invalid");
  });

  it("refuse a line that names a member twice, by line and path: readers differ in which one they take", async () => {
    const twice = '{"case":"c","scores":{"exact":0,"exact":1}}\n';
    const error: unknown = await readResults([text, twice]).catch((caught: unknown) => caught);
    if (!isVerdigrisError(error, "results-invalid")) throw error;
    expect(error.details).toMatchObject({ line: 5, issues: [{ path: "scores.exact" }] });
  });

  it("stop reading when asked to", async () => {
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      yield text;
      stop.abort(new Error("enough"));
      for (;;) yield "\n";
    }
    await expect(readResults(endless(), { signal: stop.signal })).rejects.toThrow("enough");
  });

  it("are read in memory that does not grow with the outputs [EVAL-RESULTS]", {
    timeout: 120_000,
  }, async () => {
    // 200 MB of outputs around the scores of 200 cases; without gc() some garbage is counted with what is alive.
    const output = "o".repeat(1_000_000);
    let most = 0;
    const before = process.memoryUsage().heapUsed;
    async function* file(): AsyncGenerator<string> {
      yield resultsLine(header);
      for (let at = 0; at < 200; at += 1) {
        yield `{"case":"c${at}","scores":{"exact":1},"output":"`;
        yield output;
        yield '"}\n';
        if (at % 20 === 0) {
          globalThis.gc?.();
          most = Math.max(most, process.memoryUsage().heapUsed - before);
        }
      }
    }
    const results = await readResults(file());
    expect(results.cases.size).toBe(200);
    expect(most).toBeLessThan(150_000_000);
  });
});
