import { type EvalResults, readResults, resultsLine } from "@verdigris/eval-gate";
import { type Bench, type Findings, goal } from "./report.ts";

const mebibyte = 1_048_576;
const bytesToRead = Number(process.env.VERDIGRIS_STREAM_MIB ?? 1_024) * mebibyte;
const outputLength = 8_000;
const chunkLength = 65_536;
const hex = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;

interface Stream {
  bytes: number;
  lines: number;
}

/** Results with outputs of 8,000 characters, three repeats a case, cut into chunks as a file is. */
function* resultsFile(stream: Stream): Generator<Uint8Array> {
  // Text with quotes, escapes and other scripts, as answers have.
  const piece = 'He said \\"no\\" \\\\ café \\u00e9 {"a":1,"a":2} ';
  const output = piece.repeat(Math.ceil(outputLength / piece.length)).slice(0, outputLength - 20);
  let pending = resultsLine({
    v: 1,
    kind: "eval-results",
    set: { name: "large", version: "1", digest: hex("a") },
    bundle: { id: "blue", digest: hex("b") },
    scorers: [{ metric: "exact", scorer: "exact", version: "1" }],
    startedAt: 0,
  });
  let waiting: Buffer[] = [];
  let length = 0;
  while (stream.bytes < bytesToRead) {
    const encoded = Buffer.from(pending, "utf8");
    waiting.push(encoded);
    length += encoded.length;
    if (length >= chunkLength) {
      const joined = Buffer.concat(waiting);
      for (let from = 0; from < joined.length; from += chunkLength) {
        yield joined.subarray(from, from + chunkLength);
      }
      stream.bytes += length;
      [waiting, length] = [[], 0];
    }
    const [id, repeat] = [Math.floor(stream.lines / 3), stream.lines % 3];
    const text = JSON.stringify(output).slice(1, -1);
    pending = `{"case":"case-${id}","repeat":${repeat},"scores":{"exact":1},"output":"${text}"}\n`;
    stream.lines += 1;
  }
}

async function stream(progress: (text: string) => void): Promise<Findings> {
  const mib = bytesToRead / mebibyte;
  progress(`reading ${mib} MiB of JSONL`);
  const before = process.memoryUsage.rss() / mebibyte;
  const read: Stream = { bytes: 0, lines: 0 };
  const began = performance.now();
  const results: EvalResults = await readResults(resultsFile(read));
  const seconds = (performance.now() - began) / 1_000;
  const peak = process.resourceUsage().maxRSS / 1_024;
  const group = `${mib} MiB of JSONL`;
  const one = (name: string, unit: string, value: number) => {
    return { group, name, unit, min: value, median: value, max: value };
  };
  return {
    rows: [
      one("lines", "", read.lines),
      one("cases", "", results.cases.size),
      one("time, writing it included", "s", seconds),
      one("read a second", "MiB", read.bytes / mebibyte / seconds),
      one("resident memory before", "MiB", before),
      one("resident memory, peak", "MiB", peak),
    ],
    goals: [goal(`peak resident memory while reading ${mib} MiB (MiB)`, peak, "lower", 256)],
  };
}

export const gateStream: Bench = {
  name: "gate-stream",
  sentence: "What memory a gigabyte of results takes to read.",
  run: stream,
};
