import type { Bundle, RunScope } from "@verdigris/contracts";
import { attributeNames } from "./attribute-names.ts";
import type { Attributes } from "./otel/otel-port.ts";
import { scopeAttributes } from "./otel/scope-context.ts";

/** Which entries of a bundle a span is about: the names they have in its manifest. */
export interface PieceNames {
  readonly prompt?: string;
  readonly model?: string;
  readonly index?: string;
  readonly tool?: string;
}

type PieceFields = (bundle: Bundle, name: string) => Attributes;

/** An entry by name; names such as "constructor" are nobody's entry. */
function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

const fieldsOf: Readonly<Record<keyof PieceNames, PieceFields>> = {
  prompt: ({ prompts }, name) => {
    const entry = entryOf(prompts, name);
    return entry === undefined
      ? {}
      : { [attributeNames.promptName]: name, [attributeNames.promptVersion]: entry.version };
  },
  model: ({ models }, name) => {
    const entry = entryOf(models, name);
    if (entry === undefined) return {};
    const { provider, snapshot } = entry;
    return { [attributeNames.provider]: provider, [attributeNames.requestModel]: snapshot ?? entry.name };
  },
  index: ({ indexes }, name) => {
    const entry = entryOf(indexes, name);
    if (entry === undefined) return {};
    const digest = entry.kind === "snapshot" ? { [attributeNames.indexDigest]: entry.digest } : {};
    return { [attributeNames.indexName]: name, [attributeNames.indexVersion]: entry.version, ...digest };
  },
  tool: ({ tools }, name) => {
    const entry = entryOf(tools, name);
    if (entry === undefined) return {};
    return {
      [attributeNames.toolName]: name,
      [attributeNames.toolVersion]: entry.version,
      [attributeNames.toolDigest]: entry.contract,
    };
  },
};

/**
 * The attributes of a span inside a run: bundle id and digest, run id, traffic class and step; with a `bundle` and the
 * names of its entries also the versions of the prompt, model, index and tool at work. Entries the bundle does not have are left out.
 */
export function bundleAttributes(scope: RunScope, bundle?: Bundle, pieces: PieceNames = {}): Attributes {
  const attributes = scopeAttributes(scope);
  if (bundle === undefined) return attributes;
  for (const piece of ["prompt", "model", "index", "tool"] as const) {
    const name = pieces[piece];
    if (name !== undefined) Object.assign(attributes, fieldsOf[piece](bundle, name));
  }
  return attributes;
}
