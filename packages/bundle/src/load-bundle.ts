import { dirname, extname, isAbsolute, join } from "node:path";
import { type Bundle, InvalidArgumentError, isPlainObject, VerdigrisError } from "@verdigris/contracts";
import type { BundleInput } from "./bundle-input.ts";
import { defineBundle } from "./define-bundle.ts";
import { type BundleIssue, invalidBundle } from "./issues.ts";
import { maxTextLength, parseJsonText } from "./json-text.ts";
import { readPrompt, readText } from "./read-file.ts";
import { parseYamlText, type YamlText } from "./yaml-text.ts";

/** How strict {@link loadBundle} is. */
export interface LoadBundleOptions {
  /** Accepts `code.dirty: true`, beside the file's own `allowDirty`. @default false */
  readonly allowDirty?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The bundle that the file `file` describes, in YAML when its name ends in `.yaml` or `.yml` and in JSON otherwise: what
 * `defineBundle` takes, or a manifest. A prompt may also name `{ version, file }` relative to the bundle file: text is
 * digested byte for byte, so keep its line endings fixed, and a file of kind `examples` is JSON, digested in its
 * canonical form. `$schema` at the top is for editors and left out. A prompt file is at most 16 MiB, the bundle file 1 MB.
 *
 * Errors: those of `parseBundle`; `bundle-invalid` also for a file that is missing or neither YAML nor JSON, with the
 * `cause`.
 */
export async function loadBundle(file: string, options: LoadBundleOptions = {}): Promise<Bundle> {
  if (typeof file !== "string" || file === "") throw new InvalidArgumentError("file", "must be a path");
  const text = await readText({ bundle: file, path: "" }, file, maxTextLength);
  const { value, unquoted } = parseText(file, text);
  try {
    return await bundleFrom(file, value, options);
  } catch (error) {
    throw withQuotingAdvice(file, error, unquoted);
  }
}

function parseText(file: string, text: string): YamlText {
  const yaml = [".yaml", ".yml"].includes(extname(file).toLowerCase());
  return yaml ? parseYamlText(file, text) : { value: parseJsonText(file, text), unquoted: new Map() };
}

async function bundleFrom(file: string, data: unknown, options: LoadBundleOptions): Promise<Bundle> {
  if (!isPlainObject(data)) throw invalidBundle(file, [{ path: "", problem: "must hold an object" }]);
  const { $schema, ...rest } = data;
  if ($schema !== undefined && typeof $schema !== "string") {
    throw invalidBundle(file, [{ path: "$schema", problem: "must be text" }]);
  }
  const resolved = isPlainObject(rest.prompts)
    ? { ...rest, prompts: await resolvePrompts(file, rest.prompts) }
    : rest;
  // Data from a file has no type; defineBundle checks all of it.
  const input = resolved as unknown as BundleInput;
  return defineBundle(options.allowDirty === true ? { ...input, allowDirty: true } : input);
}

/** `version: 1.10` is the number 1.1 in YAML: an author who reads "expected text" sees text there. */
function withQuotingAdvice(file: string, error: unknown, unquoted: YamlText["unquoted"]): unknown {
  if (!(error instanceof VerdigrisError) || error.code !== "bundle-invalid" || unquoted.size === 0)
    return error;
  const issues = (error.details.issues as readonly BundleIssue[]).map(({ path, problem }) => {
    const source = unquoted.get(path);
    if (source === undefined) return { path, problem };
    const written = source === "" ? "nothing" : `${source.slice(0, 40)} without quotes`;
    return { path, problem: `${problem}; YAML reads ${written} as no text: put it in quotes` };
  });
  return invalidBundle(file, issues, { cause: error.cause });
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
  const place = { bundle: file, path: `${path}.file` };
  return { ...rest, ...(await readPrompt(place, join(dirname(file), named), rest.kind)) };
}
