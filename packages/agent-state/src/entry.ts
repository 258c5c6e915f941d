import { decodeRecord, InvalidArgumentError, type JsonValue, recordVersion } from "@verdigris/contracts";

/** What a row holds: a value, or the mark that its key was deleted in this layer. */
export interface StateEntry {
  readonly v: number;
  /** Absent where the key was deleted. */
  readonly value?: JsonValue;
  /** Wall-clock time of the write (ms); a copy into another layer keeps it. */
  readonly at: number;
  /** Wall-clock time from which the key reads as absent. */
  readonly expires?: number;
  /** The memory schema its writer declared. */
  readonly schema?: number;
  /** True for a delete, which hides what lower layers hold. */
  readonly gone?: true;
}

/** The row of a value. `undefined` and what JSON cannot carry is refused. */
export function encodeValue(
  key: string,
  value: JsonValue,
  facts: { readonly at: number; readonly expires?: number; readonly schema?: number },
): string {
  const text = JSON.stringify(value);
  if (text === undefined) {
    throw new InvalidArgumentError(
      "value",
      `of ${JSON.stringify(key)} must be a JSON value, got ${typeof value}`,
    );
  }
  const head = `{"v":${recordVersion},"at":${facts.at}`;
  const expires = facts.expires === undefined ? "" : `,"expires":${facts.expires}`;
  const schema = facts.schema === undefined ? "" : `,"schema":${facts.schema}`;
  return `${head}${expires}${schema},"value":${text}}`;
}

/** The row of a delete. */
export function encodeGone(at: number): string {
  return `{"v":${recordVersion},"at":${at},"gone":true}`;
}

const plainValue = new RegExp(`^\\{"v":${recordVersion},"at":\\d+(?:,"schema":\\d+)?,"value":`);

/** True for a row that holds a value without a time to live, as {@link encodeValue} writes it: told by its first characters. */
export function isPlainValue(text: string): boolean {
  return plainValue.test(text);
}

/** Reads a row; throws `record-too-new` and `record-corrupt`. */
export function decodeEntry(row: string, text: string): StateEntry {
  return decodeRecord<StateEntry>(row, text);
}

/** True when the entry reads as absent at `now`: deleted, or past its time to live. */
export function isAbsent(entry: StateEntry, now: number): boolean {
  return entry.gone === true || (entry.expires !== undefined && entry.expires <= now);
}
