import {
  type Actor,
  agentKeys,
  type BundleId,
  type Clock,
  type Digest,
  InvalidArgumentError,
  isVerdigrisError,
  type Store,
  VerdigrisError,
} from "@verdigris/contracts";
import { createNotices } from "./notices.ts";

/** Who acts: a name stands for the person of that name. */
export type ActorInput = string | Actor;

/** What a decision about a verb can rest on. */
export interface AuthorizeContext {
  readonly agent: string;
  /** Generation of the route as this process knows it; 0 where there is none. */
  readonly generation: number;
  readonly bundle: BundleId | null;
  readonly reason: string;
  readonly evidence: Digest | null;
}

/** Allows or refuses a verb. What throws, hangs or answers with anything else than a yes refuses. */
export type Authorize<V extends string> = (
  actor: Actor,
  verb: V,
  context: AuthorizeContext,
) => AuthorizeAnswer | Promise<AuthorizeAnswer>;

/** A yes or no, or one with its reason. */
export type AuthorizeAnswer = boolean | { readonly allowed: boolean; readonly why?: string };

/** Who the host says is acting, from a session or a workload identity. */
export type Identity = () => Actor | Promise<Actor>;

/** Decides who acts and whether they may. */
export interface Authority<V extends string> {
  /** The actor of a verb: the host's word where it gives one, else the caller's own, marked as such. */
  actor(given: ActorInput | undefined): Promise<Actor>;
  /** Rejects with `not-authorized` unless the verb is allowed; the refusal goes on record apart from the route. */
  require(actor: Actor, verb: V, context: Omit<AuthorizeContext, "agent">): Promise<void>;
}

/** What an authority rests on; without a store its refusals are on no record. */
export interface AuthorityOptions<V extends string> {
  readonly agent: string;
  readonly store: Store | null;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly now: () => number;
  /** What notices are written in. */
  readonly format: () => number;
  readonly fallback: ActorInput | undefined;
  readonly identity: Identity | undefined;
  readonly authorize: Authorize<V> | undefined;
}

/** A hook that has not answered by then has refused. */
const answerMs = 5_000;

const nobody: Actor = Object.freeze({ kind: "machine", id: "unidentified", selfDeclared: true });

/** An actor as the caller declares it: a name stands for the person of that name. */
function declared(input: ActorInput | undefined): Actor {
  if (input === undefined) return nobody;
  const actor: Actor = typeof input === "string" ? { kind: "person", id: input } : input;
  return { kind: actor.kind, id: actor.id, selfDeclared: true };
}

function denial(agent: string, actor: Actor, verb: string, why: string, cause?: unknown): VerdigrisError {
  const message = `${actor.id} may not ${verb} on ${agent}: ${why}`;
  return new VerdigrisError("not-authorized", message, { agent, actor, verb, why }, { cause });
}

/** The hook's answer, or the rejection that `late` makes of its silence. */
async function bounded<T>(clock: Clock, hook: () => T | Promise<T>, late: () => Error): Promise<T> {
  let cancel = (): void => {};
  const silence = new Promise<never>((_, reject) => {
    cancel = clock.setTimer(() => reject(late()), answerMs);
  });
  const asked = async (): Promise<T> => hook();
  try {
    return await Promise.race([asked(), silence]);
  } finally {
    cancel();
  }
}

async function ask<V extends string>(
  options: AuthorityOptions<V>,
  authorize: Authorize<V>,
  actor: Actor,
  verb: V,
  context: AuthorizeContext,
): Promise<void> {
  const { agent, clock } = options;
  const late = (): Error => denial(agent, actor, verb, `authorize did not answer within ${answerMs} ms`);
  try {
    const answer = await bounded(clock, () => authorize(actor, verb, context), late);
    if (answer === true || (typeof answer === "object" && answer?.allowed === true)) return;
    const why = typeof answer === "object" ? answer?.why : undefined;
    throw denial(agent, actor, verb, why ?? "authorize refused");
  } catch (error) {
    throw isVerdigrisError(error, "not-authorized")
      ? error
      : denial(agent, actor, verb, "authorize threw", error);
  }
}

/** Who the host says is acting; anything but an actor in time is nobody, and nobody may act. */
async function identified(
  { agent, clock }: Pick<AuthorityOptions<string>, "agent" | "clock">,
  identity: Identity,
): Promise<Actor> {
  const nobodyKnown = (why: string, cause?: unknown): VerdigrisError =>
    new VerdigrisError("not-authorized", `nobody can act on ${agent}: ${why}`, { agent, why }, { cause });
  const late = nobodyKnown(`the identity hook did not answer within ${answerMs} ms`);
  const answer: unknown = await bounded(clock, identity, () => late).catch((cause: unknown) => {
    throw cause === late ? late : nobodyKnown("the identity hook threw", cause);
  });
  const { kind, id } = (answer ?? {}) as Partial<Actor>;
  if (!isKind(kind) || typeof id !== "string" || id === "")
    throw nobodyKnown("the identity hook named no actor");
  return { kind, id };
}

function isKind(kind: unknown): kind is Actor["kind"] {
  return kind === "person" || kind === "machine" || kind === "policy";
}

/** Creates the authority of one agent in one process. */
export function createAuthority<V extends string>(options: AuthorityOptions<V>): Authority<V> {
  const { agent, store, clock, newId, now, identity, authorize, fallback } = options;
  const notices = createNotices(clock);

  const note = async (
    actor: Actor,
    verb: V,
    context: AuthorizeContext,
    error: VerdigrisError,
  ): Promise<void> => {
    const taken = store === null ? null : notices.take();
    if (store === null || taken === null) return;
    const { why } = error.details;
    const record = {
      v: options.format(),
      kind: "refused",
      actor,
      verb,
      why,
      bundle: context.bundle,
      reason: context.reason.slice(0, 500),
      ...taken,
    };
    // A refusal stands whether or not it could be recorded.
    await store
      .commit([
        { op: "put", key: agentKeys(agent).notice(now(), newId()), rev: 0, value: JSON.stringify(record) },
      ])
      .catch(() => {});
  };

  return {
    async actor(given) {
      if (identity === undefined) return declared(given ?? fallback);
      if (given !== undefined)
        throw new InvalidArgumentError("actor", "comes from the identity hook here: leave it out");
      return identified(options, identity);
    },
    async require(actor, verb, facts) {
      if (authorize === undefined) return;
      const context = Object.freeze({ agent, ...facts });
      try {
        await ask(options, authorize, actor, verb, context);
      } catch (error) {
        if (isVerdigrisError(error, "not-authorized"))
          await note(actor, verb, context, error as VerdigrisError);
        throw error;
      }
    },
  };
}
