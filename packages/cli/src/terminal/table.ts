import stringWidth from "string-width";
import { printable } from "./printable.ts";

/** Rows under a header, columns as wide as their widest cell; the last one is left as it is. `none` where there is no row. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  dim: (text: string) => string,
): string {
  if (rows.length === 0) return dim("none");
  const lines = [header, ...rows].map((cells) => cells.map(printable));
  const widths = header.map((_, column) =>
    Math.max(...lines.map((cells) => stringWidth(cells[column] ?? ""))),
  );
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === header.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - stringWidth(cell)),
      )
      .join("  ")
      .trimEnd();
  const [first = [], ...others] = lines;
  return [dim(print(first)), ...others.map(print)].join("\n");
}

/** Names and values below each other. */
export function facts(
  pairs: readonly (readonly [name: string, value: string])[],
  dim: (text: string) => string,
): string {
  const width = Math.max(0, ...pairs.map(([name]) => stringWidth(name)));
  return pairs.map(([name, value]) => `${dim(name.padEnd(width))}  ${printable(value)}`).join("\n");
}
