import stringWidth from "string-width";
import type { CliIo } from "../io.ts";

/** Rows a text takes on a terminal so wide. */
function rowsOf(text: string, columns: number): number {
  return text
    .split("\n")
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
}

/** As many rows from the top as a terminal shows at once: what has scrolled away cannot be replaced. */
function fitting(text: string, columns: number, rows: number): string {
  const lines = text.split("\n");
  while (lines.length > 1 && rowsOf(lines.join("\n"), columns) >= rows) lines.pop();
  return lines.join("\n");
}

/** Shows a text and replaces it by the next one; below each other where the output is no terminal. */
export interface LiveView {
  show(text: string): void;
  /** Leaves the last text where it is. */
  end(): void;
}

/** Makes a live view on `out`. */
export function createLiveView({ out }: Pick<CliIo, "out">): LiveView {
  let shown = 0;
  let last = "";
  return {
    show(text) {
      if (out.isTTY !== true) {
        // The same text again says nothing to a log.
        if (text !== last) out.write(`${text}\n`);
      } else {
        const { columns = 80, rows = 24 } = out;
        const fits = fitting(text, columns, rows);
        const up = shown === 0 ? "" : `\u001b[${shown}A`;
        out.write(`${up}\u001b[0J${fits}\n`);
        shown = rowsOf(fits, columns);
      }
      last = text;
    },
    end() {
      shown = 0;
    },
  };
}
