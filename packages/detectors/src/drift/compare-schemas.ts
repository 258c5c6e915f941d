import { canonicalJson, isPlainObject, type JsonValue } from "@verdigris/contracts";
import type { DriftClass } from "./drift-book.ts";

/** A difference of two schemas. */
export interface SchemaChange {
  readonly path: string;
  readonly class: DriftClass;
  readonly change: string;
}

/** Whether a schema says what a caller gives or what it gets: more demands break the one, fewer promises the other. */
export type SchemaSide = "input" | "output";

type Schema = Readonly<Record<string, unknown>>;

const words: ReadonlySet<string> = new Set([
  "description",
  "title",
  "examples",
  "default",
  "$comment",
  "$id",
  "$schema",
]);
const structural: ReadonlySet<string> = new Set(["type", "enum", "properties", "required", "items"]);

/**
 * What changed between two JSON Schemas of a tool, by path. A required path that is gone, a type or enum value that is gone, an
 * argument that is newly required and any constraint that changed are breaking; what is new and optional is additive.
 */
export function compareSchemas(side: SchemaSide, before: unknown, after: unknown): SchemaChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path: side, class: "additive", change: "a schema is declared" }];
  if (after === undefined)
    return [{ path: side, class: "breaking", change: "no schema is declared any more" }];
  return compare(side, side, asSchema(before), asSchema(after));
}

function asSchema(value: unknown): Schema {
  return isPlainObject(value) ? (value as Schema) : {};
}

function compare(side: SchemaSide, path: string, before: Schema, after: Schema): SchemaChange[] {
  return [
    ...compareSets(path, "type", typesOf(before), typesOf(after)),
    ...compareSets(path, "enum value", listOf(before.enum), listOf(after.enum)),
    ...compareProperties(side, path, before, after),
    ...(before.items === undefined && after.items === undefined
      ? []
      : compare(side, `${path}[]`, asSchema(before.items), asSchema(after.items))),
    ...compareRest(path, before, after),
  ];
}

function typesOf({ type }: Schema): readonly string[] {
  return type === undefined ? [] : [type].flat().map(String);
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((one) => canonicalJson(one as JsonValue)) : [];
}

/** What was allowed and is not is breaking; what is allowed besides is additive. Values of an enum are counted, not shown. */
function compareSets(
  path: string,
  noun: string,
  before: readonly string[],
  after: readonly string[],
): SchemaChange[] {
  const changes: SchemaChange[] = [];
  const gone = before.filter((one) => !after.includes(one)).length;
  const added = after.filter((one) => !before.includes(one)).length;
  const narrowed = before.length === 0 && after.length > 0;
  if (gone > 0 || narrowed)
    changes.push({
      path,
      class: "breaking",
      change: narrowed ? `is now limited by ${noun}` : `${gone} ${noun}(s) gone`,
    });
  else if (added > 0) changes.push({ path, class: "additive", change: `${added} ${noun}(s) added` });
  return changes;
}

function compareProperties(side: SchemaSide, path: string, before: Schema, after: Schema): SchemaChange[] {
  const [old, now] = [asSchema(before.properties), asSchema(after.properties)];
  const [wasRequired, isRequired] = [listOf(before.required), listOf(after.required)];
  const required = (list: readonly string[], name: string): boolean => list.includes(canonicalJson(name));
  const changeOf = (name: string): SchemaChange[] => {
    const at = `${path}.${name}`;
    const [was, is] = [required(wasRequired, name), required(isRequired, name)];
    if (!(name in now)) return [{ path: at, class: "breaking", change: "is gone" }];
    if (!(name in old)) return [newChange(side, at, is)];
    const inside = compare(side, at, asSchema(old[name]), asSchema(now[name]));
    return was === is ? inside : [requiredChange(side, at, is), ...inside];
  };
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap(changeOf);
}

function newChange(side: SchemaSide, path: string, isRequired: boolean): SchemaChange {
  const breaks = side === "input" && isRequired;
  return {
    path,
    class: breaks ? "breaking" : "additive",
    change: isRequired ? "is new and required" : "is new",
  };
}

function requiredChange(side: SchemaSide, path: string, isRequired: boolean): SchemaChange {
  const breaks = side === "input" ? isRequired : !isRequired;
  return {
    path,
    class: breaks ? "breaking" : "additive",
    change: isRequired ? "is now required" : "is no longer required",
  };
}

function compareRest(path: string, before: Schema, after: Schema): SchemaChange[] {
  const changes: SchemaChange[] = [];
  for (const word of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (structural.has(word) || isSame(before[word], after[word])) continue;
    changes.push({ path, class: words.has(word) ? "cosmetic" : "breaking", change: `${word} has changed` });
  }
  return changes;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a as JsonValue) === canonicalJson(b as JsonValue);
}
