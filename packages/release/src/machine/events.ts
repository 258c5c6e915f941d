import type {
  Actor,
  BundleId,
  Digest,
  GateAnswer,
  GateName,
  ReleaseRecord,
  Route,
  Signal,
  Skippable,
} from "@verdigris/contracts";

/** What a driver saw or finished. None of it asks for anything: it is the state that decides what follows. */
export type SeenEvent =
  | { readonly type: "tick" }
  /** The move of an effect is on the route; `at` of the event is its store time. */
  | { readonly type: "moved"; readonly key: string; readonly generation: number }
  | { readonly type: "refused"; readonly key: string; readonly refusal: string; readonly message: string }
  | {
      readonly type: "route";
      readonly route: Pick<Route, "live" | "stable" | "candidate" | "canary" | "held" | "generation">;
    }
  | {
      readonly type: "answered";
      readonly gate: GateName;
      readonly attempt: string;
      readonly answer: GateAnswer;
    }
  | { readonly type: "signals"; readonly signals: readonly Signal[] }
  | { readonly type: "unmeasured"; readonly why: string }
  | { readonly type: "confirmed"; readonly key: string; readonly outcome: string }
  | { readonly type: "done"; readonly key: string }
  | { readonly type: "failed"; readonly key: string; readonly why: string }
  | { readonly type: "rechecked"; readonly ok: boolean; readonly summary: string }
  /** No run of the bundle is left: blue's while draining, the bad one's after a rollback. */
  | { readonly type: "drained"; readonly bundle: BundleId }
  | { readonly type: "recycled"; readonly bundle: BundleId };

/** What somebody asks for. */
export type AskedEvent =
  /** `evidence` is what the approver saw: `evidenceDigest` of the record. */
  | { readonly type: "approve"; readonly evidence: Digest; readonly reason?: string }
  | { readonly type: "hold"; readonly why: string }
  | { readonly type: "resume"; readonly reason: string }
  | { readonly type: "abort"; readonly reason: string }
  | { readonly type: "retry"; readonly reason: string }
  | { readonly type: "skip"; readonly gate: Skippable; readonly reason: string }
  /** The route was rolled back at the store time of the event; what is left is to write it down. */
  | {
      readonly type: "rolled-back";
      readonly generation: number;
      readonly why: string;
      readonly decidedAt: number;
    }
  /** The next release took over: unproven ones are superseded, proven ones handed over. */
  | { readonly type: "taken-over"; readonly how: "superseded" | "handed-over"; readonly by: string };

/** Anything that can happen to a release, with its store time and who did it. */
export type ReleaseEvent = (SeenEvent | AskedEvent) & { readonly at: number; readonly actor: Actor };

/** Why a verb does not fit a release. */
export type ReleaseRefusal =
  | "ended"
  | "not-held"
  | "held-by-person"
  | "machine-may-not"
  | "same-person"
  | "evidence-changed"
  | "approval-not-wanted"
  | "reason-missing"
  | "after-the-switch"
  | "nothing-to-retry"
  | "already-skipped";

/** What an event does to a release: nothing for what is stale or said before. */
export type Transition =
  | {
      readonly kind: "moved";
      readonly record: ReleaseRecord;
      /** What this transition issued: all of it is in the record's outbox too. */
      readonly effects: readonly ReleaseRecord["outbox"][number][];
    }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly refusal: ReleaseRefusal; readonly message: string };
