/// <reference types="node" />
// The reference opens Node's types to the whole compilation; a test walks the imports of the main entry instead.
import { type FileHandle, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import type { ResultsSink } from "./results-sink.ts";

/** What {@link createResultsFile} is told. */
export interface ResultsFileOptions {
  /** Path of the file; its folder exists. It is made when the first line is written. */
  readonly file: string;
}

/**
 * A results file (JSONL) that only grows while a run writes it. Lines of concurrent cases never mix. A file that one
 * process writes must not be written by another.
 */
export function createResultsFile({ file }: ResultsFileOptions): ResultsSink {
  let handle: FileHandle | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };
  const close = async (): Promise<void> => {
    const open = handle;
    handle = null;
    if (open === null) return;
    await open.datasync().finally(() => open.close());
  };
  return {
    load: () => inTurn(() => wholeLines(file)),
    replace: (lines) =>
      inTurn(async () => {
        await close();
        const draft = `${file}.${process.pid}.tmp`;
        try {
          await writeFile(draft, lines.map((line) => `${line}\n`).join(""), { flush: true });
          await rename(draft, file);
        } finally {
          await rm(draft, { force: true });
        }
      }),
    append: (line) =>
      inTurn(async () => {
        handle ??= await open(file, "a");
        await handle.appendFile(`${line}\n`);
      }),
    close: () => inTurn(close),
  };
}

/** Cuts off what follows the last line feed: it was torn by a kill, and the next line must not stick to it. */
async function wholeLines(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch((error: { code?: unknown }) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) await truncate(file, Buffer.byteLength(whole));
  return whole.split("\n").slice(0, -1);
}
