import { type BundleManifest, type Digest, isVerdigrisError } from "@verdigris/contracts";

/** A digest made of one hex digit. */
export function digit(hex: string): Digest {
  return `sha256:${hex.repeat(64)}`;
}

/** A manifest with every piece and every optional field; a fresh object each time. */
export function fullManifest(): BundleManifest {
  return {
    v: 1,
    id: "docs-42",
    code: { commit: "9b1c2f0e5d", build: digit("a"), guardrails: digit("b") },
    prompts: {
      system: { version: "3", digest: digit("c") },
      shots: { version: "2024-11", digest: digit("d"), kind: "examples" },
    },
    models: {
      planner: {
        provider: "openai",
        name: "gpt-5-mini",
        snapshot: "gpt-5-mini-2025-08-07",
        settings: { temperature: 0, reasoning: { effort: "low" }, stop: ["END"] },
        retires: "2027-02-28",
      },
      judge: { provider: "anthropic", name: "claude-opus-4-1", snapshot: "claude-opus-4-1" },
    },
    indexes: {
      docs: {
        version: "2025-10-01",
        kind: "snapshot",
        digest: digit("e"),
        embedding: { provider: "openai", name: "text-embedding-3-small", snapshot: "text-embedding-3-small" },
      },
      news: { version: "1", kind: "live", embedding: null },
    },
    tools: {
      search: { version: "1.4.0", contract: digit("f"), pinned: "per-call" },
      weather: { version: "2", contract: digit("0"), pinned: "not" },
    },
    allowFloating: ["indexes.news"],
  };
}

/** What a call threw, as code and details; the value itself when it threw nothing of ours. */
export function failureOf(call: () => unknown): {
  code?: string;
  details?: Readonly<Record<string, unknown>>;
} {
  try {
    call();
  } catch (error) {
    if (isVerdigrisError(error)) return { code: error.code, details: error.details };
    throw error;
  }
  return {};
}

/** The paths of the issues in `details`. */
export function issuePaths(failure: { details?: Readonly<Record<string, unknown>> }): string[] {
  const issues = (failure.details?.issues ?? []) as readonly { readonly path: string }[];
  return issues.map(({ path }) => path);
}

/** The entries a `bundle-floating` error names. */
export function floatingNames(failure: { details?: Readonly<Record<string, unknown>> }): string[] {
  const entries = (failure.details?.entries ?? []) as readonly { readonly entry: string }[];
  return entries.map(({ entry }) => entry);
}
