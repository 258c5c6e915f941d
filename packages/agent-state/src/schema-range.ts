import { InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";

/** The versions of the memory's schema a bundle can read, and the one it writes. Whole numbers from 1. */
export interface SchemaRange {
  /** Lowest and highest version it reads, both included. */
  readonly reads: readonly [lowest: number, highest: number];
  readonly writes: number;
}

function isVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1;
}

/** Returns a range that makes sense; throws `invalid-argument`, also for a bundle that could not read what it writes. */
export function requireSchemaRange(schema: SchemaRange): SchemaRange {
  const { reads, writes } = schema ?? {};
  if (!(Array.isArray(reads) && reads.length === 2 && reads.every(isVersion) && isVersion(writes))) {
    throw new InvalidArgumentError(
      "schema",
      "must be { reads: [lowest, highest], writes } in whole numbers from 1",
    );
  }
  if (reads[0] > writes || writes > reads[1]) {
    throw new InvalidArgumentError(
      "schema",
      `reads ${reads[0]} to ${reads[1]}, and so could not read the ${writes} it writes`,
    );
  }
  return { reads: [reads[0], reads[1]], writes };
}

/** True when a reader with `schema` understands `version`; without a declared range everything is taken as readable. */
export function canRead(schema: SchemaRange | undefined, version: number | undefined): boolean {
  if (schema === undefined || version === undefined) return true;
  return version >= schema.reads[0] && version <= schema.reads[1];
}

/** The error of a bundle that meets data it cannot read. */
export function unreadable(what: string, schema: SchemaRange, versions: readonly number[]): VerdigrisError {
  const [lowest, highest] = schema.reads;
  const message = `${what}: it reads memory of schema ${lowest} to ${highest}, and there is schema ${versions.join(", ")}`;
  return new VerdigrisError("schema-unreadable", message, { reads: schema.reads, found: versions });
}
