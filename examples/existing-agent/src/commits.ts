import { readFile } from "node:fs/promises";
import { compare, type DiffLine, unified } from "./diff.ts";

/** One step of the adoption: what it changes in what was there, and what it adds beside it. */
export interface Commit {
  readonly name: string;
  /** Changes of the agent's own file. */
  readonly lines: readonly DiffLine[];
  /** All of it, in the unified format. */
  readonly diff: string;
}

const folders = ["0-before", "1-tag", "2-pin", "3-choose", "4-release"] as const;
/** New files of a step. */
const beside: Readonly<Record<string, string>> = { "4-release": "release.ts" };

/** A file of this example, whether the program runs from `src` or from `dist`. */
export const here = (path: string): URL => new URL(`../${path}`, import.meta.url);
const read = (path: string): Promise<string> => readFile(here(path), "utf8");

/** The steps, computed from the sources. */
export async function computeCommits(): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (const [i, name] of folders.slice(1).entries()) {
    const [from, to] = [`src/${folders[i]}/agent.ts`, `src/${name}/agent.ts`];
    const lines = compare(await read(from), await read(to));
    let diff = unified([from, to], lines);
    const added = beside[name];
    if (added !== undefined) {
      const path = `src/${name}/${added}`;
      diff += unified(["/dev/null", path], compare("", await read(path)));
    }
    commits.push({ name, lines, diff });
  }
  return commits;
}

/** How the README shows a step: between a marker and the end of a block. */
export function readmeBlock({ name, diff }: Commit): string {
  return `<!-- diffs/${name}.diff -->\n\n\`\`\`diff\n${diff}\`\`\`\n`;
}
