import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";

/** Where an agent is kept, as it was said. */
export type StoreUrl =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string | null }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string | null };

/** A store for people to read: of a server its host and path, never a user, a password or a parameter. */
export function storeLabel(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0];
  if (scheme === "sqlite:") return text;
  // What cannot be read may hold a password anywhere.
  if (scheme === undefined || !URL.canParse(text)) return `${scheme ?? ""}…`;
  const { host, pathname } = new URL(text);
  return host === "" ? `${scheme}…` : `${scheme}//${host}${pathname}`;
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
    throw new CliError(
      "usage",
      `${storeLabel(text)} is no address: a reserved character in a password is written as %40`,
      { cause },
    );
  }
  throw new CliError("usage", `${storeLabel(text)} is no store: use sqlite:path, postgres://… or redis://…`);
}
