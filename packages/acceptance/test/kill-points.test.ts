import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVerdigrisError, type Store } from "@verdigris/contracts";
import { aBundle } from "@verdigris/testing";
import { createVerdigris, type Run, type Verdigris } from "verdigris";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasEngine } from "./engines.ts";
// @ts-expect-error The programs of the fleet are plain JavaScript, and the test opens stores as they do.
import { openStore, removeStore } from "./fixtures/open-store.mjs";
import { createMortalStore, type Death } from "./mortal-store.ts";

const stores = [
  { kind: "sqlite", there: true },
  { kind: "postgres", there: await hasEngine("postgres") },
  { kind: "redis", there: await hasEngine("redis") },
] as const;

const stages = ["ready", "start", "flip", "finish", "close", "over"] as const;
type Stage = (typeof stages)[number];

/** What a process had been told, and what it was about, when it died. */
interface Life {
  stage: Stage;
  token: string | null;
}

function processOf(agent: string, name: string, store: Store): Verdigris {
  const node = { name };
  return createVerdigris({ agent, store, bundle: aBundle("blue"), node, actor: name, sweepMs: "never" });
}

async function startHere(verdigris: Verdigris): Promise<Run> {
  const started = await verdigris.start();
  if (!started.placed) throw new Error("blue and green have the code of every process");
  return started.run;
}

/** A process with a node record starts a run, flips and finishes the run; `life` says how far it has come. */
async function live(verdigris: Verdigris, life: Life): Promise<void> {
  await verdigris.ready();
  life.stage = "start";
  const run = await startHere(verdigris);
  life.token = run.token;
  life.stage = "flip";
  await verdigris.flip({ to: "green", expect: 1, reason: "better" });
  life.stage = "finish";
  await run.finish({ outcome: "completed" });
  life.stage = "close";
  await verdigris.close();
  life.stage = "over";
}

/** What the others find once the process is dead, and what they can do without a restart. */
async function expectSound(here: Verdigris, { stage, token }: Life, where: string): Promise<void> {
  const past = (other: Stage): boolean => stages.indexOf(stage) > stages.indexOf(other);
  const liveNow = async (): Promise<string | undefined> => (await here.router?.refresh())?.route.live;
  // At once: whatever is in force is what a start gets, though this process need not have heard of it yet.
  const run = await startHere(here);
  const found = await liveNow();
  expect(run.bundle.id, where).toBe(found);
  if (past("flip")) expect(found, where).toBe("green");
  if (!past("start")) expect(found, where).toBe("blue");
  // Whoever says it again does it once.
  const again = await here.flip({ to: "green", expect: 1, reason: "better" }).then(
    ({ outcome }) => outcome,
    (error: unknown) => (isVerdigrisError(error) ? error.code : error),
  );
  expect(again, where).toBe(found === "green" ? "route-conflict" : "moved");
  expect((await here.audit({ limit: 99 })).map(({ entry }) => entry.verb).toSorted(), where).toEqual([
    "flip",
    "open",
  ]);
  expect(await here.verifyAudit(), where).toMatchObject({ ok: true, holes: [] });
  const later = await startHere(here);
  expect(later.bundle.id, where).toBe("green");
  // A run that was acknowledged and not being finished is there for whoever takes it up; a finished one is not.
  if (token !== null && stage !== "finish") {
    const taken = await here.resume(token).then(
      (resumed) => resumed.finish({ outcome: "completed" }).then(() => "taken up"),
      () => "gone",
    );
    expect(taken, where).toBe(past("finish") ? "gone" : "taken up");
  }
  for (const each of [run, later]) await each.finish({ outcome: "completed" });
}

describe.each(stores)("a process with a node record on $kind", ({ kind, there }) => {
  let directory: string;
  let spec: string;
  let mine: Store;
  let theirs: Store;

  beforeAll(async () => {
    if (!there) return;
    directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const name = `kill_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
    spec = kind === "sqlite" ? `sqlite:${join(directory, "store.db")}` : `${kind}:${name}`;
    mine = await openStore(spec);
    theirs = await openStore(spec);
  }, 30_000);
  afterAll(async () => {
    if (!there) return;
    await mine.close();
    await theirs.close();
    await removeStore(spec);
    await rm(directory, { recursive: true, force: true });
  }, 30_000);

  async function killed(death: Death): Promise<Life> {
    const agent = `${death.fate}-${death.dieAt}`;
    const here = processOf(agent, "here", mine);
    await here.ready();
    await here.register(aBundle("green"));
    const mortal = createMortalStore(theirs, death);
    const life: Life = { stage: "ready", token: null };
    await Promise.race([live(processOf(agent, "dying", mortal.store), life), mortal.died]);
    const end = { ...life };
    await expectSound(here, end, `killed ${death.fate} call ${death.dieAt}, at ${end.stage}`);
    await here.close();
    return end;
  }

  it.runIf(there)(
    "killed before or after any of its store calls leaves no stale start, no lost write, no double flip, and nobody to restart [I4] [I11] [NODE-RECORD]",
    async () => {
      const died = new Set<Stage>();
      for (const fate of ["before", "after"] as const) {
        for (let dieAt = 1; ; dieAt += 1) {
          const { stage } = await killed({ dieAt, fate });
          if (stage === "over") break;
          died.add(stage);
        }
      }
      expect([...died].toSorted()).toEqual(["close", "finish", "flip", "ready", "start"]);
    },
    90_000,
  );
});
