import { readFile, writeFile } from "node:fs/promises";
import { computeCommits, here, readmeBlock } from "./commits.ts";

// Writes the diffs anew, as files and into the README; `main.ts` fails when they are behind the sources.
let readme = await readFile(here("README.md"), "utf8");
for (const commit of await computeCommits()) {
  await writeFile(here(`diffs/${commit.name}.diff`), commit.diff);
  const block = new RegExp(`<!-- diffs/${commit.name}\\.diff -->\\n\\n\`\`\`diff\\n[\\s\\S]*?\`\`\`\\n`);
  readme = readme.replace(block, () => readmeBlock(commit));
}
await writeFile(here("README.md"), readme);
