import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const here = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");

test("the guide for authors of stores shows the two programs that are run here, whole", async () => {
  const guide = await here("../../../../docs/guides/write-a-store.md");
  for (const name of ["./journal-store.ts", "./journal-store.test.ts"]) {
    expect(guide).toContain(`\`\`\`ts\n${await here(name)}\`\`\``);
  }
});
