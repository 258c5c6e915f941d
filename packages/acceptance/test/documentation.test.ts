import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { filesBelow, read, root } from "./workspace.ts";

const documents = [
  "README.md",
  "CHANGELOG.md",
  ...filesBelow("docs", ".md"),
  ...filesBelow("packages", ".md"),
  ...filesBelow("examples", ".md"),
  ...filesBelow("bench", ".md"),
];

function errorCodes(): string[] {
  const source = read("packages/contracts/src/errors.ts");
  const [, union = ""] = /export type ErrorCode =([\s\S]*?);/.exec(source) ?? [];
  return [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code ?? "");
}

it("has a heading for every error code, and no heading for any other", () => {
  const headings = [...read("docs/errors.md").matchAll(/^### `([a-z-]+)`/gm)].map(([, code]) => code ?? "");
  expect(errorCodes().length).toBeGreaterThan(20);
  expect([...headings].sort()).toEqual([...errorCodes()].sort());
});

it("uses every error code somewhere in the sources", () => {
  const sources = filesBelow("packages", ".ts").filter(
    (path) => path.includes("/src/") && !path.endsWith("contracts/src/errors.ts"),
  );
  const text = sources.map((path) => read(path)).join("\n");
  expect(errorCodes().filter((code) => code !== "invalid-argument" && !text.includes(`"${code}"`))).toEqual(
    [],
  );
});

it("links inside the documentation lead somewhere", () => {
  const broken: string[] = [];
  for (const path of documents) {
    for (const [, target = ""] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith("#")) continue;
      if (!existsSync(join(root, dirname(path), target.split("#")[0] ?? "")))
        broken.push(`${path}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

it("describes every kind of record that the keys name", () => {
  const kinds = [...read("packages/contracts/src/keys.ts").matchAll(/\$\{prefix\}([a-z]+)/g)].map(
    ([, kind]) => kind ?? "",
  );
  const formats = read("docs/formats.md");
  expect(kinds.length).toBeGreaterThan(5);
  expect(kinds.filter((kind) => !formats.includes(`/${kind}`))).toEqual([]);
});

// A gap is no mistake: whoever writes takes a number first, and may come to need none.
it("gives every decision a number of its own", () => {
  const numbers = filesBelow("docs/decisions", ".md")
    .map((path) => Number(/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]))
    .sort((a, b) => a - b);
  expect(numbers.filter((number, i) => !(number > (numbers[i - 1] ?? 0)))).toEqual([]);
  expect(numbers.length).toBeGreaterThan(20);
});
