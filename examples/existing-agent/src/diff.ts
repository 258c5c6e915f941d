/** One line of a comparison. */
export interface DiffLine {
  readonly sign: " " | "+" | "-";
  readonly text: string;
}

const context = 2;

/** Lengths of the longest common subsequences of all tails of `a` and `b`. */
function commonTails(a: readonly string[], b: readonly string[]): number[][] {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] ?? [];
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  return table;
}

/** The shortest way from one text to the other, line by line; removed lines come before added ones. */
export function compare(from: string, to: string): DiffLine[] {
  const [a, b] = [from, to].map((text) => text.split("\n").slice(0, -1)) as [string[], string[]];
  const tails = commonTails(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ sign: " ", text: left });
      i++;
      j++;
    } else if (left !== undefined && (tails[i + 1]?.[j] ?? 0) >= (tails[i]?.[j + 1] ?? 0)) {
      lines.push({ sign: "-", text: left });
      i++;
    } else {
      lines.push({ sign: "+", text: right ?? "" });
      j++;
    }
  }
  return lines;
}

/** The lines in the unified format of `diff -U2`, under the names of the two files. */
export function unified(names: readonly [string, string], lines: readonly DiffLine[]): string {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(({ sign }) => sign !== " "),
  );
  let out = `--- ${names[0]}\n+++ ${names[1]}\n`;
  let [left, right, at] = [1, 1, 0];
  while (at < lines.length) {
    let end = at;
    while (near[end] === true) end++;
    const hunk = lines.slice(at, end);
    const [olds, news] = ["+", "-"].map((other) => hunk.filter(({ sign }) => sign !== other).length);
    if (hunk.length > 0) {
      const start = (line: number, count = 0): string => `${count === 0 ? line - 1 : line},${count}`;
      out += `@@ -${start(left, olds)} +${start(right, news)} @@\n`;
      out += hunk.map(({ sign, text }) => `${sign}${text}\n`).join("");
    }
    left += (olds ?? 0) + 1;
    right += (news ?? 0) + 1;
    at = end + 1;
  }
  return out;
}
