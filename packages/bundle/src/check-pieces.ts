import {
  type Bundle,
  type Digest,
  type IndexEntry,
  InvalidArgumentError,
  isPlainObject,
  type PromptEntry,
  type ToolEntry,
} from "@verdigris/contracts";
import { digestOf, digestOfContract, type ToolContract } from "./digest.ts";

/** What a fingerprint function may answer; null says that it cannot tell. */
type Answer<T> = T | null | Promise<T | null>;

/**
 * How to look at the pieces as they are now: what is served, not what was meant to be. Answer with a digest (`sha256:…`), with
 * the text of a prompt or with the contract of a tool; with null where there is no telling.
 */
export interface PieceFingerprints {
  /** The text as the pipeline has it; canonical JSON for few-shot examples. */
  readonly prompt?: (name: string, entry: PromptEntry, bundle: Bundle) => Answer<string>;
  /** The digest of the index, made as it was made for the bundle. Not asked of live indexes, which have none. */
  readonly index?: (name: string, entry: IndexEntry, bundle: Bundle) => Answer<Digest>;
  /** The contract as the tool's server or code declares it now, re-read past every cache. */
  readonly tool?: (name: string, entry: ToolEntry, bundle: Bundle) => Answer<ToolContract | Digest>;
}

/** One entry of a bundle. */
export interface PieceName {
  readonly piece: "prompts" | "indexes" | "tools";
  readonly entry: string;
}

/** An entry that is not what its bundle says. */
export interface PieceDrift extends PieceName {
  readonly expected: Digest;
  readonly found: Digest;
}

/** What {@link checkPieces} found, sorted by piece and entry as the bundle has them. */
export interface PieceCheck {
  readonly bundle: string;
  /** How many entries are what the bundle says. */
  readonly same: number;
  readonly drift: readonly PieceDrift[];
  /** Entries whose function threw, was too late or answered with something else. */
  readonly failed: readonly (PieceName & { readonly error: unknown })[];
  /** Entries nobody looked at: no function, a live index, or null for an answer. */
  readonly unchecked: readonly PieceName[];
}

interface Look extends PieceName {
  readonly expected: Digest | null;
  readonly ask: (() => Answer<unknown>) | null;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;

function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && digestPattern.test(value);
}

function digestFound(piece: PieceName["piece"], answer: unknown): Digest {
  if (isDigest(answer)) return answer;
  if (piece === "prompts" && typeof answer === "string") return digestOf(answer);
  if (piece === "tools" && isPlainObject(answer)) return digestOfContract(answer as unknown as ToolContract);
  const wanted = { prompts: "its text", indexes: "its digest", tools: "its contract" }[piece];
  throw new InvalidArgumentError(
    piece,
    `must be answered with ${wanted}, a digest or null, got ${typeof answer}`,
  );
}

function looksAt(bundle: Bundle, { prompt, index, tool }: PieceFingerprints): Look[] {
  const prompts = Object.entries(bundle.prompts).map(
    ([entry, value]): Look => ({
      piece: "prompts",
      entry,
      expected: value.digest,
      ask: prompt === undefined ? null : () => prompt(entry, value, bundle),
    }),
  );
  const indexes = Object.entries(bundle.indexes).map(
    ([entry, value]): Look => ({
      piece: "indexes",
      entry,
      expected: value.kind === "snapshot" ? value.digest : null,
      ask: index === undefined ? null : () => index(entry, value, bundle),
    }),
  );
  const tools = Object.entries(bundle.tools).map(
    ([entry, value]): Look => ({
      piece: "tools",
      entry,
      expected: value.contract,
      ask: tool === undefined ? null : () => tool(entry, value, bundle),
    }),
  );
  return [...prompts, ...indexes, ...tools];
}

/** The answer, or a rejection once `lateMs` have passed: one index that hangs must not hide the others. */
function inTime<T>(
  ask: () => Answer<T>,
  lateMs: number,
  setTimer: (fn: () => void, delayMs: number) => () => void,
): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const cancel = setTimer(() => reject(new Error(`no answer within ${lateMs} ms`)), lateMs);
    const answer = async (): Promise<T | null> => ask();
    answer().then(resolve, reject).finally(cancel);
  });
}

/**
 * Compares the prompts, indexes and tools of a bundle as they are now with what the bundle says, all at once. Rejects with
 * nothing: what cannot be looked at is in `failed`.
 */
export async function checkPieces(
  bundle: Bundle,
  fingerprints: PieceFingerprints,
  {
    lateMs,
    setTimer,
  }: { readonly lateMs: number; readonly setTimer: (fn: () => void, delayMs: number) => () => void },
): Promise<PieceCheck> {
  const drift: PieceDrift[] = [];
  const failed: (PieceName & { error: unknown })[] = [];
  const unchecked: PieceName[] = [];
  let same = 0;
  const looks = looksAt(bundle, fingerprints);
  const answers = await Promise.allSettled(
    looks.map(({ ask, expected }) =>
      ask === null || expected === null ? null : inTime(ask, lateMs, setTimer),
    ),
  );
  for (const [i, { piece, entry, expected }] of looks.entries()) {
    const answer = answers[i] ?? { status: "fulfilled", value: null };
    try {
      if (answer.status === "rejected") throw answer.reason;
      if (answer.value === null || expected === null) unchecked.push({ piece, entry });
      else {
        const found = digestFound(piece, answer.value);
        if (found === expected) same += 1;
        else drift.push({ piece, entry, expected, found });
      }
    } catch (error) {
      failed.push({ piece, entry, error });
    }
  }
  return { bundle: bundle.id, same, drift, failed, unchecked };
}
