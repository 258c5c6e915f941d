import { isPlainObject, type JsonValue } from "@verdigris/contracts";

/** Deeper than canonical JSON goes, and more than a user should wait to have copied. */
const mostLevels = 100;
const mostParts = 50_000;

/** Thrown where a copy would lose something without a word. */
const lossy: unique symbol = Symbol("lossy");

interface Copying {
  parts: number;
}

function copyObject(value: object, level: number, copying: Copying): JsonValue {
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return copyPart(toJSON.call(value, ""), level + 1, copying);
  // A hole is a part as well: one array may have four billion of them.
  if (Array.isArray(value))
    return Array.from(value, (member: unknown) => copyPart(member ?? null, level + 1, copying));
  if (!isPlainObject(value)) throw lossy;
  const copy: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    const copied = copyPart(member, level + 1, copying);
    if (key !== "__proto__") copy[key] = copied;
    else
      Object.defineProperty(copy, key, {
        value: copied,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return copy;
}

function copyPart(value: unknown, level: number, copying: Copying): JsonValue {
  copying.parts += 1;
  if (level > mostLevels || copying.parts > mostParts) throw lossy;
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "object") return copyObject(value, level, copying);
  throw lossy;
}

/**
 * What JSON makes of `value`, as a copy that shares its strings: time goes by the number of parts, not by their length.
 * Members that are `undefined` are left out and `toJSON` is heeded, as JSON does. Undefined where JSON would lose or
 * change something (a stream, a Map, a function, NaN, wherever it stands), for cycles, and for more than 50,000 parts.
 */
export function plainCopy(value: unknown): JsonValue | undefined {
  try {
    return copyPart(value, 0, { parts: 0 });
  } catch {
    // The getters and toJSON of a value may throw too.
    return undefined;
  }
}
