import type { BundleId, Digest } from "./bundle.ts";
import type { Labels } from "./router.ts";

/** Minted by the SDK (a ULID by default). */
export type RunId = string;

/** Every run has one class; only `live` and `canary` are production. */
export type TrafficClass = "live" | "canary" | "preview" | "shadow" | "smoke" | "eval" | "drill";

/** How a run ended, as its owner says. */
export type RunOutcome = "completed" | "failed" | "cancelled";

/** What a run is, passed explicitly to every step: enough to tag logs, spans and bills. Frozen. */
export interface RunScope {
  readonly agent: string;
  readonly run: RunId;
  readonly bundle: BundleId;
  readonly digest: Digest;
  readonly class: TrafficClass;
  readonly key: string;
  readonly labels: Labels;
  /** True once the run has moved from one bundle to another; such runs stay out of comparisons. */
  readonly mixed: boolean;
  /** The step this scope belongs to; absent on the run's own scope. */
  readonly step?: string;
}

/** `{agent}/pin/{bundle}/{deadline}/{run}`: the durable record that a run belongs to a bundle. */
export interface PinRecord {
  readonly v: number;
  readonly run: RunId;
  readonly bundle: BundleId;
  /** Counts owners: every resume and migration adds one. */
  readonly epoch: number;
  /** Store time at which the run was accepted. */
  readonly accepted: number;
  /** Store time after which the pin no longer counts. */
  readonly deadline: number;
  /** The latest deadline an extension may ask for: accepted + maxAgeMs of the policy it was accepted under. */
  readonly cap: number;
  readonly class: TrafficClass;
  /** The route generation that accepted it. */
  readonly generation: number;
  /** Sticky key, when it is not the run id. */
  readonly key?: string;
  readonly labels?: Labels;
  /** The caller's id, claimed under `{agent}/claim/{id}`. */
  readonly claim?: string;
  /** The run this one is a child of, and the root of the tree. */
  readonly parent?: RunId;
  readonly root?: RunId;
  /** The deadline of that root, which its children on other agents are anchored to. */
  readonly rootDeadline?: number;
  /** Stands for a root run of another agent, so that its later children here follow the first one's bundle. */
  readonly anchor?: true;
  /** Marks the resume or migration that wrote this, so that a lost reply can be told from somebody else's. */
  readonly holder?: string;
  /** Present until a process that serves the bundle takes the run up. */
  readonly unplaced?: true;
  /** Bundles the run was on before. */
  readonly was?: readonly BundleId[];
}

/** `{agent}/claim/{id}` and `{agent}/moved/{run}`: where to find a pin whose key the reader cannot know. */
export interface PinPointer {
  readonly v: number;
  readonly run: RunId;
  readonly pin: string;
}

/** Tokens and cost of one model call, as its caller knows them. */
export interface ModelUsage {
  /** The model that answered. */
  readonly model: string;
  /** All tokens of the request, cached ones included. */
  readonly inputTokens: number;
  /** All tokens of the answer, reasoning included. */
  readonly outputTokens: number;
  /** Of the input tokens, those read from a provider's cache. */
  readonly cacheReadTokens?: number;
  /** Of the input tokens, those written to a provider's cache. */
  readonly cacheWriteTokens?: number;
  /** Of the output tokens, those spent on reasoning. */
  readonly reasoningTokens?: number;
  /** What the call cost, in `currency`; null says that it is not known, which is never 0. */
  readonly cost: number | null;
  /** Three letters (ISO 4217). @default "USD" */
  readonly currency?: string;
  /** The price table the cost comes from, with its version: `genai-prices@0.1.8`. */
  readonly priceTable?: string;
  /** Who said so: a price table, the provider's own bill, or an estimate. @default "price-table" */
  readonly costSource?: CostSource;
}

/** Where a cost comes from. */
export type CostSource = "price-table" | "provider" | "estimate";

/** The run that a score is about: its scope, or what is known of it later and in another process. */
export interface ScoredRun extends Pick<RunScope, "agent" | "run" | "bundle" | "class" | "mixed"> {
  readonly digest?: Digest;
  readonly step?: string;
  /** Store time at which it was accepted: windows count a score there, in any process; absent where only its own can know. */
  readonly acceptedAt?: number;
}

/** What a scorer or a person says of one run, at any time after it began. */
export interface RunScore {
  /** What was judged: `answer-quality`. At most 128 characters. */
  readonly name: string;
  readonly value?: number;
  /** Whether the run passed, for rates; absent where the score is only a number or a word. */
  readonly passed?: boolean;
  /** The score in a word: `relevant`. @default "pass" or "fail" where `passed` is given */
  readonly label?: string;
  /** Why. Content: told only where that is opted in. */
  readonly explanation?: string;
  /** The id of the model's answer that was judged. */
  readonly responseId?: string;
}
