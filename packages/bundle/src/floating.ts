import type { BundleManifest, EmbeddingModel, IndexEntry, ModelEntry } from "@verdigris/contracts";

/** One entry that may change what it means while its bundle stays the same. */
export interface FloatingEntry {
  /** `models.planner`, `indexes.docs`: the form that `allowFloating` takes. */
  readonly entry: string;
  /** Completes the sentence that the entry begins. */
  readonly problem: string;
  /** False where being listed under `allowFloating` is welcome but not asked for. */
  readonly refused: boolean;
}

// Words that registries, prompt stores and providers move from one version to the next. Only the whole text, or the part
// after a tag separator (`:`, `@`, `/`): `stable-diffusion` and `gpt-main-2` are names.
const movingWords =
  "latest|\\$latest|newest|current|stable|preview|default|auto|main|master|trunk|head|next|nightly|edge|canary|beta|rolling|draft|dev|staging|live|prod|production";
const movingTag = new RegExp(`(?:^|[:@/])(?:${movingWords})$`, "i");
// `latest` floats as a first or last word too: `claude-sonnet-latest`, `latest-v2`. Other words do not: `o1-preview` is an id.
const latestWord = /(?:^|[-_.])latest$|^latest[-_.:@/]/i;
const range = /^(?:[\^~<>=]|[xX*]$)|\|\|| - |^v?\d+(?:\.\d+)*\.[xX*](?:\.[xX*])?$|[:@](?:[\^~*]|[xX]$)/;

/**
 * True for a version, snapshot or name known to move: `latest` and other tags, alone or after `:`, `@` or `/`,
 * `…-latest`, and semver ranges. Never for a name because it lacks a date: many providers pin those.
 */
export function isFloatingForm(text: string): boolean {
  return movingTag.test(text) || latestWord.test(text) || range.test(text);
}

/** Every entry of the manifest that may move, sorted by piece as the manifest orders them. */
export function floatingEntries(manifest: BundleManifest): readonly FloatingEntry[] {
  const found: FloatingEntry[] = [];
  const note = (entry: string, problem: string | undefined, refused = true): void => {
    if (problem !== undefined) found.push({ entry, problem, refused });
  };
  for (const [name, prompt] of Object.entries(manifest.prompts)) {
    note(`prompts.${name}`, versionProblem(prompt.version));
  }
  for (const [name, model] of Object.entries(manifest.models)) note(`models.${name}`, modelProblem(model));
  for (const [name, index] of Object.entries(manifest.indexes)) note(`indexes.${name}`, indexProblem(index));
  for (const [name, tool] of Object.entries(manifest.tools)) {
    const problem = versionProblem(tool.version);
    // Nobody holds such a tool still, but its contract is digested and watched: a fact to record, not a mistake.
    if (problem === undefined && tool.pinned === "not") note(`tools.${name}`, "is pinned by nobody", false);
    else note(`tools.${name}`, problem);
  }
  return found;
}

function versionProblem(version: string): string | undefined {
  return isFloatingForm(version) ? `has the moving version ${JSON.stringify(version)}` : undefined;
}

function modelProblem(model: ModelEntry | EmbeddingModel): string | undefined {
  if (model.snapshot === undefined) return "has no snapshot";
  // A digest of weights holds the model still whatever it is called; an id does so only where the name agrees.
  if (/^sha256:[0-9a-f]{64}$/.test(model.snapshot)) return undefined;
  if (isFloatingForm(model.snapshot)) return `has the moving snapshot ${JSON.stringify(model.snapshot)}`;
  return isFloatingForm(model.name) ? `has the moving name ${JSON.stringify(model.name)}` : undefined;
}

function indexProblem(index: IndexEntry): string | undefined {
  if (index.kind === "live") return "is live: its contents move";
  const embedding = index.embedding === null ? undefined : modelProblem(index.embedding);
  return versionProblem(index.version) ?? (embedding && `has an embedding model that ${embedding}`);
}
