import { VerdigrisError } from "@verdigris/contracts";

/** What a value has to look like, a rule for plain values, an object for the members it has at least. */
export type Shape = ((value: unknown) => boolean) | { readonly [member: string]: Shape };

export const isText: Shape = (value) => typeof value === "string";
export const isNumber: Shape = (value) => Number.isFinite(value);
export const isBoolean: Shape = (value) => typeof value === "boolean";

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same, or null. */
export function orNull(shape: Shape): Shape {
  return (value) => value === null || misfit(value, shape, "") === null;
}

/** A list of such. */
export function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every((item) => misfit(item, shape, "") === null);
}

/** An object whose every member is such. */
export function recordOf(shape: Shape): Shape {
  return (value) =>
    isRecord(value) && Object.values(value).every((member) => misfit(member, shape, "") === null);
}

function misfit(value: unknown, shape: Shape, path: string): string | null {
  if (typeof shape === "function") return shape(value) ? null : path;
  if (!isRecord(value)) return path;
  for (const [name, inner] of Object.entries(shape)) {
    const found = misfit(value[name], inner, path === "" ? name : `${path}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

/** Throws `evidence-invalid` for what came from elsewhere and is not what it should be; `what` is said of it. */
export function requireShape(what: string, value: unknown, shape: Shape): void {
  const found = misfit(value, shape, "");
  if (found === null) return;
  const where = found === "" ? "it is no object" : `\`${found}\` is missing or of another kind`;
  throw new VerdigrisError("evidence-invalid", `this is no ${what} that can be read: ${where}`);
}
