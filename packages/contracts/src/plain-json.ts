import type { JsonObject, JsonValue } from "./json.ts";

/** One thing wrong with data: where, and what; the two read as one sentence. */
export interface JsonIssue {
  /** Dotted path from the top of the data, such as `models.planner.snapshot`; empty for the whole of it. */
  readonly path: string;
  /** Completes the sentence that the path begins: "is missing", "is unknown". */
  readonly problem: string;
}

/** More issues would bury the first; hostile data can have millions. */
export const maxJsonIssues = 100;

/** Appends a member name to a path; names that are no plain words are quoted, long ones cut. */
export function joinPath(path: string, name: string | number): string {
  const text = String(name);
  const shown = /^[\w.:-]{1,128}$/.test(text) ? text : JSON.stringify(text.slice(0, 40));
  return path === "" ? shown : `${path}.${shown}`;
}

/** What was read: a deeply frozen copy, meaningful only when `issues` is empty and `tooLarge` is false. */
export interface PlainJson {
  readonly value: JsonValue;
  readonly issues: readonly JsonIssue[];
  readonly tooLarge: boolean;
}

/** How much to accept. */
export interface PlainJsonLimits {
  /** Values plus characters of strings and keys: never more than the UTF-8 bytes of the JSON text. */
  readonly maxUnits: number;
  /** Refuses `__proto__`, `constructor` and `prototype` as member names. */
  readonly refusePrototypeKeys: boolean;
}

interface Reading extends PlainJsonLimits {
  readonly issues: JsonIssue[];
  readonly open: Set<object>;
  units: number;
}

const maxDepth = 100;
// With the u flag a surrogate matches only where it has no partner.
const loneSurrogate = /\p{Surrogate}/u;
const prototypeKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** True for an object literal of any realm (or one without a prototype), false for class instances and arrays. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Copies `value` once, reading every member a single time, so that getters and proxies cannot answer twice. What is no
 * JSON is listed, not dropped: a member that vanished silently would leave two values under one digest.
 */
export function readPlainJson(value: unknown, limits: PlainJsonLimits): PlainJson {
  const reading: Reading = { ...limits, issues: [], open: new Set(), units: 0 };
  let copy: JsonValue = null;
  try {
    copy = readValue(value, "", reading);
  } catch {
    report(reading, "", "cannot be read: a getter or proxy in it threw");
  }
  return { value: copy, issues: reading.issues, tooLarge: reading.units > limits.maxUnits };
}

function readValue(value: unknown, path: string, reading: Reading): JsonValue {
  reading.units += 1;
  if (reading.units > reading.maxUnits) return null;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return readText(value, path, reading);
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : report(reading, path, `is ${value}, which JSON cannot hold`);
  }
  if (typeof value !== "object") return report(reading, path, `is ${named(value)}, which JSON cannot hold`);
  return readNested(value, path, reading);
}

function named(value: unknown): string {
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

function readText(text: string, path: string, reading: Reading): string {
  reading.units += text.length;
  if (reading.units > reading.maxUnits) return "";
  if (loneSurrogate.test(text))
    report(reading, path, "holds half of a surrogate pair, which UTF-8 cannot encode");
  return text;
}

function readNested(value: object, path: string, reading: Reading): JsonValue {
  if (reading.open.has(value)) return report(reading, path, "refers back to itself");
  if (reading.open.size >= maxDepth) return report(reading, path, `is nested deeper than ${maxDepth} levels`);
  reading.open.add(value);
  const copy = Array.isArray(value) ? readArray(value, path, reading) : readObject(value, path, reading);
  reading.open.delete(value);
  return copy;
}

function readArray(value: readonly unknown[], path: string, reading: Reading): JsonValue {
  if (reading.units + value.length > reading.maxUnits) {
    reading.units += value.length;
    return null;
  }
  if (Reflect.ownKeys(value).length !== value.length + 1) {
    return report(reading, path, "is an array with holes or members of its own");
  }
  const copy: JsonValue[] = [];
  for (let index = 0; index < value.length; index += 1) {
    copy.push(readValue(value[index], joinPath(path, index), reading));
  }
  return Object.freeze(copy);
}

function readObject(value: object, path: string, reading: Reading): JsonValue {
  if (!isPlainObject(value)) return report(reading, path, "is no plain object");
  if (Object.getOwnPropertySymbols(value).length > 0) return report(reading, path, "has a symbol for a key");
  const members: [string, JsonValue][] = [];
  for (const key of Object.keys(value)) {
    const inner = joinPath(path, key);
    readText(key, inner, reading);
    if (reading.units > reading.maxUnits) return null;
    if (reading.refusePrototypeKeys && prototypeKeys.has(key)) {
      report(reading, inner, "is a name that JavaScript keeps for prototypes");
    } else members.push([key, readValue(value[key], inner, reading)]);
  }
  // fromEntries defines members, so `__proto__` becomes a member and not the prototype.
  return Object.freeze(Object.fromEntries(members) satisfies JsonObject);
}

function report(reading: Reading, path: string, problem: string): null {
  if (reading.issues.length < maxJsonIssues) reading.issues.push({ path, problem });
  return null;
}
