import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createWorld, flipTo, tamper, type World } from "./world.ts";

describe("moves by hand", () => {
  it("need a yes, from a person or from --yes [CLI-CONFIRM]", async () => {
    const world = await createWorld();
    const flip = ["route", "flip", "v2", "--reason", "better"] as const;
    expect(await world.run(...flip)).toMatchObject({
      code: 5,
      err: expect.stringContaining("not-confirmed"),
    });
    const asked: string[] = [];
    const answering = (answer: string) => ({
      ask: async (question: string) => {
        asked.push(question);
        return answer;
      },
    });
    expect((await world.at(answering("n"))(...flip)).code).toBe(5);
    expect((await world.app.status()).route?.live).toBe("v1");
    expect((await world.at(answering("yes"))(...flip)).code).toBe(0);
    expect(asked[0]).toContain("from v1 to v2");
    expect((await world.app.status()).route?.live).toBe("v2");
  });

  it("need a reason, given or asked for", async () => {
    const world = await createWorld();
    const flip = ["route", "flip", "v2", "--yes"] as const;
    expect(await world.run(...flip)).toMatchObject({ code: 2, err: expect.stringContaining("--reason") });
    expect((await world.at({ ask: async () => "because" })(...flip)).code).toBe(0);
    expect((await world.app.audit()).at(-1)?.entry.reason).toBe("because");
  });

  it("that somebody overtook are refused with an exit code of their own [CLI-EXIT]", async () => {
    const world = await createWorld();
    const said = await world.run("route", "flip", "v2", "--reason", "x", "--yes", "--expect", "7", "--json");
    expect(said.code).toBe(4);
    expect(said.json()).toMatchObject({ error: { code: "route-conflict" } });
  });

  it("stage, share and settle; lowering a share asks nothing", async () => {
    const world = await createWorld();
    const canary = (share: string, ...more: string[]) =>
      world.run("route", "canary", share, "--reason", "x", ...more);
    expect((await canary("5", "--yes")).code).toBe(2);
    expect((await world.run("route", "stage", "v2", "--reason", "x")).code).toBe(0);
    expect((await canary("50", "--yes")).code).toBe(0);
    expect((await canary("5")).code).toBe(0);
    expect((await canary("60")).code).toBe(5);
    expect((await canary("500", "--yes")).code).toBe(2);
    expect((await world.app.status()).route).toMatchObject({ candidate: "v2", canary: { percent: 5 } });
    await flipTo(world, "v2");
    expect((await world.run("route", "settle", "--reason", "proven", "--yes")).code).toBe(0);
    expect((await world.app.status()).route).toMatchObject({ live: "v2", stable: "v2" });
  });
});

describe("releases", () => {
  const plan = JSON.stringify({ signals: { without: "a test" } });

  async function started(): Promise<World> {
    const world = await createWorld();
    await writeFile(join(world.folder, "plan.json"), plan);
    const said = await world.run("release", "start", "v2", "--plan", "plan.json", "--reason", "better");
    expect(said, said.err).toMatchObject({ code: 0 });
    return world;
  }

  it("start from a plan in a file, are shown, listed, held, resumed and ended", async () => {
    const world = await started();
    expect((await world.run("release", "show")).out).toMatch(/bundle\s+v2[\s\S]*waits for/);
    const { out } = await world.run("status");
    expect(out).toMatch(/! nothing watches its traffic: a test\n\nnext +verdigris controller/);
    const [record] = (await world.run("release", "list", "--json")).json<{ id: string }[]>();
    expect((await world.run("hold", "--reason", "wait")).out).toContain("is held in");
    expect((await world.run("release", "resume", "--reason", "go on")).code).toBe(0);
    expect((await world.run("release", "abort", "--reason", "enough")).code).toBe(5);
    expect((await world.run("release", "abort", "--reason", "enough", "--yes")).code).toBe(0);
    expect((await world.run("release", "show")).out).toContain("halted");
    expect((await world.run("status")).out).not.toContain("nothing watches its traffic");
    expect((await world.run("history", "--release", record?.id ?? "")).out).toContain("enough");
  });

  it("skip a gate with a reason and a yes, and are approved on no evidence but what is there", async () => {
    const world = await started();
    expect((await world.run("release", "skip", "smoke", "--reason", "x")).code).toBe(5);
    const skip = await world.run("release", "skip", "smoke", "--reason", "known good", "--yes");
    expect(skip, skip.err).toMatchObject({ code: 0 });
    expect((await world.run("release", "show")).out).toContain("known good");
    const stale = await world.run(
      "release",
      "approve",
      "--reason",
      "x",
      "--evidence",
      `sha256:${"0".repeat(64)}`,
    );
    expect(stale).toMatchObject({ code: 2, err: expect.stringContaining("by now") });
  });

  it("of an unknown plan or bundle are refused by name", async () => {
    const world = await createWorld();
    await writeFile(join(world.folder, "plan.json"), plan);
    const start = (bundle: string, named: string) =>
      world.run("release", "start", bundle, "--plan", named, "--reason", "x");
    expect(await start("v2", "careful")).toMatchObject({
      code: 2,
      err: expect.stringContaining("no plan careful"),
    });
    expect(await start("v9", "plan.json")).toMatchObject({
      code: 2,
      err: expect.stringContaining("bundle-unknown"),
    });
  });

  it("are waited for, until they end some other way", async () => {
    const world = await started();
    const waiting = world.run("release", "wait", "switched", "--every", "20", "--json");
    await world.run("release", "abort", "--reason", "enough", "--yes");
    const said = await waiting;
    expect(said.code).toBe(1);
    expect(said.json()).toMatchObject({ error: { code: "release-refused" } });
  });
});

describe("looking around", () => {
  it("lists runs, soonest deadline first, and processes", async () => {
    const world = await createWorld();
    await world.app.start({ key: "ada" });
    await world.app.start({ key: "bob", maxAgeMs: 60_000 });
    const { runs } = (await world.run("runs", "--json")).json<{ runs: { key: string }[] }>();
    expect(runs.map(({ key }) => key)).toEqual(["bob", "ada"]);
    const one = await world.run("runs", "--limit", "1", "--bundle", "v1");
    expect(one.out).toContain("bob");
    expect(one.out).toContain("there are more");
    expect((await world.run("nodes")).out).toMatch(/worker-1\s+(live|polling)/);
  });

  it("sums what model calls cost, and lists what had no price", async () => {
    const world = await createWorld();
    await world.app.run({}, (run) => {
      run.usage({ model: "m1", inputTokens: 10, outputTokens: 5, cost: 0.25 });
      run.usage({ model: "m2", inputTokens: 1, outputTokens: 1, cost: null });
    });
    await world.app.costs({ from: 0, to: Date.now() + 60_000 });
    const said = await world.run("costs", "--by", "model");
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining("0.25") });
    expect(said.out).toContain("not in these sums");
    expect((await world.run("costs", "--from", "yesterday-ish")).code).toBe(2);
  });

  it("examines the store, the fleet, the audit and the way back", async () => {
    const world = await createWorld();
    const well = await world.run("doctor");
    expect(well.out).toContain("an acknowledged flip survives a crash");
    expect(well.out).toContain("the chain holds");
    await tamper(world, 1, "first", "last");
    const ill = await world.run("doctor");
    expect(ill.code).toBe(1);
    expect(ill.out).toMatch(/problem\s+audit/);
  });

  it("practises a rollback for real, and comes back", async () => {
    const world = await createWorld();
    const drill = (...more: string[]) =>
      world.run("drill", "--reason", "monthly", "--bundle", "v2", "--drain", "0", "--json", ...more);
    expect((await drill()).code).toBe(5);
    const said = await drill("--yes");
    expect(said.json(), said.err).toMatchObject({ times: { switchMs: expect.any(Number) } });
    const { route } = await world.app.status();
    expect(route).toMatchObject({ live: "v1", stable: "v1" });
    expect(route?.generation).toBeGreaterThan(2);
    expect((await world.run("drills")).out).toContain("v2");
  });
});
