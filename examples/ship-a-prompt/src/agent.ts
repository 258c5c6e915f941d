import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The agent's name in the store. */
export const agentName = "support";

/** What a step works with: the prompt of its bundle. A model client would stand beside it. */
export interface Support {
  readonly system: string;
}

/** A text under a version that cannot be given twice: its name and the head of its digest. */
export interface PromptFile {
  readonly version: string;
  readonly text: string;
}

/** Reads a prompt file; `kind.md` becomes version `kind-3f0c1a`. */
export function readPrompt(file: string | URL): PromptFile {
  const text = readFileSync(file, "utf8");
  const name = String(file).replace(/^.*\//, "").replace(/\.md$/, "");
  return { version: `${name}-${hexOf(text).slice(0, 6)}`, text };
}

/** Where this example keeps its prompts. */
export function promptFile(name: string): URL {
  return new URL(`../prompts/${name}.md`, import.meta.url);
}

/** The code that serves. Shipping a prompt leaves it alone, so every bundle of this example names the same build. */
export function servingCode(): { readonly commit: string; readonly build: `sha256:${string}` } {
  const build = hexOf(readFileSync(new URL("./serve.js", import.meta.url), "utf8"));
  return { commit: build.slice(0, 40), build: `sha256:${build}` };
}

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
