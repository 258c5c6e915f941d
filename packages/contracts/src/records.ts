import { VerdigrisError } from "./errors.ts";
import { recordVersion } from "./version.ts";

/** What every stored record has in common: the major version of its format. */
export interface VersionedRecord {
  readonly v: number;
}

/**
 * Reads a stored record. Throws `record-too-new` when a later major wrote it (upgrade this process before it moves or
 * starts anything) and `record-corrupt` when it is no record at all.
 */
export function decodeRecord<T extends VersionedRecord>(key: string, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VerdigrisError("record-corrupt", `${key} does not hold JSON text`, { key }, { cause });
  }
  const v = (value as VersionedRecord | null)?.v;
  if (typeof v !== "number" || !Number.isInteger(v) || v < 1) {
    throw new VerdigrisError("record-corrupt", `${key} holds no record with a format version`, { key });
  }
  if (v > recordVersion) {
    throw new VerdigrisError(
      "record-too-new",
      `${key} has format ${v}, this process reads up to ${recordVersion}: upgrade it before it starts or moves anything`,
      { key, found: v, supported: recordVersion },
    );
  }
  return value as T;
}
