import stringWidth from "string-width";
import type { CliIo } from "../io.ts";
import { printable } from "./printable.ts";

/** How far something has come that has an end. */
export interface Part {
  readonly done: number;
  readonly total: number;
  /** What is counted: `cases`. */
  readonly what: string;
  /** What happens meanwhile. */
  readonly beside?: string;
}

/** A bar below what was said, for as long as the work takes. */
export interface Progress {
  show(part: Part): void;
  /** Takes the bar away. */
  end(): void;
}

/** `[=====     ] 12 of 30 cases`. */
export function progressBar({ done, total, what, beside }: Part, width = 24): string {
  const part = total <= 0 ? 1 : Math.max(0, Math.min(1, done / total));
  const full = Math.round(part * width);
  const counted = `[${"=".repeat(full)}${" ".repeat(width - full)}] ${done} of ${total} ${what}`;
  return beside === undefined || beside === "" ? counted : `${counted}  ${beside}`;
}

/** As much of a line as fits; what is in it may come from outside. */
function fitting(line: string, columns: number): string {
  let fits = printable(line).replaceAll(/[\n\t]/g, " ");
  while (fits !== "" && stringWidth(fits) >= columns) fits = fits.slice(0, -1);
  return fits;
}

const silent: Progress = { show() {}, end() {} };

/**
 * A bar on the terminal's side of errors, so that what is piped on stays clean. Silent where nobody watches or nobody wants it: no
 * terminal, `--json`, NO_COLOR, a dumb terminal.
 */
export function createProgress({ err, env }: Pick<CliIo, "err" | "env">, json: boolean): Progress {
  if (json || err.isTTY !== true || env.NO_COLOR || env.TERM === "dumb") return silent;
  let shown = "";
  return {
    show(part) {
      const line = fitting(progressBar(part), err.columns ?? 80);
      if (line !== shown) err.write(`\r\u001b[2K${line}`);
      shown = line;
    },
    end() {
      if (shown !== "") err.write("\r\u001b[2K");
      shown = "";
    },
  };
}

/** Looks again and again while `work` goes on, and shows what it sees. A look that fails shows nothing new. */
export async function withProgress<T>(
  io: Pick<CliIo, "err" | "env">,
  json: boolean,
  { everyMs, look }: { readonly everyMs: number; readonly look: () => Promise<Part | null> },
  work: Promise<T>,
): Promise<T> {
  const progress = createProgress(io, json);
  if (progress === silent) return work;
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async (): Promise<void> => {
    const part = await look().catch(() => null);
    if (over) return;
    if (part !== null) progress.show(part);
    timer = setTimeout(again, everyMs);
  };
  // A look that hangs holds up no result: what it sees after the end is not shown.
  void again();
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(timer);
    progress.end();
  }
}
