import { agentKeys } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { addNode, createWorld, flipTo } from "./world.ts";

describe("a drain", () => {
  it("says who is left and until when, with an exit code of its own, and when nobody is", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const started = await world.app.start({ key: "ada" });
    await world.run("rollback", "--wait", "0");
    const left = await world.run("drain", "v2", "--wait", "0");
    expect(left).toMatchObject({ code: 1, err: "" });
    expect(left.out).toMatch(
      /^1 run is left on v2; the last ends in \S+.* at the latest: verdigris runs --bundle v2/,
    );
    expect((await world.run("drain", "v2", "--wait", "0", "--json")).json()).toMatchObject({
      bundle: "v2",
      gone: false,
      inFlight: { count: 1 },
    });
    if (started.placed) await started.run.finish({ outcome: "completed" });
    expect(await world.run("drain", "v2")).toMatchObject({ code: 0, out: "no run is left on v2\n" });
  });

  it("of a bundle that new runs go to, or that nobody knows, is refused and waits for nothing", async () => {
    const world = await createWorld();
    for (const [bundle, says] of [
      ["v1", "v1 is live"],
      ["v9", "knows no bundle v9"],
    ] as const)
      expect(await world.run("drain", bundle)).toMatchObject({ code: 2, err: expect.stringContaining(says) });
    await world.run("route", "stage", "v2", "--reason", "x");
    expect((await world.run("drain", "v2")).err).toContain("v2 is candidate");
  });
});

describe("a drill that is interrupted", () => {
  it("brings the route back before it ends, and says so [CLI-DRILL]", async () => {
    const world = await createWorld();
    // One that hears of no move, until its record expires: the drill waits for it.
    await addNode(world, "frozen", { generation: 0, expiresMs: 2_000 });
    const stop = new AbortController();
    const drilling = world.at({ signal: stop.signal })("drill", "--bundle", "v2", "--reason", "x", "--yes");
    const live = async () => (await world.app.status()).route?.live;
    await expect.poll(live, { timeout: 10_000, interval: 20 }).toBe("v2");
    stop.abort();
    const said = await drilling;
    expect(said).toMatchObject({
      code: 130,
      err: expect.stringContaining("goes on until the route is back"),
    });
    expect(await live()).toBe("v1");
    expect((await world.run("drills", "--json")).json<unknown[]>()).toHaveLength(1);
  });
});

describe("a drill whose process died", () => {
  it("is ended by a person: new runs go to the stable bundle, and another drill may begin", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const value = JSON.stringify({
      v: 1,
      id: "d1",
      by: { kind: "person", id: "ana" },
      home: "v1",
      away: "v2",
    });
    await world.store.commit([{ op: "put", key: agentKeys("support").drilling, rev: 0, value }]);
    const recover = ["drill", "--recover", "--reason", "its process died"];
    expect(await world.run(...recover)).toMatchObject({ code: 0, out: expect.stringContaining("is ended") });
    expect((await world.app.status()).route?.live).toBe("v1");
    expect(await world.run(...recover, "--json")).toMatchObject({
      code: 0,
      out: expect.stringContaining("false"),
    });
    const drill = ["drill", "--bundle", "v3", "--reason", "x", "--yes", "--drain", "0", "--json"];
    expect((await world.run(...drill)).json()).toMatchObject({ ok: true });
  });
});
