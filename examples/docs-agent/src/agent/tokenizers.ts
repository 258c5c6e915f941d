/** How a text is cut into the terms an index knows. */
export type Tokenizer = (text: string) => string[];

const splitCamelCase = (text: string): string => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2");
const lowerCase = (words: readonly string[]): string[] =>
  words.filter(Boolean).map((word) => word.toLowerCase());

/** Keeps identifiers whole: `streamText` is the one term `streamtext`. */
export const wholeWords: Tokenizer = (text) => lowerCase(text.split(/[^A-Za-z0-9_]+/));

/** Takes identifiers apart: `streamText` is `stream` and `text`. */
export const splitWords: Tokenizer = (text) => lowerCase(splitCamelCase(text).split(/[^A-Za-z0-9]+/));

/** Does both: `streamText` is `streamtext`, `stream` and `text`. */
export const bothWords: Tokenizer = (text) =>
  text.split(/[^A-Za-z0-9_]+/).flatMap((word) => {
    const parts = splitCamelCase(word).split(/[ _]/);
    return lowerCase(parts.length > 1 ? [word, ...parts] : [word]);
  });
