import { agentKeys, type MoveResult, type Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type LostCommit } from "@verdigris/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registerBundles } from "./proof/bundles.ts";
import { bundleIds } from "./proof/fleet.ts";
import { createProcess, openOn, type Process } from "./proof/process.ts";

const keys = agentKeys("agent");

async function world(store: Store): Promise<void> {
  await registerBundles(store, "agent", bundleIds);
}

describe("moves of one route", () => {
  it("have one winner per generation, and every loser is shown the winner's route [I3]", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.nat(3), { minLength: 2, maxLength: 6 }),
        async (s, rounds) => {
          const clock = createFakeClock();
          const base = createMemoryStore({ clock });
          await world(base);
          const slow: Store = {
            ...base,
            get: (wanted) => s.schedule(Promise.resolve()).then(() => base.get(wanted)),
            commit: (ops) => s.schedule(Promise.resolve()).then(() => base.commit(ops)),
          };
          const first = createProcess({ store: base, clock, name: "first" });
          await first.move(openOn("blue"), { expect: 0 });
          const racers = ["a", "b", "c"].map((name) => createProcess({ store: slow, clock, name }));
          let generation = 1;
          for (const pick of rounds) {
            const race = racers.map((racer, i) => {
              const bundle = bundleIds[(pick + i) % bundleIds.length] ?? "blue";
              return racer.move({ verb: "flip", bundle, supersede: true }, { expect: generation });
            });
            await s.waitFor(Promise.allSettled(race));
            const results: MoveResult[] = await Promise.all(race);
            const won = results.filter(({ outcome }) => outcome === "moved");
            expect(won.length).toBeLessThanOrEqual(1);
            const now = (await first.router.refresh())?.route;
            expect(now?.generation).toBe(generation + won.length);
            for (const result of results) {
              // To flip to what is live changes nothing and needs no winner.
              if (result.outcome !== "conflict") continue;
              expect(won).toHaveLength(1);
              expect(result.route).toEqual(now);
            }
            generation += won.length;
          }
          const { entries } = await base.list("agent/audit/", { limit: 1_000 });
          expect(entries.map(({ key }) => key)).toEqual(
            Array.from({ length: generation }, (_, i) => keys.audit(i + 1)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are applied in order by every node, whatever becomes of hints and replies, and soon [I5]", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(11), { maxLength: 30 }), async (s, list) => {
        const clock = createFakeClock();
        const base = createMemoryStore({ clock });
        await world(base);
        const mover = createProcess({ store: base, clock, name: "mover" });
        await mover.move(openOn("blue"), { expect: 0 });
        const faulty = createFaultyStore(base);
        let late = true;
        // Answers are made at once and delivered in any order: an old one may arrive last.
        const get: Store["get"] = async (wanted) => {
          const reply = await faulty.get(wanted);
          if (late) await s.schedule(Promise.resolve());
          return reply;
        };
        const node = createProcess({ store: { ...faulty, get }, clock, name: "node", watch: true });
        const applied: number[] = [];
        node.router.on("route", ({ route }) => applied.push(route.generation));
        const regressions: unknown[] = [];
        node.router.on("store-regressed", (event) => regressions.push(event));
        const reads: Promise<unknown>[] = [];
        const flip = (bundle: string) => () => mover.move({ verb: "flip", bundle, supersede: true });
        const acts: readonly (() => unknown)[] = [
          ...bundleIds.map(flip),
          () => faulty.sendHint({ type: "change", key: keys.route }),
          () => faulty.dropHints(),
          () => reads.push(node.router.refresh()),
          () => reads.push(node.router.refresh()),
          () => clock.advance(700),
        ];
        for (const pick of list) {
          // Every fourth happening is one late answer that arrives.
          const act = acts[pick] ?? (() => (s.count() > 0 ? s.waitOne() : null));
          await act();
        }
        late = false;
        await s.waitIdle();
        await clock.advance(1_300);
        await Promise.all(reads);
        expect(applied).toEqual([...new Set(applied)].sort((a, b) => a - b));
        expect(regressions).toEqual([]);
        expect(node.router.snapshot()?.route.generation).toBe(mover.router.snapshot()?.route.generation);
        await node.close();
      }),
      { numRuns: 60 },
    );
  });

  it("are undone by a rollback: the live bundle is back, the canary is gone, two generations have passed [I9]", async () => {
    const facts = fc.record({
      percent: fc.integer({ min: 0, max: 100 }),
      holdback: fc.integer({ min: 0, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(facts, async ({ percent, holdback }) => {
        const clock = createFakeClock();
        const store = createMemoryStore({ clock });
        await world(store);
        const p = createProcess({ store, clock, name: "p" });
        await p.move(openOn("blue"), { expect: 0 });
        const before = p.router.snapshot()!.route;
        await p.move({ verb: "flip", bundle: "green", holdbackPercent: holdback });
        const back = await p.move({ verb: "rollback" });
        expect(back).toMatchObject({ outcome: "moved", generation: before.generation + 2 });
        const shape = { live: "blue", stable: "blue", candidate: null, canary: null, holdback: null };
        expect(p.router.snapshot()!.route).toMatchObject(shape);
        // In mid-canary too, and a second time there is nothing to undo.
        await p.move({ verb: "stage", bundle: "amber" });
        await p.move({ verb: "setCanary", percent });
        expect(await p.move({ verb: "rollback" })).toMatchObject({ outcome: "moved" });
        expect(p.router.snapshot()!.route).toMatchObject(shape);
        expect(await p.move({ verb: "rollback" })).toMatchObject({ outcome: "unchanged" });
      }),
      { numRuns: 40 },
    );
  });
});

describe("a share of the keys", () => {
  it("only grows, and is about as large as it says, through whole starts [I13]", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    await world(store);
    const p = createProcess({ store, clock, name: "p" });
    await p.move(openOn("blue"), { expect: 0 });
    await p.move({ verb: "stage", bundle: "green" });
    let inside = new Set<string>();
    for (const percent of [0, 10, 35, 100]) {
      await p.move({ verb: "setCanary", percent });
      const now = new Set<string>();
      for (let key = 0; key < 1_000; key++) {
        const started = await p.pinning.start({ key: `user-${key}` });
        if (!started.placed) continue;
        if (started.run.scope.class === "canary") now.add(`user-${key}`);
        await started.run.finish({ outcome: "completed" });
      }
      expect([...inside].filter((key) => !now.has(key))).toEqual([]);
      expect(Math.abs(now.size - percent * 10)).toBeLessThanOrEqual(
        4 * Math.sqrt(percent * 10 * (1 - percent / 100)),
      );
      inside = now;
    }
  });
});

interface Lossy {
  readonly p: Process;
  readonly other: Process;
  readonly lose: (fate: LostCommit) => void;
  readonly landLate: () => Promise<unknown>;
  readonly base: Store;
}

async function lossy(): Promise<Lossy> {
  const clock = createFakeClock();
  const base = createMemoryStore({ clock });
  await world(base);
  const store = createFaultyStore(base);
  const p = createProcess({ store, clock, name: "p" });
  const other = createProcess({ store: base, clock, name: "other" });
  await p.move(openOn("blue"), { expect: 0 });
  return { p, other, lose: store.loseReply, landLate: store.landLate, base };
}

async function startOne(p: Process) {
  const started = await p.pinning.start();
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

describe("a commit whose reply was lost", () => {
  for (const fate of ["done", "dropped", "late"] as const) {
    const pinsOf = async (base: Store): Promise<number> =>
      (await base.list("agent/pin/", { limit: 10 })).entries.length;

    it(`accepts a run once (${fate}) [I11]`, async () => {
      const { p, lose, landLate, base } = await lossy();
      lose(fate);
      const started = await p.pinning.start({ id: "job" });
      await landLate();
      expect(started.placed).toBe(true);
      expect(await pinsOf(base)).toBe(1);
      expect(started.placed && (await started.run.finish({ outcome: "completed" }))).toBe("finished");
      expect((await base.list("agent/claim/", { limit: 10 })).entries).toEqual([]);
    });

    it(`hands a run over once (${fate}) [I11]`, async () => {
      const { p, other, lose, landLate, base } = await lossy();
      await other.router.refresh();
      const old = await startOne(other);
      lose(fate);
      const run = await p.pinning.resume(String(old.token));
      await landLate();
      expect(await old.finish({ outcome: "completed" })).toBe("superseded");
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      expect(await pinsOf(base)).toBe(0);
    });

    it(`extends and migrates a run once (${fate}) [I11]`, async () => {
      const { p, lose, landLate, base } = await lossy();
      await p.move({ verb: "stage", bundle: "green" });
      const started = await p.pinning.start({ maxAgeMs: 60_000 });
      if (!started.placed) throw new Error("not placed");
      const { run } = started;
      const before = run.deadline ?? 0;
      lose(fate);
      expect(await run.extend(5_000)).toBe(before + 5_000);
      await landLate();
      lose(fate);
      await run.migrate({ to: "green", reason: "proof" });
      await landLate();
      expect(run.scope).toMatchObject({ bundle: "green", mixed: true });
      expect(Number(run.token?.split("/")[5])).toBe(2);
      expect(await pinsOf(base)).toBe(1);
      expect(await run.step("s", ({ pipeline }) => pipeline.bundle.id)).toBe("green");
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      expect((await base.list("agent/moved/", { limit: 10 })).entries).toEqual([]);
    });

    it(`finishes a run once (${fate}) [I11]`, async () => {
      const { p, lose, landLate, base } = await lossy();
      const run = await startOne(p);
      lose(fate);
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      await landLate();
      expect(await pinsOf(base)).toBe(0);
    });

    it(`flips once, and a retry with its request id gets the first answer (${fate}) [I11]`, async () => {
      const { p, other, lose, landLate } = await lossy();
      lose(fate);
      const flipped = await p.move({ verb: "flip", bundle: "green" }, { requestId: "flip-1" });
      await landLate();
      expect(flipped).toMatchObject({ outcome: "moved", generation: 2 });
      await other.router.refresh();
      const retried = await other.move({ verb: "flip", bundle: "green" }, { expect: 1, requestId: "flip-1" });
      expect(retried).toMatchObject({ outcome: "duplicate", generation: 2 });
    });
  }

  it("does not let the first delivery keep a run that the second has taken up meanwhile [I2]", async () => {
    const clock = createFakeClock();
    const base = createMemoryStore({ clock });
    await world(base);
    const faulty = createFaultyStore(base);
    const first = createProcess({ store: faulty, clock, name: "first" });
    const second = createProcess({ store: base, clock, name: "second" });
    await first.move(openOn("blue"), { expect: 0 });
    await second.router.refresh();
    faulty.loseReply("done");
    const look = faulty.gate({ kind: "get" });
    const starting = first.pinning.start({ id: "job" });
    await look.reached;
    const taken = await second.pinning.start({ id: "job" });
    look.open();
    const started = await starting;
    if (!taken.placed || !started.placed) throw new Error("not placed");
    // Whoever asked last is the owner; the epochs say so, and one finish counts.
    const answers = [
      await taken.run.finish({ outcome: "completed" }),
      await started.run.finish({ outcome: "completed" }),
    ];
    expect(started.run.id).toBe(taken.run.id);
    expect(Number(started.run.token?.split("/")[5])).toBe(3);
    expect(answers).toEqual(["superseded", "finished"]);
  });
});
