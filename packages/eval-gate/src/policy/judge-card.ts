import type { Digest } from "@verdigris/contracts";

/** Which judge gave a score: the model as its provider pins it, and the prompt it was given. */
export interface JudgeIdentity {
  /** The model's snapshot, or its name where nothing is pinned. */
  readonly model: string;
  readonly prompt: { readonly version: string; readonly digest?: Digest };
}

/** What a judge is worth, measured against people's labels before it may gate. */
export interface JudgeCard extends JudgeIdentity {
  /** Cases labelled by people that it was compared on; at least 100 are asked for. */
  readonly labels: number;
  /** Cohen's kappa with its 95 % interval. */
  readonly kappa: { readonly estimate: number; readonly low: number; readonly high: number };
  /** Share of what people call good that the judge calls good. */
  readonly sensitivity: number;
  /** Share of what people call bad that the judge calls bad. */
  readonly specificity: number;
}
