import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { packages } from "./workspace.ts";

const mayExportMore = ["contracts", "statistics"];

const entries = packages()
  .filter(({ folder }) => folder !== "acceptance")
  .flatMap(({ manifest, path, folder }) =>
    Object.entries(manifest.exports ?? {})
      // Data has no names to freeze.
      .filter(([subpath]) => !subpath.endsWith(".json"))
      .map(([subpath, conditions]) => ({
        entry: `${manifest.name}${subpath.slice(1)}`,
        folder,
        file: join(path, conditions["@verdigris/source"] ?? ""),
      })),
  );

it.each(entries)("freezes the values of $entry [HOUSE-SURFACE]", async ({ file, folder }) => {
  const names = Object.keys((await import(/* @vite-ignore */ pathToFileURL(file).href)) as object).sort();
  expect(names).toMatchSnapshot();
  expect(names).not.toContain("default");
  if (!mayExportMore.includes(folder)) expect(names.length).toBeLessThanOrEqual(20);
});
