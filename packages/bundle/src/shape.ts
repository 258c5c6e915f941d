import { isPlainObject, joinPath } from "@verdigris/contracts";
import type { BundleIssue } from "./issues.ts";

/** Everything wrong with a value that stands at `path`; nothing when it has the shape. */
export type Shape = (value: unknown, path: string) => readonly BundleIssue[];

/** A member that may be absent; present, it has its shape. */
export interface OptionalShape {
  readonly optional: Shape;
}

/** A shape for each member that `T` has, marked where `T` lets it be absent. */
export type Members<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? OptionalShape : Shape;
};

const fits: readonly BundleIssue[] = [];
const wrong = (path: string, problem: string): readonly BundleIssue[] => [{ path, problem }];

/** A value for which `holds` is true; `problem` completes the sentence that its path begins. */
export function shape(holds: (value: unknown) => boolean, problem: string): Shape {
  return (value, path) => (holds(value) ? fits : wrong(path, problem));
}

/** Text that matches, in at most `maxLength` UTF-16 units. */
export function text(pattern: RegExp, problem: string, maxLength: number = Number.POSITIVE_INFINITY): Shape {
  return shape(
    (value) => typeof value === "string" && value.length <= maxLength && pattern.test(value),
    problem,
  );
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): Shape {
  return shape(
    (value) => words.some((word) => word === value),
    `must be ${words.map((word) => JSON.stringify(word)).join(" or ")}`,
  );
}

/** True or false. */
export const flag: Shape = shape((value) => typeof value === "boolean", "must be true or false");

/** Marks a member that may be absent. */
export function optional(inner: Shape): OptionalShape {
  return { optional: inner };
}

/** Null, or a value of the shape. */
export function orNull(inner: Shape): Shape {
  return (value, path) => (value === null ? fits : inner(value, path));
}

/**
 * An object with these members and no others. Unknown members are refused, not kept: a misspelt `snapshot` must not read
 * as an absent one.
 */
export function members<T>(expected: Members<T>): Shape {
  const known = Object.entries<Shape | OptionalShape>(expected);
  return (value, path) => {
    if (!isPlainObject(value)) return wrong(path, "must be an object");
    const issues = known.flatMap(([name, member]) => {
      const at = joinPath(path, name);
      const inner = typeof member === "function" ? member : member.optional;
      if (Object.hasOwn(value, name)) return inner(value[name], at);
      return typeof member === "function" ? wrong(at, "is missing") : fits;
    });
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(expected, name));
    return [
      ...issues,
      ...unknown.flatMap((name) => wrong(joinPath(path, name), "is unknown; check the spelling")),
    ];
  };
}

/** An object with any names that match, each for a value of one shape. */
export function record(names: RegExp, problem: string, entry: Shape): Shape {
  return (value, path) => {
    if (!isPlainObject(value)) return wrong(path, "must be an object");
    return Object.entries(value).flatMap(([name, member]) => {
      const at = joinPath(path, name);
      return names.test(name) ? entry(member, at) : wrong(at, problem);
    });
  };
}
