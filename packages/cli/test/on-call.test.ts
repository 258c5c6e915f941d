import { describe, expect, it } from "vitest";
import { addNode, createWorld, flipTo, tamper } from "./world.ts";

describe("status", () => {
  it("shows where new runs go, the way back, bundles and processes [CLI-ON-CALL]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const { code, out } = await world.run("status");
    expect(code).toBe(0);
    for (const line of [/new runs\s+v2/, /way back\s+v1/, /v2\s+live/, /v1\s+stable/, /nodes\s+1 living/])
      expect(out).toMatch(line);
    expect(out).not.toContain("\u001b");
  });

  it("as data says the same [CLI-JSON]", async () => {
    const world = await createWorld();
    const said = await world.run("status", "--json");
    expect(said.json()).toMatchObject({
      agent: "support",
      generation: 1,
      route: { live: "v1" },
      release: null,
      nodes: [{ name: "worker-1" }],
    });
  });

  it("watched, shows what changed until it is stopped", async () => {
    const world = await createWorld();
    const stop = new AbortController();
    const shown: string[] = [];
    const io = { signal: stop.signal, out: { write: (text: string) => shown.push(text) } };
    const watching = world.at(io)("status", "--watch", "--every", "100", "--json");
    const seen = () => (JSON.parse(shown.at(-1) ?? "{}") as { route?: { live: string } }).route?.live;
    await expect.poll(seen, { timeout: 10_000 }).toBe("v1");
    await flipTo(world, "v2");
    await expect.poll(seen, { timeout: 10_000 }).toBe("v2");
    stop.abort();
    expect((await watching).code).toBe(130);
  });
});

describe("rollback", () => {
  it("sends new runs back with nothing but the store, and says when they were safe [CLI-ON-CALL]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const { code, out } = await world.run("rollback", "--reason", "wrong language");
    expect(code).toBe(0);
    expect(out).toMatch(/rolled back from v2 to v1 \(generation 3\), new runs safe after \d+ ms/);
    expect((await world.app.status()).route?.live).toBe("v1");
    expect((await world.app.audit()).at(-1)?.entry).toMatchObject({
      reason: "wrong language",
      actor: { id: "ana" },
    });
  });

  it("denies the bundle, and lists the runs that are left on it", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const started = await world.app.start({ key: "customer-7" });
    const said = await world.run("rollback", "--json");
    expect(said.json()).toMatchObject({
      outcome: "rolled-back",
      from: "v2",
      to: "v1",
      impact: { bundle: "v2", left: [{ key: "customer-7" }] },
    });
    if (started.placed) await started.run.finish({ outcome: "completed" });
    expect((await world.run("status", "--json")).json<{ denied: unknown[] }>().denied).toHaveLength(1);
  });

  it("with nothing to roll back changes nothing and says so", async () => {
    const world = await createWorld();
    const said = await world.run("rollback");
    expect(said).toMatchObject({
      code: 0,
      out: expect.stringContaining("nothing to roll back: new runs already go to v1"),
    });
    expect((await world.app.status()).generation).toBe(1);
  });

  it("says what to do where not everything was written down, or nothing was there to go back to", async () => {
    const world = await createWorld();
    const said = await world.run("rollback", "--wait", "0");
    expect(said.out).toContain("verdigris release start <fixed> --emergency");
    expect(said.out).not.toContain("written down");
    await flipTo(world, "v2");
    // Whatever stands where the bundle's record was: the route moves, and the deny list cannot name the bundle.
    const key = "support/bundle/v2";
    const { entries } = await world.store.get([key]);
    await world.store.commit([{ op: "del", key, rev: entries[0]?.rev ?? 0 }]);
    const half = await world.run("rollback", "--wait", "0");
    expect(half).toMatchObject({ code: 0, out: expect.stringContaining("rolled back from v2 to v1") });
    expect(half.out).toContain("! not everything was written down: say it again");
  });

  it("says who has not said so in the time it was to wait, and that the fence holds", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await addNode(world, "frozen", { generation: 0 });
    const said = await world.run("rollback", "--wait", "0");
    expect(said).toMatchObject({
      code: 0,
      out: expect.stringContaining("not every process has said so within 0 ms"),
    });
  });

  it("twice at once rolls back once, and waits no longer than it is told", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const said = await Promise.all([
      world.run("rollback", "--wait", "0"),
      world.run("rollback", "--wait", "0"),
    ]);
    expect(said.map(({ code }) => code)).toEqual([0, 0]);
    expect((await world.app.status()).generation).toBe(3);
  });
});

describe("hold and history", () => {
  it("a hold stops what goes forward and never a rollback [CLI-ON-CALL]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    expect((await world.run("hold", "--reason", "looking into it")).code).toBe(0);
    const flip = await world.run("route", "flip", "v3", "--reason", "x", "--yes", "--supersede");
    expect(flip).toMatchObject({ code: 1, err: expect.stringContaining("route-held") });
    expect((await world.run("status")).out).toContain("looking into it");
    expect((await world.run("rollback")).code).toBe(0);
    expect((await world.run("route", "release-hold", "--reason", "seen")).code).toBe(0);
    expect((await world.app.status()).route?.held).toBeNull();
  });

  it("history shows who did what and why, newest first, and that the chain holds", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await world.run("rollback", "--reason", "wrong language", "--actor", "bea");
    const { code, out } = await world.run("history");
    expect(code).toBe(0);
    expect(out.split("\n")[1]).toMatch(/^3 .*rollback.*v2 > v1.*bea.*wrong language/);
    expect(out).toContain("the chain of the audit holds");
    const data = (await world.run("history", "--json", "--limit", "1")).json<{
      lines: unknown[];
      verified: { ok: boolean };
    }>();
    expect(data).toMatchObject({ lines: [{ entry: { generation: 3 } }], verified: { ok: true } });
  });

  it("history of a tampered audit says so with its exit code", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await tamper(world, 2, "a test", "nothing");
    expect(await world.run("history")).toMatchObject({ code: 1, out: expect.stringContaining("tampered") });
  });

  it("text from outside cannot move the cursor or turn what is read around [CLI-SAFE-TEXT]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await world.run("rollback", "--reason", "\u001b[2J\u001b]0;owned\u0007 safe \u202egnorw\r");
    const { out } = await world.run("history");
    for (const hostile of ["\u001b", "\u0007", "\u202e", "\r"]) expect(out).not.toContain(hostile);
    expect(out).toContain("safe");
  });
});
