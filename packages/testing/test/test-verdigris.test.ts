import {
  aBundle,
  aRoute,
  createTestVerdigris,
  formatRecord,
  type TestVerdigris,
  type VerdigrisMatchers,
  verdigrisMatchers,
} from "@verdigris/testing";
import { parseBundle, type Run, type Verdigris } from "verdigris";
import { describe, expect, it } from "vitest";

declare module "vitest" {
  interface Matchers<T> extends VerdigrisMatchers<T> {}
}
expect.extend(verdigrisMatchers);

const bundles = [aBundle("blue"), aBundle("green"), aBundle("amber")] as const;

/** Code under test: it knows nothing of tests. */
async function answer(verdigris: Verdigris, key: string): Promise<string> {
  return verdigris.run({ key }, async (run) => {
    await run.step("plan", () => {});
    return run.step("answer", ({ bundle }) => bundle.id);
  });
}

async function started(test: TestVerdigris): Promise<Run> {
  const result = await test.start();
  if (!result.placed) throw new Error("not placed");
  return result.run;
}

describe("a store that goes backwards", () => {
  it("is not obeyed, and gone on after by a reanchor [TESTING-FAKES] [ROUTE-REANCHOR]", async () => {
    const test = createTestVerdigris({ bundles });
    const kept = await started(test);
    const restore = await test.backup();
    await test.flip("green");
    const lost = await started(test);
    await restore();
    await expect(test.start()).rejects.toMatchObject({ code: "store-regressed" });
    await expect(test.flip("amber")).rejects.toMatchObject({ code: "store-regressed" });
    await test.reanchor({ live: "blue", expect: 1, reason: "restored", actor: "ana" });
    expect((await started(test)).bundle.id).toBe("blue");
    expect(await kept.finish({ outcome: "completed" })).toBe("finished");
    expect(await lost.finish({ outcome: "completed" })).toBe("superseded");
    expect(await test.verifyAudit()).toMatchObject({ ok: true, holes: [{ from: 2, to: 2 }] });
    await test.close();
  });

  it("is as it was before when nothing was written since, also after a reset", async () => {
    const test = createTestVerdigris({ bundles });
    await test.reset();
    await (await test.backup())();
    expect(await answer(test, "user-1")).toBe("blue");
    await test.close();
  });
});

describe("a test instance", () => {
  it("is taken where a Verdigris is, and pins runs on the first bundle [TESTING-FAKES]", async () => {
    const test = createTestVerdigris({ bundles });
    expect(await answer(test, "user-1")).toBe("blue");
    expect(test.record).toHaveTakenSteps(["plan", "answer"]);
    expect(test.record).toHaveStayedOn("blue");
    expect(test.record).toHaveFinished("completed");
  });

  it("sends new runs where the test says, on the route or not", async () => {
    const test = createTestVerdigris({ bundles });
    test.force("amber");
    expect(await answer(test, "user-1")).toBe("amber");
    test.force(null);
    expect(await answer(test, "user-1")).toBe("blue");
  });

  it("flips and rolls back in the middle of a run, which stays where it is [I1]", async () => {
    const test = createTestVerdigris({ bundles });
    const run = await started(test);
    await run.step("before", () => test.flip("green"));
    await run.step("after", () => {});
    expect(await answer(test, "user-1")).toBe("green");
    await test.rollback();
    expect(await answer(test, "user-1")).toBe("blue");
    expect(test.record.of(run)).toHaveStayedOn("blue");
    expect(test.record.of(run)).not.toHaveFinished();
    expect(test.record).toHaveRunOn("green");
    expect(
      test.record
        .filter(({ generation }) => generation)
        .map(({ what, bundle, generation }) => [what, bundle, generation]),
    ).toEqual([
      ["open", "blue", 1],
      ["flip", "green", 2],
      ["rollback", "blue", 3],
    ]);
  });

  it("takes production's flip, too, with its refusals", async () => {
    const test = createTestVerdigris({ bundles });
    await expect(test.flip({ to: "green", expect: 7, reason: "x" })).rejects.toMatchObject({
      code: "route-conflict",
    });
    await test.hold({ reason: "wait" });
    await expect(test.flip("green")).rejects.toMatchObject({ code: "route-held" });
  });

  it("lets a run expire at once [I8]", async () => {
    const test = createTestVerdigris({ bundles });
    const [run, other] = [await started(test), await started(test)];
    await test.expire(run);
    await expect(run.step("late", () => {})).rejects.toMatchObject({ code: "run-expired" });
    expect(test.record.of(run)).toHaveExpired();
    await expect(test.expire(other.id)).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("loses its store and gets it back", async () => {
    const test = createTestVerdigris({ bundles });
    const run = await started(test);
    test.loseStore();
    await expect(test.start()).rejects.toMatchObject({ code: "store-unavailable" });
    expect(await run.step("goes on", () => 1)).toBe(1);
    test.restoreStore();
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
  });

  it("lets the next start and the next move meet a moved route, held or not", async () => {
    const test = createTestVerdigris({ bundles });
    await test.ready();
    for (const held of [false, true]) {
      if (held) await test.hold({ reason: "wait", actor: "ana" });
      const { generation, route } = await test.status();
      test.conflict();
      expect(await answer(test, "user-1")).toBe("blue");
      test.conflict();
      const expectation = (await test.status()).generation;
      await expect(test.stage({ bundle: "green", expect: expectation, reason: "x" })).rejects.toMatchObject({
        code: held ? "route-held" : "route-conflict",
      });
      const after = await test.status();
      expect(after.generation).toBe(generation + (held ? 2 : 4));
      expect(after.route).toMatchObject({ live: "blue", held: route?.held ?? null });
    }
  });

  it("begins again on reset: route, runs, record, faults and listeners that stay", async () => {
    const test = createTestVerdigris({ bundles });
    const heard: string[] = [];
    const stop = test.on("run-started", ({ scope }) => void heard.push(scope.bundle));
    await test.flip("green");
    test.force("amber");
    await started(test);
    test.loseStore();
    await test.reset();
    expect(test.record).toEqual([]);
    expect(await answer(test, "user-1")).toBe("blue");
    expect((await test.status()).generation).toBe(1);
    stop();
    await answer(test, "user-1");
    expect(heard).toEqual(["amber", "blue"]);
    await test.close();
    expect(test.clock.pending).toBe(0);
  });

  it("passes the test's own instrument, pipelines and options on", async () => {
    const seen: string[] = [];
    const test = createTestVerdigris({
      agent: "docs",
      bundles,
      now: Date.UTC(2030, 0, 1),
      load: ({ id }) => ({ of: id }),
      instrument: {
        step: (scope, next) => {
          seen.push(`${scope.agent} ${scope.step}`);
          return next();
        },
      },
    });
    expect(await test.run({}, (run) => run.step("a", ({ pipeline }) => pipeline.of))).toBe("blue");
    expect(seen).toEqual(["docs a"]);
    expect((await test.status()).at).toBe(Date.UTC(2030, 0, 1));
    await test.close();
    await expect(test.start()).rejects.toMatchObject({ code: "closed" });
  });

  it("refuses to begin without a bundle, and says which bundle is wrong when it is used", async () => {
    expect(() => createTestVerdigris({ bundles: [] as never })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
    const twice = createTestVerdigris({ bundles: [aBundle("blue"), aBundle("blue", { tools: {} })] });
    await expect(twice.start()).rejects.toMatchObject({ code: "bundle-id-taken" });
  });
});

describe("a record", () => {
  it("reads like a story", async () => {
    const test = createTestVerdigris({ bundles, newId: () => "run-1" });
    const run = await started(test);
    await test.clock.advance(1_500);
    await run.step("plan", () => Promise.reject(new Error("mine"))).catch(() => {});
    await test.flip("green");
    await run.finish({ outcome: "failed" });
    expect(`\n${test.record}`).toBe(`
     +0.000s  open           blue          generation 1
     +0.000s  load           blue
     +0.000s  start          blue          run-1
     +1.500s  step           blue          run-1  plan
     +1.500s  step-failed    blue          run-1  plan
     +1.500s  flip           green         generation 2
     +1.500s  finish         blue          run-1  failed`);
    expect(formatRecord([])).toBe("");
  });

  it("tells matchers apart from what did not happen, with the record in the message", async () => {
    const test = createTestVerdigris({ bundles });
    await answer(test, "user-1");
    const wrong = [
      verdigrisMatchers.toHaveRunOn(test.record, "green"),
      verdigrisMatchers.toHaveStayedOn(test.record, "green"),
      verdigrisMatchers.toHaveStayedOn([], "blue"),
      verdigrisMatchers.toHaveTakenSteps(test.record, ["answer", "plan"]),
      verdigrisMatchers.toHaveFinished(test.record, "failed"),
      verdigrisMatchers.toHaveExpired(test.record),
    ];
    expect(wrong.map(({ pass }) => pass)).toEqual(Array(6).fill(false));
    expect(wrong[0]?.message()).toContain("answer");
  });
});

describe("builders", () => {
  it("make bundles that differ in their ids and pass every check, and routes", () => {
    const blue = aBundle("blue");
    expect(parseBundle({ ...blue })).toEqual(blue);
    expect(aBundle("blue", { tools: {} }).digest).not.toBe(blue.digest);
    expect(aRoute({ live: "green", generation: 4 })).toMatchObject({
      live: "green",
      stable: "green",
      generation: 4,
    });
  });
});
