/** Every code Verdigris throws. Codes are API: alert on them; messages may change in any release. */
export type ErrorCode =
  | "invalid-argument"
  | "closed"
  // store
  | "store-unavailable"
  | "store-indeterminate"
  | "store-limit"
  | "store-lacks-capability"
  | "store-regressed"
  | "record-too-new"
  | "record-corrupt"
  // bundle
  | "bundle-invalid"
  | "bundle-floating"
  | "bundle-dirty"
  | "bundle-too-large"
  | "bundle-id-taken"
  | "bundle-unknown"
  | "index-version-taken"
  | "content-missing"
  | "content-unresolved"
  | "digest-mismatch"
  // evals
  | "eval-set-invalid"
  | "results-invalid"
  | "policy-invalid"
  | "production-invalid"
  | "evidence-invalid"
  // route
  | "no-route"
  | "route-conflict"
  | "route-contended"
  | "node-closed"
  | "route-held"
  | "move-refused"
  | "not-authorized"
  | "audit-tampered"
  // releases
  | "plan-invalid"
  | "release-unknown"
  | "release-in-progress"
  | "release-refused"
  | "release-contended"
  | "rollback-refused"
  | "bundle-denied"
  | "drill-required"
  | "too-many-bundles"
  // runs
  | "bundle-not-on-route"
  | "bundle-sealed"
  | "bundle-not-served"
  | "pipeline-load-failed"
  | "run-not-placed"
  | "run-unknown"
  | "run-superseded"
  | "run-expired"
  | "run-finished"
  | "run-cancelled"
  | "run-busy"
  | "not-owner"
  | "token-invalid"
  | "no-scope"
  // memory
  | "layer-unknown"
  | "layer-frozen"
  | "layer-in-use"
  | "layer-chain-broken"
  | "schema-unreadable"
  | "state-contended";

const brand: unique symbol = Symbol.for("verdigris.error");

/** What an error carries beside its code: plain fields an operator needs, such as run, bundle, generation. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The only error class Verdigris throws, apart from {@link InvalidArgumentError} for misuse. */
export class VerdigrisError extends Error {
  override readonly name: string = "VerdigrisError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** A `TypeError` with the code `invalid-argument`: the caller's mistake, never worth a retry. */
export class InvalidArgumentError extends TypeError {
  override readonly name: string = "InvalidArgumentError";
  readonly code = "invalid-argument" as const;
  readonly details: ErrorDetails;

  /** `argument` is the option's own name; `problem` completes the sentence "`argument` …". */
  constructor(argument: string, problem: string) {
    super(`${argument} ${problem}`);
    this.details = { argument };
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * True for an error of any installed copy of Verdigris, with the given code when one is named.
 * `instanceof` is not enough: a second copy in `node_modules` has another class.
 */
export function isVerdigrisError(
  error: unknown,
  code?: ErrorCode,
): error is VerdigrisError | InvalidArgumentError {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}
