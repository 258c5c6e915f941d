import { canonicalJson, isPlainObject, isVerdigrisError, joinPath } from "@verdigris/contracts";
import type { BundleInput, TypedBundle } from "./bundle-input.ts";
import { checkManifest } from "./check-manifest.ts";
import { digestOf, digestOfContract, type ToolContract } from "./digest.ts";
import { type BundleIssue, invalidBundle } from "./issues.ts";

type Fields = Readonly<Record<string, unknown>>;
type Draft = (entry: Fields, path: string, issues: BundleIssue[]) => unknown;

/**
 * A checked, deeply frozen bundle whose entry names are part of its type. Texts, examples and tool contracts given here
 * are digested; the manifest holds versions and digests only, so whatever form the input had, the same content gives
 * the same digest. Undefined members count as absent; `kind: "text"` and `dirty: false` are left out.
 *
 * Errors: those of {@link parseBundle}.
 */
export function defineBundle<
  const P extends string = never,
  const M extends string = never,
  const I extends string = never,
  const T extends string = never,
>(input: BundleInput<P, M, I, T>): TypedBundle<P, M, I, T> {
  const issues: BundleIssue[] = [];
  let draft: Fields;
  let allowDirty: unknown;
  try {
    draft = draftManifest(input, issues);
    allowDirty = input.allowDirty ?? false;
  } catch (cause) {
    if (isVerdigrisError(cause)) throw cause;
    throw invalidBundle("bundle", [{ path: "", problem: "cannot be read: a getter or proxy in it threw" }], {
      cause,
    });
  }
  if (typeof allowDirty !== "boolean") issues.push({ path: "allowDirty", problem: "must be true or false" });
  // The check covers every entry; only that each name is still the one given is beyond its types.
  return checkManifest(draft, { allowDirty: allowDirty === true, issues }) as TypedBundle<P, M, I, T>;
}

function draftManifest(input: unknown, issues: BundleIssue[]): Fields {
  if (!isPlainObject(input)) throw invalidBundle("bundle", [{ path: "", problem: "must be an object" }]);
  const { allowDirty: _, allowFloating, code, prompts, models, indexes, tools, ...rest } = input;
  return present({
    v: 1,
    ...rest,
    code: isPlainObject(code) ? withoutDefault(present(code), "dirty", false) : code,
    prompts: draftPiece("prompts", prompts, draftPrompt, issues),
    models: draftPiece("models", models, present, issues),
    indexes: draftPiece("indexes", indexes, present, issues),
    tools: draftPiece("tools", tools, draftTool, issues),
    allowFloating: draftListing(allowFloating),
  });
}

/** What is no plain object passes through, so that the shape names it. */
function draftPiece(piece: string, entries: unknown, draft: Draft, issues: BundleIssue[]): unknown {
  if (entries === undefined) return {};
  if (!isPlainObject(entries)) return entries;
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      isPlainObject(entry) ? draft(entry, joinPath(piece, name), issues) : entry,
    ]),
  );
}

function draftPrompt(entry: Fields, path: string, issues: BundleIssue[]): unknown {
  const { text, examples, ...rest } = present(entry);
  const given = ["digest", "text", "examples"].filter((field) => entry[field] !== undefined);
  if (given.length > 1) {
    issues.push({ path, problem: `gives ${given.join(" and ")}; give one of them` });
    return withoutDefault(rest, "kind", "text");
  }
  if (examples !== undefined) {
    if (rest.kind !== "examples") issues.push({ path: `${path}.kind`, problem: 'must be "examples"' });
    return { ...rest, ...digested(`${path}.examples`, issues, () => digestOf(canonicalJson(examples))) };
  }
  const plain = withoutDefault(rest, "kind", "text");
  if (text === undefined) return plain;
  if (plain.kind === "examples") {
    issues.push({ path: `${path}.text`, problem: "is no form of examples; give them as examples" });
  }
  return { ...plain, ...digested(`${path}.text`, issues, () => digestOf(text as string)) };
}

function draftTool(entry: Fields, path: string, issues: BundleIssue[]): unknown {
  const { contract, ...rest } = present(entry);
  if (!isPlainObject(contract)) return { ...rest, ...present({ contract }) };
  const { digest } = digested(`${path}.contract`, issues, () =>
    digestOfContract(contract as unknown as ToolContract),
  );
  return { ...rest, contract: digest };
}

/** A stand-in digest after a problem keeps the shape from reporting it a second time. */
function digested(path: string, issues: BundleIssue[], digest: () => string): { readonly digest: string } {
  try {
    return { digest: digest() };
  } catch (error) {
    if (!isVerdigrisError(error, "invalid-argument")) throw error;
    issues.push({ path, problem: `cannot be digested: ${error.message}` });
    return { digest: `sha256:${"0".repeat(64)}` };
  }
}

function draftListing(names: unknown): unknown {
  if (!Array.isArray(names)) return names;
  return names.length === 0 ? undefined : [...new Set<unknown>(names)].sort();
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function withoutDefault(fields: Fields, name: string, value: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter((field) => field[0] !== name || field[1] !== value),
  );
}
