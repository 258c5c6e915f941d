import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

const longText = 2_000;
const counted = new Map<string, number>();
const mostCounted = 1_000;

/** How many tokens (o200k_base) a value takes as JSON; counts of long texts, which are pages, are remembered. */
export function tokensOf(value: unknown): number {
  const text = JSON.stringify(value);
  if (text.length < longText) return countTokens(text);
  const known = counted.get(text);
  if (known !== undefined) return known;
  if (counted.size >= mostCounted) counted.clear();
  const tokens = countTokens(text);
  counted.set(text, tokens);
  return tokens;
}
