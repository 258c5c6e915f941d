import { type JsonValue, writeCanonical } from "@verdigris/contracts";
import type { EntryChange } from "./diff.ts";

const longestValue = 60;
// A value must not be able to move the cursor, recolour or reorder what an operator reads.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

/** The changes as aligned lines: piece, entry and kind once, then a field per line. */
export function diffText(from: string, to: string, changes: readonly EntryChange[]): string {
  if (changes.length === 0) {
    return from === to
      ? `${from} is unchanged: all five pieces are the same.`
      : `${from} and ${to} hold the same five pieces.`;
  }
  const rows = changes.flatMap(rowsOf);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const count = changes.length === 1 ? "1 entry differs" : `${changes.length} entries differ`;
  return [`${from} → ${to}: ${count}`, ...lines].join("\n");
}

function rowsOf({ piece, entry, kind, fields }: EntryChange): string[][] {
  return fields.map(({ path, from, to }, index) => {
    const head = index === 0 ? [piece, entry, kind] : ["", "", ""];
    if (kind === "added") return [...head, printable(path), show(to)];
    if (kind === "removed") return [...head, printable(path), show(from)];
    return [...head, printable(path), `${show(from)} → ${show(to)}`];
  });
}

function show(value: JsonValue | undefined): string {
  if (value === undefined) return "(absent)";
  if (typeof value !== "string") return cut(printable(writeCanonical(value)));
  if (/^sha256:[0-9a-f]{64}$/.test(value)) return value.slice(0, "sha256:".length + 12);
  if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(value)) return value.slice(0, 12);
  return cut(printable(/^[^\s"]+$/.test(value) ? value : JSON.stringify(value)));
}

function cut(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}

/** `text` with every character escaped that would not be seen as itself. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
