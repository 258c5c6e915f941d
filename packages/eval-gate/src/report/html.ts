import { shown } from "./wording.ts";

/** HTML that was put together here: the only text that is written without being escaped. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | null | readonly (string | Html)[];

/** Puts HTML together. Everything but {@link Html} is escaped, for text and for quoted attributes alike. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, at) => text + written(parts[at] ?? null)).join("") };
}

function written(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  if ("html" in part) return part.html;
  return part.map((one) => written(one)).join("");
}

function escaped(text: string): string {
  return shown(text).replace(/[<>&"'`=]/g, (one) => `&#${one.charCodeAt(0)};`);
}
