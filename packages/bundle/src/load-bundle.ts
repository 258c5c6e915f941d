/// <reference types="node" />
// The reference opens Node's types to the whole compilation; a test walks the imports of the main entry instead.
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { type Bundle, InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import type { BundleInput } from "./bundle-input.ts";
import { defineBundle } from "./define-bundle.ts";
import { digestOf } from "./digest.ts";
import { type BundleIssue, invalidBundle } from "./issues.ts";
import { maxTextLength, parseJsonText } from "./json-text.ts";
import { isPlainObject } from "./plain-json.ts";

/** How strict {@link loadBundle} is. */
export interface LoadBundleOptions {
  /** Accepts `code.dirty: true`, beside the file's own `allowDirty`. @default false */
  readonly allowDirty?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const maxPromptBytes = 16_777_216;

/**
 * The bundle that the JSON file `file` describes: what `defineBundle` takes, or a manifest. A prompt may also name
 * `{ version, file }` relative to the bundle file: text is digested byte for byte, so keep its line endings fixed, and a
 * file of kind `examples` is JSON, digested in its canonical form. A file is at most 16 MiB, the bundle file 1 MB.
 *
 * Errors: those of `parseBundle`; `bundle-invalid` also for a file that is missing or not JSON, with the `cause`.
 */
export async function loadBundle(file: string, options: LoadBundleOptions = {}): Promise<Bundle> {
  if (typeof file !== "string" || file === "") throw new InvalidArgumentError("file", "must be a path");
  const data = parseJsonText(file, decode(file, "", await readBytes(file, file, "", maxTextLength)));
  if (!isPlainObject(data)) throw invalidBundle(file, [{ path: "", problem: "must hold a JSON object" }]);
  const resolved = isPlainObject(data.prompts)
    ? { ...data, prompts: await resolvePrompts(file, data.prompts) }
    : data;
  // JSON from a file has no type; defineBundle checks all of it.
  const input = resolved as unknown as BundleInput;
  return defineBundle(options.allowDirty === true ? { ...input, allowDirty: true } : input);
}

async function resolvePrompts(file: string, prompts: Fields): Promise<Fields> {
  const entries: [string, unknown][] = [];
  const issues: BundleIssue[] = [];
  let cause: unknown;
  for (const [name, entry] of Object.entries(prompts)) {
    try {
      entries.push([name, await resolvePrompt(file, `prompts.${name}`, entry)]);
    } catch (error) {
      if (!(error instanceof VerdigrisError) || error.code !== "bundle-invalid") throw error;
      issues.push(...(error.details.issues as BundleIssue[]));
      cause ??= error.cause;
    }
  }
  if (issues.length > 0) throw invalidBundle(file, issues, { cause });
  return Object.fromEntries(entries);
}

async function resolvePrompt(file: string, path: string, entry: unknown): Promise<unknown> {
  if (!isPlainObject(entry) || entry.file === undefined) return entry;
  const { file: named, ...rest } = entry;
  const other = ["text", "examples", "digest"].find((field) => field in rest);
  if (other !== undefined) {
    throw invalidBundle(file, [{ path, problem: `gives file and ${other}; give one of them` }]);
  }
  if (typeof named !== "string" || named === "" || isAbsolute(named)) {
    const problem = "must be a path relative to the bundle file";
    throw invalidBundle(file, [{ path: `${path}.file`, problem }]);
  }
  const at = `${path}.file`;
  const bytes = await readBytes(file, join(dirname(file), named), at, maxPromptBytes);
  const text = decode(file, at, bytes);
  if (rest.kind !== "examples") return { ...rest, digest: digestOf(text) };
  return { ...rest, examples: parseExamples(file, at, text) };
}

function parseExamples(file: string, path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidBundle(file, [{ path, problem: "names a file that is no JSON" }], { cause });
  }
}

async function readBytes(bundle: string, file: string, path: string, limit: number): Promise<Uint8Array> {
  try {
    // Asked before opening: opening a pipe would wait for a writer.
    const found = await stat(file);
    if (!found.isFile()) throw invalidBundle(bundle, [{ path, problem: `is no regular file: ${file}` }]);
    if (found.size > limit) {
      throw new VerdigrisError(
        "bundle-too-large",
        `${file} has ${found.size} bytes, the limit is ${limit}: keep data out of the bundle and give its digest`,
        { file, bytes: found.size, limit },
      );
    }
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof VerdigrisError) throw cause;
    throw invalidBundle(bundle, [{ path, problem: `cannot be read: ${file}` }], { cause });
  }
}

/** Strict, and keeping a byte order mark: the digest of the text is the digest of the file. */
function decode(bundle: string, path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalidBundle(bundle, [{ path, problem: "is no UTF-8 text" }], { cause });
  }
}
