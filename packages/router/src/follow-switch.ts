import {
  type Actor,
  agentKeys,
  type BundleId,
  type Clock,
  decodeRecord,
  InvalidArgumentError,
  isId,
  type Router,
  recordVersion,
  requireId,
  type Store,
  type StoreEntry,
  systemClock,
  type Unsubscribe,
  type VersionedRecord,
} from "@verdigris/contracts";

/** What became of a change that was asked for. */
export type SwitchAnswer = "asked" | "moved" | "unchanged" | "refused";

/** `{agent}/switch/{source}`: what a source last said, and what that became. */
interface SwitchRecord extends VersionedRecord {
  readonly value: BundleId;
  /** The request id of the flip; null for the first value, which asks for nothing. */
  readonly ask: string | null;
  readonly answer: SwitchAnswer | null;
}

/** Where a source and the route stand. */
export interface SwitchStanding {
  /** What the source says; null where it says nothing that could be a bundle. */
  readonly value: BundleId | null;
  readonly live: BundleId | null;
  /** They name different bundles: after a rollback, or where the change was refused. */
  readonly disagrees: boolean;
  /** What became of the source's last change; null before there was one. */
  readonly answer: SwitchAnswer | null;
}

/** Options of {@link followSwitch}. */
export interface SwitchOptions {
  readonly router: Router;
  readonly store: Store;
  /** The source, as it goes on record: the actor is `flag:{name}`. */
  readonly name: string;
  /** The value now: a flag's, a file's. Nothing is asked for while it rejects or names no bundle. */
  readonly read: () => BundleId | null | Promise<BundleId | null>;
  /** Says when to read it again, as a file's watcher or a flag's change event can; how often it does so costs nothing. */
  readonly watch?: (onChange: () => void) => Unsubscribe;
  /** How often to read it all the same. @default 5000 */
  readonly pollMs?: number;
  /** Told whenever the standing changes. */
  readonly onStanding?: (standing: SwitchStanding) => void;
  readonly clock?: Clock;
}

/** A process that follows a source. */
export interface SwitchFollower {
  /** Reads the source once, and asks for a flip where its value has changed. Rejects with what the store rejects with. */
  check(): Promise<SwitchStanding>;
  close(): void;
}

/** A record of an asked change is carried to its end by whoever finds it: the request id makes that harmless. */
async function carry(
  options: SwitchOptions,
  key: string,
  entry: StoreEntry,
  record: SwitchRecord,
): Promise<SwitchAnswer> {
  const { router, store, name } = options;
  const actor: Actor = { kind: "policy", id: `flag:${name}` };
  const expect = (await router.refresh())?.route.generation ?? 0;
  const move = { verb: "flip", bundle: record.value } as const;
  const result = await router.move({
    move,
    actor,
    reason: `${name} says ${record.value}`,
    expect,
    ...(record.ask === null ? {} : { requestId: record.ask }),
  });
  // Somebody moved the route in between: the next look decides on what it is then.
  if (result.outcome === "conflict") return "asked";
  const answer = result.outcome === "duplicate" ? "moved" : result.outcome;
  await store.commit([{ op: "put", key, rev: entry.rev, value: JSON.stringify({ ...record, answer }) }]);
  return answer;
}

/** Writes down what a source says now. A first value is where it stands; only another one after it is a change. */
async function note(
  options: SwitchOptions,
  key: string,
  entry: StoreEntry | null,
  value: BundleId,
): Promise<boolean> {
  const { store, name, router } = options;
  const v = router.snapshot()?.route.v ?? recordVersion;
  const ask = entry === null ? null : `flag.${name}.${entry.rev}`;
  const record: SwitchRecord = { v, value, ask, answer: ask === null ? null : "asked" };
  return (await store.commit([{ op: "put", key, rev: entry?.rev ?? 0, value: JSON.stringify(record) }])).ok;
}

async function look(
  options: SwitchOptions,
  key: string,
  value: BundleId | null,
): Promise<SwitchAnswer | null> {
  const { store } = options;
  for (let tries = 0; tries < 4; tries++) {
    const entry = (await store.get([key])).entries[0] ?? null;
    const record = entry === null ? null : decodeRecord<SwitchRecord>(key, entry.value);
    if (entry !== null && record?.answer === "asked") return carry(options, key, entry, record);
    if (value === null || record?.value === value) return record?.answer ?? null;
    await note(options, key, entry, value);
  }
  return "asked";
}

/**
 * Follows a flag or a file: a *change* of its value is a request to flip, under the rules of every flip, made once by
 * whichever process sees it first and finished by another if that one dies. What the source said before is on record, so
 * an old value read again, by a process that has just started too, never undoes a rollback; that they disagree is shown.
 *
 * Throws `invalid-argument` for a name that is no id and a `pollMs` outside of 100 to 3,600,000.
 */
export function followSwitch(options: SwitchOptions): SwitchFollower {
  const { router, read, onStanding = () => {}, clock = systemClock, pollMs = 5_000 } = options;
  const { watch = () => () => {} } = options;
  const key = agentKeys(router.agent).switched(requireId("name", options.name));
  if (!(pollMs >= 100 && pollMs <= 3_600_000))
    throw new InvalidArgumentError("pollMs", `must be 100 to 3600000, got ${pollMs}`);
  let closed = false;
  let cancel = (): void => {};
  let last = "";

  const check = async (): Promise<SwitchStanding> => {
    const said = await Promise.resolve()
      .then(read)
      .catch(() => null);
    const value = isId(said) ? said : null;
    const answer = await look(options, key, value);
    const live = (await router.refresh())?.route.live ?? null;
    const standing = { value, live, disagrees: value !== null && value !== live, answer };
    const text = JSON.stringify(standing);
    if (text !== last) onStanding(standing);
    last = text;
    return standing;
  };
  // What changes while it is read is read again, and two looks never overlap.
  let looking = false;
  let wanted = false;
  const wake = async (): Promise<void> => {
    wanted = true;
    if (looking || closed) return;
    looking = true;
    cancel();
    while (wanted && !closed) {
      wanted = false;
      // The store may be away: the next look finds the same change.
      await check().catch(() => {});
    }
    looking = false;
    if (!closed) cancel = clock.setTimer(() => void wake(), pollMs);
  };
  const stopWatching = watch(() => void wake());
  void wake();
  return {
    check,
    close() {
      closed = true;
      cancel();
      stopWatching();
    },
  };
}
