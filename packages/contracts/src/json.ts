/** A value that survives `JSON.parse(JSON.stringify(value))` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object; `undefined` members are not JSON and are never written. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
