import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";

/** Where an agent is kept, as it was said. */
export type StoreUrl =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string | null }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string | null };

/** A store without its password, for people to read. */
export function storeLabel(text: string): string {
  return text.replace(/\/\/([^@/]*)@/, "//…@");
}

function withoutParameter(text: string, name: string): { url: string; value: string | null } {
  const url = new URL(text);
  const value = url.searchParams.get(name);
  url.searchParams.delete(name);
  return { url: url.href, value };
}

/** Reads `sqlite:path`, `postgres://…?schema=name` or `redis://…?prefix=name`; throws `usage` for anything else. */
export function parseStoreUrl(text: string, folder: string): StoreUrl {
  try {
    if (text.startsWith("sqlite:") && text.length > "sqlite:".length) {
      return { kind: "sqlite", file: resolve(folder, text.slice("sqlite:".length)) };
    }
    if (/^postgres(ql)?:\/\//.test(text)) {
      const { url, value } = withoutParameter(text, "schema");
      return { kind: "postgres", url, schema: value };
    }
    if (/^rediss?:\/\//.test(text)) {
      const { url, value } = withoutParameter(text, "prefix");
      return { kind: "redis", url, prefix: value };
    }
  } catch (cause) {
    throw new CliError("usage", `${storeLabel(text)} is no address`, { cause });
  }
  throw new CliError("usage", `${storeLabel(text)} is no store: use sqlite:path, postgres://… or redis://…`);
}
