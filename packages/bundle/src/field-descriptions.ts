import { isPlainObject, type JsonObject, type JsonValue } from "@verdigris/contracts";

/** By dotted path, `*` standing for an entry name. The paths are those of the bundle, whatever union they stand in. */
const descriptions: ReadonlyMap<string, string> = new Map([
  ["", "One release of an agent: code, prompts, models, indexes and tools under one id."],
  ["$schema", "For editors only; it is no part of the bundle."],
  ["v", "Format of a manifest."],
  ["id", "The release tag people say: 1 to 128 of A-Z a-z 0-9 . _ : -"],
  ["digest", "SHA-256 over the canonical JSON of the manifest; it must match the content."],
  ["code", "The orchestrator, tool definitions and guardrails."],
  ["code.commit", "The version-control commit, never a branch or tag."],
  ["code.build", "Digest of the build that the commit produced."],
  ["code.guardrails", "Digest of the guardrail configuration, where there is one."],
  ["code.dirty", "True when the working tree held uncommitted changes; refused unless allowed."],
  ["prompts", "Prompts, templates and few-shot examples by name."],
  ["prompts.*", "One prompt: by file, digest, text or examples."],
  ["prompts.*.version", "An exact version, never a tag such as latest. Put numbers in quotes."],
  ["prompts.*.file", "Path of the text, or of JSON for examples, relative to the bundle file."],
  ["prompts.*.digest", "Digest of the text as UTF-8, or of the canonical JSON of the examples."],
  ["prompts.*.kind", "What it is; text unless said otherwise."],
  ["prompts.*.text", "The text itself; only its digest is kept."],
  ["prompts.*.examples", "Few-shot examples as JSON; only their digest is kept."],
  ["models", "Models by role, such as planner or judge."],
  ["models.*", "One model in one role."],
  ["models.*.provider", "Who serves the model."],
  ["models.*.name", "The model's name with its provider."],
  [
    "models.*.snapshot",
    "What the provider pins: a dated id, the id itself, or a digest of weights. Absent only where allowFloating says so.",
  ],
  ["models.*.settings", "Settings that change answers: temperature, limits, reasoning, region."],
  ["models.*.retires", "The day (YYYY-MM-DD) after which the provider no longer serves the snapshot."],
  ["indexes", "Retrieval indexes by name."],
  ["indexes.*", "One retrieval index: a frozen snapshot, or live."],
  ["indexes.*.version", "An exact version: 1 to 128 of A-Z a-z 0-9 . _ : - One version is one content."],
  ["indexes.*.kind", "snapshot holds still; live moves and is listed under allowFloating."],
  ["indexes.*.digest", "Digest of the snapshot."],
  ["indexes.*.embedding", "The model that embeds documents and questions; null without one."],
  ["indexes.*.embedding.provider", "Who serves the embedding model."],
  ["indexes.*.embedding.name", "The embedding model's name."],
  ["indexes.*.embedding.snapshot", "What the provider pins. Absent only where allowFloating says so."],
  ["tools", "Tools by the name the agent calls them."],
  ["tools.*", "One tool the agent may call."],
  ["tools.*.version", "An exact version, never a range. Put numbers in quotes."],
  ["tools.*.contract", "The declared contract, or the digest of it."],
  ["tools.*.contract.name", "The name a model sees."],
  ["tools.*.contract.description", "The description a model sees."],
  ["tools.*.contract.inputSchema", "JSON Schema of the arguments."],
  ["tools.*.contract.outputSchema", "JSON Schema of the result."],
  ["tools.*.contract.annotations", "Hints such as read-only or destructive."],
  ["tools.*.contract.serverVersion", "The version that the tool's server reports."],
  ["tools.*.pinned", "Who holds the version still: each call names it, the service does, or nobody."],
  ["allowFloating", "Entries (models.planner, indexes.docs) that may move under a fixed name."],
  ["allowDirty", "Accepts code.dirty: true, for a trial."],
]);

/** `schema` with the description of every field that has one. */
export function describeFields(schema: JsonObject): JsonObject {
  return describe(schema, "") as JsonObject;
}

function describe(schema: JsonValue, path: string): JsonValue {
  const description = descriptions.get(path);
  const described = inside(schema, path);
  return isPlainObject(described) && description !== undefined ? { description, ...described } : described;
}

function inside(schema: JsonValue, path: string): JsonValue {
  if (!isPlainObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema as JsonObject).map(([key, member]): [string, JsonValue] => {
      if (key === "properties") return [key, describeMembers(member as JsonObject, path)];
      if (key === "additionalProperties") return [key, describe(member, below(path, "*"))];
      const forms = (key === "anyOf" || key === "oneOf") && Array.isArray(member);
      return [key, forms ? member.map((form: JsonValue) => inside(form, path)) : member];
    }),
  );
}

function describeMembers(members: JsonObject, path: string): JsonObject {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, describe(member, below(path, name))]),
  );
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
