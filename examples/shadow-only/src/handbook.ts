import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import MiniSearch, { type Options } from "minisearch";

/** One section of this project's own documentation. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

function pagesOf(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".md")).map((file) => join(folder, file));
}

function readmesOf(folder: string): string[] {
  const names = readdirSync(join(root, folder)).map((name) => join(folder, name, "README.md"));
  return names.filter((name) => existsSync(join(root, name)));
}

/** Every section of every page, as people wrote them. */
export function readSections(): readonly Section[] {
  const pages = [...pagesOf("docs"), ...readmesOf("packages")].sort();
  return pages.flatMap((page) => {
    const parts = readFileSync(join(root, page), "utf8").split(/^##+ /m).slice(1);
    return parts.map((part, at) => {
      const [title = "", ...lines] = part.split("\n");
      return { id: `${page}#${at}`, title: title.replaceAll("`", ""), text: lines.join("\n") };
    });
  });
}

/** What people would type to find a section: the first sentence below its title. */
export function readQuestions(sections: readonly Section[]): readonly string[] {
  const firsts = sections.map(({ text }) => /[A-Z][^.|:\n]{30,160}[.:]/.exec(text)?.[0]);
  return [...new Set(firsts.filter((first) => first !== undefined))];
}

/** A search over the sections; the settings are what differs between two versions of it. */
export function createSearch(sections: readonly Section[], settings: Partial<Options<Section>> = {}) {
  const index = new MiniSearch<Section>({ fields: ["title", "text"], ...settings });
  index.addAll(sections);
  return ({ query }: { readonly query: string }): readonly string[] =>
    index
      .search(query)
      .slice(0, 5)
      .map(({ id }) => String(id));
}
