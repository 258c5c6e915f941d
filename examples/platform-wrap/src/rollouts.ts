import { AsyncLocalStorage } from "node:async_hooks";
import { createPrefixedStore, type Router, type Store } from "@verdigris/contracts";
import { followSwitch, type SwitchStanding } from "@verdigris/router/switch";
import {
  type Actor,
  type Authorize,
  type Bundle,
  type BundleId,
  createVerdigris,
  type Verb,
  type Verdigris,
} from "verdigris";

/** What the platform knows of a colleague, from its single sign-on. */
export interface Colleague {
  readonly name: string;
  readonly roles: readonly ("developer" | "release-manager" | "on-call")[];
}

/** One line of the platform's event bus. */
export interface PlatformEvent {
  readonly topic: `rollouts.${string}`;
  readonly service: string;
  readonly body: unknown;
}

/** What the platform plugs in: its database, its flags, its bus. */
export interface Platform {
  /** One store serves every team; each sees its own prefix. */
  readonly store: Store;
  /** In unit tests, a fake. */
  readonly router?: Router;
  readonly team: string;
  readonly publish: (event: PlatformEvent) => void;
  /** The value of the team's flag for a service; null where it is not set. */
  readonly flag: (name: string) => BundleId | null | Promise<BundleId | null>;
}

/** A version somebody wants live, for somebody else to say yes to. */
export interface Proposal {
  readonly version: BundleId;
  readonly why: string;
  readonly by: string;
  /** What the proposer saw: any move since makes the proposal void. */
  readonly generation: number;
}

/** What teams see: the words of the platform, not those of the SDK. */
export interface Rollouts<P> {
  /** For the service's own code: runs, steps, usage. */
  readonly agent: Verdigris<P>;
  propose(as: Colleague, version: BundleId, why: string): Promise<Proposal>;
  approve(as: Colleague, proposal: Proposal): Promise<void>;
  revert(as: Colleague, why: string): Promise<void>;
  /** Looks at the flag now instead of at the next poll. A value that did not change asks for nothing. */
  followFlag(): Promise<SwitchStanding>;
  close(): Promise<void>;
}

const safe: readonly Verb[] = ["rollback", "hold", "drop"];
const told = ["route", "run-finished", "router-error"] as const;

/** Who is behind the call, for the SDK's `identity` hook: nobody below can claim to be somebody else. */
const behind = new AsyncLocalStorage<{ readonly actor: Actor; readonly roles: Colleague["roles"] }>();
const startUp: Actor = { kind: "machine", id: "platform" };

/** Going back is open to everybody on record; forward moves are a release manager's, or the flag's. */
const authorize: Authorize = ({ kind }, verb) => {
  const { roles = [] } = behind.getStore() ?? {};
  if (verb === "open" || verb === "register" || safe.includes(verb)) return true;
  const allowed = kind === "policy" || roles.includes("release-manager");
  return { allowed, why: `${verb} is for release managers` };
};

/** Wraps one service of a team. */
export function createRollouts<P>(
  platform: Platform,
  service: string,
  versions: { readonly deployed: Bundle; readonly load: (version: Bundle) => P },
): Rollouts<P> {
  const { store, router, team, publish, flag } = platform;
  const records = createPrefixedStore(store, `${team}/`);
  const agent = createVerdigris<P>({
    agent: service,
    ...(router === undefined ? { store: records } : { router }),
    bundle: versions.deployed,
    load: versions.load,
    identity: () => behind.getStore()?.actor ?? startUp,
    authorize,
  });
  const say = (topic: string, body: unknown) => publish({ topic: `rollouts.${topic}`, service, body });
  for (const name of told) agent.on(name, (body) => say(name, body));
  const as = <T>({ name, roles }: Colleague, work: () => Promise<T>): Promise<T> =>
    behind.run({ actor: { kind: "person", id: name }, roles }, work);
  const flagName = `${team}.${service}.version`;
  // What the flag said before is on record: a value nobody touched undoes no rollback, in no process.
  const follower = followSwitch({
    router: agent.router as Router,
    store: records,
    name: flagName,
    read: () => flag(flagName),
    onStanding: (standing) => say("flag", standing),
  });

  return {
    agent,
    async propose(colleague, version, why) {
      await agent.bundle(version);
      const { generation } = await agent.status();
      const proposal = { version, why, by: colleague.name, generation };
      say("proposed", proposal);
      return proposal;
    },
    approve: (colleague, { version, why, by, generation }) =>
      as(colleague, async () => {
        if (colleague.name === by) throw new Error(`${by} proposed ${version}, so somebody else approves it`);
        await agent.flip({ to: version, reason: `${why} (proposed by ${by})`, expect: generation });
      }),
    revert: (colleague, why) =>
      as(colleague, async () => {
        await agent.rollback({ reason: why });
      }),
    followFlag: () => follower.check(),
    async close() {
      follower.close();
      await agent.close();
    },
  };
}
