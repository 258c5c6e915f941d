const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Numbers above this are seconds since 1970, not seconds from now. */
const epochSeconds = 1_000_000_000;

/** Milliseconds until a reset told as seconds, as seconds since 1970, as a duration (`6m0s`, `120ms`) or as a date. */
function untilReset(text: string, now: number): number | null {
  const trimmed = text.trim();
  const seconds = Number(trimmed);
  if (trimmed !== "" && Number.isFinite(seconds))
    return seconds > epochSeconds ? seconds * 1_000 - now : seconds * 1_000;
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === trimmed)
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? null : at - now;
}

/**
 * Milliseconds until the last of the limits is reset of which less than `reserve` is left; null where there is none.
 * Reads every header whose name has `ratelimit` and `remaining` in it, with its neighbours `limit` and `reset`: those of
 * OpenAI (`x-ratelimit-remaining-tokens`), Anthropic (`anthropic-ratelimit-tokens-remaining`) and the IETF draft
 * (`ratelimit-remaining`) are named so.
 */
export function resetOfScarce(headers: Headers, reserve: number, now: number): number | null {
  let latest: number | null = null;
  headers.forEach((value, name) => {
    if (!(name.includes("ratelimit") && name.includes("remaining"))) return;
    const limit = Number(headers.get(name.replace("remaining", "limit")) ?? Number.NaN);
    const left = Number(value);
    if (!(limit > 0 && left < limit * reserve)) return;
    const reset = untilReset(headers.get(name.replace("remaining", "reset")) ?? "", now);
    if (reset !== null && reset > 0) latest = Math.max(latest ?? 0, reset);
  });
  return latest;
}
