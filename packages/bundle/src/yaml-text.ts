import { joinPath, maxJsonIssues, VerdigrisError } from "@verdigris/contracts";
import { type Alias, type Document, isMap, isScalar, isSeq, parseDocument, visit, type YAMLMap } from "yaml";
import { type BundleIssue, invalidBundle } from "./issues.ts";
import { maxTextLength } from "./json-text.ts";

/** What YAML text holds. */
export interface YamlText {
  readonly value: unknown;
  /** Path to source of every value without quotes that YAML does not read as text: `1.10`, `true`, `~`. */
  readonly unquoted: ReadonlyMap<string, string>;
}

/** Enough to share a digest or two; each costs a pass over the whole text. */
const maxAliases = 100;

/**
 * Parses YAML 1.2 text with the core schema: `no` and `2024-11-23` are text, `1.10` is a number. Throws
 * `bundle-too-large` before looking at text of more than 1,000,000 characters, and `bundle-invalid` for text that is no
 * YAML, names a member twice, holds several documents or another version's directive, uses a tag that is not of the core
 * schema, a key that is no text, or over 100 aliases.
 */
export function parseYamlText(name: string, text: string): YamlText {
  if (text.length > maxTextLength) {
    throw new VerdigrisError(
      "bundle-too-large",
      `${name} has ${text.length} characters, no bundle needs more than ${maxTextLength}: keep texts out of it and give their digests`,
      { length: text.length, limit: maxTextLength },
    );
  }
  const document = parse(name, text);
  const faults = [...document.errors, ...document.warnings];
  const issues: BundleIssue[] = faults.map(({ message }) => ({
    path: "",
    problem: `is no YAML: ${message}`,
  }));
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    issues.push({ path: "", problem: "asks for another version than YAML 1.2" });
  }
  if (countAliases(document) > maxAliases) {
    issues.push({ path: "", problem: `uses more than ${maxAliases} aliases` });
  }
  const reading: Reading = { issues, unquoted: new Map() };
  if (issues.length === 0) readNode(document.contents, "", reading);
  // Values are built last: keys that are no text take exponential time to print.
  if (issues.length > 0) throw invalidBundle(name, issues, { cause: faults[0] });
  return { value: builtValue(name, document), unquoted: reading.unquoted };
}

function parse(name: string, text: string): Document {
  try {
    return parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      stringKeys: true,
      resolveKnownTags: false,
      // The parser compares every key with every other one; the reading below needs one pass.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
    });
  } catch (cause) {
    throw invalidBundle(name, [{ path: "", problem: "is no YAML text" }], { cause });
  }
}

function builtValue(name: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (cause) {
    throw invalidBundle(name, [{ path: "", problem: "grows beyond measure through its aliases" }], { cause });
  }
}

function countAliases(document: Document): number {
  let count = 0;
  visit(document, {
    Alias(_key: unknown, _node: Alias): void {
      count += 1;
    },
  });
  return count;
}

interface Reading {
  readonly issues: BundleIssue[];
  readonly unquoted: Map<string, string>;
}

function readNode(node: unknown, path: string, reading: Reading): void {
  if (isScalar(node)) {
    if (typeof node.value !== "string") reading.unquoted.set(path, node.source ?? "");
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) readNode(item, joinPath(path, index), reading);
  } else if (isMap(node)) readMap(node, path, reading);
}

function readMap(map: YAMLMap, path: string, reading: Reading): void {
  const names = new Set<string>();
  for (const { key, value } of map.items) {
    const name = String(isScalar(key) ? key.value : key);
    const inner = joinPath(path, name);
    if (names.has(name) && reading.issues.length < maxJsonIssues) {
      reading.issues.push({ path: inner, problem: "stands twice in one object" });
    }
    names.add(name);
    readNode(value, inner, reading);
  }
}
