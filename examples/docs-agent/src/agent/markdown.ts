/** A heading of a page and the lines below it, up to the next heading. */
export interface Section {
  readonly heading: string;
  readonly text: string;
}

const issueSection = /## Issue\s+([\s\S]*?)(?=\n## )/;

/** The prose of a page: code blocks, tags, link targets and marks removed, white space folded. */
export function plainText(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?```/g, " ")
    .replace(/<[^>]+>/g, " ")
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/[`*_#>|]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** The sentences of a text, in order. */
export function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+/);
}

/** The "Issue" part of a troubleshooting page, where there is one. */
export function issueText(markdown: string): string | undefined {
  return issueSection.exec(markdown)?.[1];
}

/** The page without its "Issue" part, so that a question taken from it cannot find itself. */
export function withoutIssue(markdown: string): string {
  return markdown.replace(issueSection, "");
}

/** The sections of a page in plain text; what stands before the first heading belongs to `title`. */
export function sectionsOf(markdown: string, title: string): Section[] {
  const sections: { heading: string; lines: string[] }[] = [{ heading: title, lines: [] }];
  let insideCode = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) insideCode = !insideCode;
    const heading = insideCode ? undefined : /^#{1,4}\s+(.*)/.exec(line)?.[1];
    if (heading === undefined) sections.at(-1)?.lines.push(line);
    else sections.push({ heading, lines: [] });
  }
  return sections
    .filter(({ lines }) => lines.join("").trim() !== "")
    .map(({ heading, lines }) => ({ heading, text: plainText(lines.join("\n")) }));
}
