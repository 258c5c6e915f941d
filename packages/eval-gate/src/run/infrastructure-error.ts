const transientCodes: ReadonlySet<unknown> = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_SOCKET",
  "store-unavailable",
]);

/** 529 is what some model providers answer when they are overloaded. */
const transientStatus: ReadonlySet<unknown> = new Set([408, 425, 429, 500, 502, 503, 504, 529]);

/** Longer chains of causes are cycles or accidents. */
const deepestCause = 5;

interface Fields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly isRetryable?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/**
 * True for what says nothing about the agent: network, quota, overload, time-out, in the error itself or one of its
 * causes. An error that says of itself that it is (not) retryable, as those of the AI SDK do, is believed.
 */
export function isInfrastructureError(error: unknown): boolean {
  let fields = asFields(error);
  for (let depth = 0; depth < deepestCause && fields !== null; depth += 1) {
    if (typeof fields.isRetryable === "boolean") return fields.isRetryable;
    if (isTransient(fields)) return true;
    fields = asFields(fields.cause);
  }
  return false;
}

function isTransient({ name, code, status, statusCode, message }: Fields): boolean {
  if (name === "TimeoutError" || transientCodes.has(code)) return true;
  if (transientStatus.has(status) || transientStatus.has(statusCode)) return true;
  // What `fetch` of Node, Chromium and Firefox throws when there was no answer at all.
  return name === "TypeError" && /^(fetch failed|Failed to fetch|NetworkError\b)/.test(String(message));
}

function asFields(error: unknown): Fields | null {
  return typeof error === "object" && error !== null ? (error as Fields) : null;
}
