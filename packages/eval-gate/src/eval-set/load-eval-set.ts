/// <reference types="node" />
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { InvalidArgumentError, type JsonIssue, repeatedMembers, VerdigrisError } from "@verdigris/contracts";
import { parseDocument } from "yaml";
import { defineEvalSet } from "./define-eval-set.ts";
import type { EvalSet, EvalSetInput } from "./eval-set.ts";

const maxBytes = 268_435_456;
const maxAliases = 100;

/**
 * The eval set in `file`: what `defineEvalSet` takes, as JSON, as YAML (`.yaml`, `.yml`; version 1.2, core schema) or as
 * JSONL (`.jsonl`, `.ndjson`), where the first line holds `name` and `version` and every further line a case.
 *
 * Throws `eval-set-invalid` for a file that cannot be read, is over 256 MiB, is not what its name says, names a member of an
 * object twice or holds no eval set, with the `cause`.
 */
export async function loadEvalSet(file: string): Promise<EvalSet> {
  if (typeof file !== "string" || file === "") throw new InvalidArgumentError("file", "must be a path");
  const text = await readText(file);
  // A file has no type; defineEvalSet checks all of it.
  return defineEvalSet(parse(file, text) as EvalSetInput);
}

async function readText(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile() || found.size > maxBytes)
      throw invalid(file, `is no file of at most ${maxBytes} bytes`);
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    if (cause instanceof VerdigrisError) throw cause;
    throw invalid(file, "cannot be read as UTF-8 text", cause);
  }
}

function parse(file: string, text: string): unknown {
  switch (extname(file).toLowerCase()) {
    case ".yaml":
    case ".yml":
      return parseYaml(file, text);
    case ".jsonl":
    case ".ndjson":
      return parseLines(file, text);
    default:
      return parseJson(file, "", text);
  }
}

function parseYaml(file: string, text: string): unknown {
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: true,
    logLevel: "error",
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) throw invalid(file, `is no YAML: ${fault.message}`, fault);
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (cause) {
    throw invalid(file, "grows beyond measure through its aliases", cause);
  }
}

function parseLines(file: string, text: string): unknown {
  const lines = text.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [{ line, at }]));
  const [head, ...cases] = lines.map(({ line, at }) => parseJson(file, ` line ${at + 1}`, line));
  if (typeof head !== "object" || head === null)
    throw invalid(file, "must begin with a line of name and version");
  if ("cases" in head)
    throw invalid(file, "holds cases in its first line: name it .json, or give a line to each case");
  return { ...head, cases };
}

function parseJson(file: string, place: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, `${place} is no JSON`.trim(), cause);
  }
  const issues = repeatedMembers(text);
  const [first] = issues;
  if (first === undefined) return value;
  throw invalid(file, `${place} ${first.path} ${first.problem}`.trim(), undefined, issues);
}

function invalid(
  file: string,
  problem: string,
  cause?: unknown,
  issues: readonly JsonIssue[] = [{ path: "", problem }],
): VerdigrisError {
  return new VerdigrisError(
    "eval-set-invalid",
    `${file} ${problem}: correct the file and try again`,
    { issues },
    { cause },
  );
}
