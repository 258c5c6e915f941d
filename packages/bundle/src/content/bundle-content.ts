import { type Bundle, type Digest, isVerdigrisError, VerdigrisError } from "@verdigris/contracts";
import { digestOf } from "../digest.ts";
import type { ContentStore } from "./content-store.ts";

/** Kinds of content a bundle names by digest. */
export type ContentKind = "prompt" | "tool";

/** Where texts come from that are not in the store: a prompt store, a file server. Resolves with null where it has none. */
export type ResolveContent = (
  kind: ContentKind,
  name: string,
  version: string,
  options: { readonly signal: AbortSignal },
) => Promise<string | null> | string | null;

/** The texts of one bundle, each checked against its digest before it is handed out. */
export interface BundleContent {
  /**
   * The text of a prompt, or the canonical JSON of few-shot examples. From the store where it was registered with its
   * contents, else from `resolve`. Errors: `content-missing`, `content-unresolved`, `digest-mismatch`.
   */
  prompt(name: string): Promise<string>;
  /** The contract of a tool, as JSON text. Errors as for `prompt`. */
  tool(name: string): Promise<string>;
}

/** Options of {@link createBundleContent}. */
export interface BundleContentOptions {
  readonly bundle: Bundle;
  /** Null without a store. */
  readonly store: ContentStore | null;
  readonly resolve?: ResolveContent;
  /** How long `resolve` may take. @default 10000 */
  readonly resolveMs?: number;
  readonly setTimer: (fn: () => void, delayMs: number) => () => void;
}

interface Wanted {
  readonly kind: ContentKind;
  readonly name: string;
  readonly version: string;
  readonly digest: Digest;
}

function unresolved(bundle: string, wanted: Wanted, why: string, cause?: unknown): VerdigrisError {
  const { kind, name, version } = wanted;
  const message = `resolve("${kind}", "${name}", "${version}") ${why}: mend the source of contents, the next load asks again`;
  return new VerdigrisError("content-unresolved", message, { bundle, kind, name, version }, { cause });
}

/** Asks the caller's source, and gives up on it in bounded time. */
async function ask(
  options: BundleContentOptions,
  resolve: ResolveContent,
  wanted: Wanted,
): Promise<string | null> {
  const { bundle, resolveMs = 10_000, setTimer } = options;
  const abort = new AbortController();
  return new Promise((accept, reject) => {
    const cancel = setTimer(() => {
      const error = unresolved(bundle.id, wanted, `did not answer within ${resolveMs} ms`);
      abort.abort(error);
      reject(error);
    }, resolveMs);
    const answer = async (): Promise<string | null> =>
      resolve(wanted.kind, wanted.name, wanted.version, { signal: abort.signal });
    answer()
      .then(accept, (cause: unknown) =>
        reject(isVerdigrisError(cause) ? cause : unresolved(bundle.id, wanted, "threw", cause)),
      )
      .finally(cancel);
  });
}

async function fetch(options: BundleContentOptions, wanted: Wanted): Promise<string> {
  const { bundle, store, resolve } = options;
  const { kind, name, version, digest } = wanted;
  const stored = await store?.read(digest);
  if (typeof stored === "string") return stored;
  const text = resolve === undefined ? null : await ask(options, resolve, wanted);
  if (text === null) {
    const message = `${kind} ${name} of ${bundle.id} is nowhere: register the bundle with its contents, or pass resolve`;
    throw new VerdigrisError("content-missing", message, { bundle: bundle.id, kind, name, version, digest });
  }
  if (typeof text !== "string") throw unresolved(bundle.id, wanted, `answered with ${typeof text}, not text`);
  const found = digestOf(text);
  if (found === digest) return text;
  const message = `${kind} ${name} version ${version} of ${bundle.id} is not the text the bundle was made with: publish it under a new version`;
  throw new VerdigrisError("digest-mismatch", message, {
    bundle: bundle.id,
    kind,
    name,
    version,
    expected: digest,
    found,
  });
}

/** Hands out the texts of a bundle. */
export function createBundleContent(options: BundleContentOptions): BundleContent {
  const { bundle } = options;
  const entry = <T>(kind: ContentKind, entries: Readonly<Record<string, T>>, name: string): T => {
    const found = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (found !== undefined) return found;
    throw new VerdigrisError("content-missing", `${bundle.id} has no ${kind} named ${name}`, {
      bundle: bundle.id,
      kind,
      name,
    });
  };
  return {
    prompt: async (name) => {
      const { version, digest } = entry("prompt", bundle.prompts, name);
      return fetch(options, { kind: "prompt", name, version, digest });
    },
    tool: async (name) => {
      const { version, contract } = entry("tool", bundle.tools, name);
      return fetch(options, { kind: "tool", name, version, digest: contract });
    },
  };
}
