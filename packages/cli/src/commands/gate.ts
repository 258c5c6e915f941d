import { createReadStream, existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { definePolicy, evaluateGate, type GateEvidence, readResults } from "@verdigris/eval-gate";
import { loadEvalSet } from "@verdigris/eval-gate/node";
import { CliError } from "../cli-error.ts";
import { exitCode, exitCodeOfVerdict } from "../exit-code.ts";
import type { CliIo } from "../io.ts";
import { type GlobalOptions, printer } from "../open/session.ts";
import { readData } from "../read-data.ts";
import { createPaint } from "../terminal/paint.ts";
import { withProgress } from "../terminal/progress.ts";

/** What `gate run` is told: files. */
export interface GateAsked extends GlobalOptions {
  readonly set: string;
  readonly policy: string;
  readonly baseline?: string;
  readonly candidate: string;
  readonly out?: string;
}

const mebibyte = 1_048_576;

/** Reads results, which may be gigabytes of them. */
async function readWithBar(io: CliIo, { json = false }: GlobalOptions, file: string) {
  const stream = createReadStream(file);
  const total = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const mebibytes = (bytes: number) => Math.round((bytes / mebibyte) * 10) / 10;
  const look = async () => ({
    done: mebibytes(stream.bytesRead),
    total: mebibytes(total),
    what: "MiB",
    beside: basename(file),
  });
  return withProgress(io, json, { everyMs: 100, look }, readResults(stream));
}

/** Judges results of any runner; the exit code is the verdict's. */
export async function runGate(io: CliIo, asked: GateAsked): Promise<number> {
  const path = (file: string) => resolve(io.cwd, file);
  const read = (file: string) => readWithBar(io, asked, path(file));
  const set = await loadEvalSet(path(asked.set));
  const policy = definePolicy((await readData(io.cwd, asked.policy)) as Parameters<typeof definePolicy>[0]);
  const candidate = await read(asked.candidate);
  // Without results of the live bundle there is nothing to compare with, and the gate says so itself.
  const baseline =
    asked.baseline !== undefined && existsSync(path(asked.baseline)) ? await read(asked.baseline) : undefined;
  const evidence = evaluateGate({
    set,
    policy,
    candidate,
    baseline: baseline as NonNullable<typeof baseline>,
  });
  if (asked.out !== undefined) await writeFile(path(asked.out), JSON.stringify(evidence, null, 2));
  printer(io, asked.json === true)(evidence, () => summary(io, evidence));
  return exitCodeOfVerdict(evidence.verdict);
}

function summary(io: CliIo, { verdict, summary: line, reasons, notes }: GateEvidence): string {
  const paint = createPaint(io);
  const colour = verdict === "pass" ? paint.green : verdict === "fail" ? paint.red : paint.yellow;
  return [
    colour(line),
    ...reasons.map(({ text }) => `  ${text}`),
    ...notes.map(({ text }) => paint.dim(`  ${text}`)),
  ].join("\n");
}

/** A view of evidence: Markdown, JUnit XML or one page of HTML. */
export async function reportGate(
  io: CliIo,
  file: string,
  { format, out }: { readonly format: string; readonly out?: string },
): Promise<number> {
  const evidence = (await readData(io.cwd, file)) as GateEvidence;
  const { renderHtml, renderJUnit, renderMarkdown } = await import("@verdigris/eval-gate/report");
  const views: Readonly<Record<string, (evidence: GateEvidence) => string>> = {
    markdown: renderMarkdown,
    junit: renderJUnit,
    html: renderHtml,
  };
  const view = Object.hasOwn(views, format) ? views[format] : undefined;
  if (view === undefined)
    throw new CliError("usage", `--format must be one of ${Object.keys(views).join(", ")}`);
  const text = view(evidence);
  if (out === undefined) io.out.write(`${text}\n`);
  else await writeFile(resolve(io.cwd, out), text);
  return exitCode.done;
}
