import type { JsonValue } from "@verdigris/contracts";
import type { EvalCase } from "../eval-set/eval-set.ts";

/** One text that a bundle gives its models: a prompt, or an example in one. */
export interface PromptText {
  /** Whose it is, for the message: `green system`, … */
  readonly name: string;
  readonly text: string;
}

/** A case that is not held out. */
export interface PromptCase {
  readonly case: string;
  readonly prompt: string;
  readonly part: "input" | "answer";
}

/** Shorter texts stand in any prompt by chance. */
const shortest = 16;

/**
 * The cases whose input or expected answer stands word for word in a prompt, white space and case apart. Texts below
 * 16 characters are not looked for: `yes` stands in any prompt.
 */
export function findPromptCases(
  cases: readonly EvalCase[],
  prompts: readonly PromptText[],
): readonly PromptCase[] {
  const texts = prompts.map(({ name, text }) => ({ name, text: plain(text) }));
  if (texts.length === 0) return [];
  return cases.flatMap((entry) => {
    for (const part of ["input", "answer"] as const) {
      const value = part === "input" ? entry.input : entry.expected;
      const sought = value === undefined ? [] : textsIn(value);
      const found = texts.find(({ text }) => sought.some((piece) => text.includes(piece)));
      if (found !== undefined) return [{ case: entry.id, prompt: found.name, part }];
    }
    return [];
  });
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, " ").trim();
}

function textsIn(value: JsonValue): readonly string[] {
  if (typeof value === "string") {
    const text = plain(value);
    return text.length < shortest ? [] : [text];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((member: JsonValue) => textsIn(member));
}
