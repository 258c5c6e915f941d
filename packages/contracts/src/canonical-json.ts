import { InvalidArgumentError } from "./errors.ts";
import type { JsonValue } from "./json.ts";
import { readPlainJson } from "./plain-json.ts";

// Own code, not a package: bundle ids stand on these few lines, the packages that do the same either need a newer Node or
// call toJSON and drop undefined members, and ECMAScript already prints numbers and strings as RFC 8785 asks.

const maxUnits = 4_194_304;

/**
 * The canonical JSON text of `value` (RFC 8785): members sorted by UTF-16 code units, numbers and strings as ECMAScript
 * prints them, no white space. Equal data gives equal text whatever the order of its members.
 *
 * Throws `invalid-argument` for what JSON cannot hold (NaN, infinities, undefined, bigint, functions, symbols, lone
 * surrogates, cycles, holes, objects that are not plain; `toJSON` is never called), for more than 100 levels and for
 * more than 4,194,304 values and characters.
 */
export function canonicalJson(value: unknown): string {
  const read = readPlainJson(value, { maxUnits, refusePrototypeKeys: false });
  if (read.tooLarge)
    throw new InvalidArgumentError("value", `holds more than ${maxUnits} values and characters`);
  const first = read.issues[0];
  if (first !== undefined) {
    throw new InvalidArgumentError(first.path === "" ? "value" : `value.${first.path}`, first.problem);
  }
  return writeCanonical(read.value);
}

/** The canonical text of what is known to be JSON. */
export function writeCanonical(value: JsonValue): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(writeCanonical).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeCanonical(member)}`).join(",")}}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
