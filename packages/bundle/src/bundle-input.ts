import type {
  Bundle,
  BundleManifest,
  CodePiece,
  Digest,
  IndexEntry,
  JsonValue,
  ModelEntry,
  PromptEntry,
  ToolEntry,
} from "@verdigris/contracts";
import type { ToolContract } from "./digest.ts";

/** A prompt by its digest, its text, or its few-shot examples; only version and digest reach the manifest. */
export type PromptInput =
  | (PromptEntry & { readonly text?: never; readonly examples?: never })
  | {
      readonly version: string;
      readonly text: string;
      readonly kind?: "text";
      readonly digest?: never;
      readonly examples?: never;
    }
  | {
      readonly version: string;
      readonly kind: "examples";
      readonly examples: JsonValue;
      readonly digest?: never;
      readonly text?: never;
    };

/** A tool with its contract, or the digest of it. */
export interface ToolInput {
  readonly version: string;
  readonly contract: Digest | ToolContract;
  readonly pinned: ToolEntry["pinned"];
}

/** What {@link defineBundle} takes; the type parameters are the entry names of each piece, inferred from the keys. */
export interface BundleInput<
  P extends string = string,
  M extends string = string,
  I extends string = string,
  T extends string = string,
> {
  /** 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
  readonly id: string;
  readonly code: CodePiece;
  /** @default {} */
  readonly prompts?: { readonly [K in P]: PromptInput };
  /** @default {} */
  readonly models?: { readonly [K in M]: ModelEntry };
  /** @default {} */
  readonly indexes?: { readonly [K in I]: IndexEntry };
  /** @default {} */
  readonly tools?: { readonly [K in T]: ToolInput };
  /** Entries (`models.planner`, `indexes.docs`) that may move under a fixed name. @default [] */
  readonly allowFloating?: readonly string[];
  /** Accepts `code.dirty: true`. @default false */
  readonly allowDirty?: boolean;
}

/** A bundle whose entry names the compiler knows: `bundle.prompts.system` compiles, a misspelt name does not. */
export type TypedBundle<
  P extends string = string,
  M extends string = string,
  I extends string = string,
  T extends string = string,
> = Bundle<
  Omit<BundleManifest, "prompts" | "models" | "indexes" | "tools"> & {
    readonly prompts: { readonly [K in P]: PromptEntry };
    readonly models: { readonly [K in M]: ModelEntry };
    readonly indexes: { readonly [K in I]: IndexEntry };
    readonly tools: { readonly [K in T]: ToolEntry };
  }
>;
