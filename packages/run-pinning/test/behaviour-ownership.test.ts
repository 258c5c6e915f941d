import { formatToken, parseToken, tokenFromBaggage, tokenToBaggage } from "@verdigris/run-pinning";
import { describe, expect, it } from "vitest";
import { createWorld, hours, later, minutes } from "./world.ts";

describe("resuming a run", () => {
  it("takes it over in one commit: the older handle's finish is superseded [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const older = await one.start({ key: "user-1" });
    await two.start();
    const before = world.store.calls.length;
    const newer = await two.pinning.resume(older.token!);
    const kinds = world.store.calls.slice(before).map(({ call }) => call);
    expect(kinds).toEqual(["get", "commit"]);
    expect(newer.scope).toEqual(older.scope);
    expect(parseToken(newer.token!).epoch).toBe(parseToken(older.token!).epoch + 1);
    expect(await older.finish({ outcome: "completed" })).toBe("superseded");
    expect(await newer.finish({ outcome: "completed" })).toBe("finished");
    expect(one.told["run-finished"]).toEqual([]);
  });

  it("with a token from before the last owner is refused, unless it is a takeover [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const { token } = await one.start();
    await two.pinning.resume(token!);
    await expect(two.pinning.resume(token!)).rejects.toMatchObject({ code: "run-superseded" });
    const taken = await two.pinning.resume(token!, { takeover: true });
    expect(parseToken(taken.token!).epoch).toBe(3);
  });

  it("twice at once from the same token has one winner [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const { token } = await one.start();
    const tries = await Promise.allSettled([one.pinning.resume(token!), two.pinning.resume(token!)]);
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(tries.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "run-superseded" },
    });
  });

  it("in the process that holds it stops the older handle there [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const { start, pinning } = await world.process();
    const older = await start();
    const newer = await pinning.resume(older.token!);
    await expect(older.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    expect(older.signal.aborted).toBe(true);
    expect(pinning.get(older.id)).toBe(newer);
  });

  it("knows a finished run from an expired one, and another agent's token from its own", async () => {
    const world = await createWorld({ policy: { maxAgeMs: hours } });
    const other = await (await createWorld({ agent: "other", beside: world })).process();
    const { start, pinning } = await world.process();
    const [done, late] = [await start(), await start()];
    await done.finish({ outcome: "completed" });
    await expect(pinning.resume(done.token!)).rejects.toMatchObject({ code: "run-unknown" });
    const foreign = (await other.start()).token!;
    await expect(pinning.resume(foreign)).rejects.toMatchObject({ code: "token-invalid" });
    await expect(pinning.attach(foreign)).rejects.toMatchObject({ code: "token-invalid" });
    await world.clock.advance(hours);
    await expect(pinning.resume(late.token!)).rejects.toMatchObject({ code: "run-expired" });
  });

  it.each(["done", "dropped", "late"] as const)(
    "survives a lost reply whose commit was %s [RUN-OWNERSHIP]",
    async (fate) => {
      const world = await createWorld();
      const [one, two] = [await world.process(), await world.process()];
      const { token } = await one.start();
      world.store.loseReply(fate);
      const run = await two.pinning.resume(token!);
      await world.store.landLate();
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      expect(await world.under("")).not.toContain(expect.stringContaining("/pin/"));
    },
  );
});

describe("attaching to a run", () => {
  it("lets it step and nothing else, for one read [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const owner = await one.start();
    await two.start();
    const before = world.store.count();
    const guest = await two.pinning.attach(owner.token!);
    expect(world.store.count() - before).toBe(1);
    expect(guest.owner).toBe(false);
    expect(await guest.step("look", ({ pipeline }) => pipeline.of)).toBe("blue");
    const refusals = [
      guest.finish({ outcome: "completed" }),
      guest.extend(minutes),
      guest.migrate({ to: "green", reason: "mine" }),
    ];
    for (const refusal of await Promise.allSettled(refusals)) {
      expect(refusal).toMatchObject({ status: "rejected", reason: { code: "not-owner" } });
    }
    expect(await owner.finish({ outcome: "completed" })).toBe("finished");
  });

  it("ends with park, with the deadline, and with the process [SDK-UNLOAD]", async () => {
    const world = await createWorld();
    const one = await world.process();
    const two = await world.process();
    const owner = await one.start({ maxAgeMs: hours });
    const parked = await two.pinning.attach(owner.token!);
    parked.park();
    await expect(parked.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    const expiring = await two.pinning.attach(owner.token!);
    const held = await two.pinning.attach(owner.token!);
    await two.close();
    expect(two.told["pipeline-unloaded"]).toEqual([{ bundle: "blue" }]);
    await expect(held.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    expect(expiring.signal.aborted).toBe(true);
    expect(await owner.step("a", () => 1)).toBe(1);
  });

  it("reports nothing that its owner reports", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const owner = await one.start({ maxAgeMs: hours });
    const guest = await two.pinning.attach(owner.token!);
    await world.clock.advance(hours);
    expect(guest.signal.aborted).toBe(true);
    expect(two.told["run-expiring"]).toEqual([]);
    expect(two.told["run-expired"]).toEqual([]);
    expect(one.told["run-expired"]).toHaveLength(1);
  });

  it("is refused where the bundle is not served", async () => {
    const world = await createWorld();
    const owner = await (await world.process()).start();
    const elsewhere = await world.process({ serves: () => false });
    await expect(elsewhere.pinning.attach(owner.token!)).rejects.toMatchObject({ code: "run-not-placed" });
  });
});

describe("parking a run", () => {
  it("lets go of it without ending it: a finish here does not reach the pin [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const run = await one.start();
    const token = run.park();
    expect(one.pinning.get(run.id)).toBeUndefined();
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    expect(await run.finish({ outcome: "completed" })).toBe("superseded");
    const resumed = await two.pinning.resume(token);
    expect(await resumed.finish({ outcome: "completed" })).toBe("finished");
  });

  it("is refused during a step and after the end", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    const gate = later();
    const step = run.step("long", () => gate.promise);
    expect(() => run.park()).toThrow(expect.objectContaining({ code: "run-busy" }));
    gate.resolve();
    await step;
    await run.finish({ outcome: "completed" });
    expect(() => run.park()).toThrow(expect.objectContaining({ code: "run-finished" }));
  });
});

describe("fence()", () => {
  const result = { op: "put", key: "host/result", rev: 0, value: "1" } as const;

  it("lets a host's own commit through while this owner is the last [I2]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    expect(await world.store.commit([result, run.fence()])).toMatchObject({ ok: true });
  });

  it("fails that commit after a resume, a migration and a finish [I2]", async () => {
    for (const end of ["resume", "migrate", "finish"] as const) {
      const world = await createWorld();
      const [one, two] = [await world.process(), await world.process()];
      const run = await one.start();
      const fence = run.fence();
      await one.move({ verb: "stage", bundle: "green" });
      if (end === "resume") await two.pinning.resume(run.token!);
      if (end === "migrate") await run.migrate({ to: "green", reason: "better" });
      if (end === "finish") await run.finish({ outcome: "completed" });
      expect(await world.store.commit([result, fence])).toMatchObject({ ok: false });
    }
  });
});

describe("a token", () => {
  it("travels as W3C baggage and comes back unchanged", async () => {
    const world = await createWorld();
    const { token } = await (await world.process()).start({ key: "secret", labels: { tenant: "secret" } });
    expect(token).not.toContain("secret");
    const header = `a=1, ${tokenToBaggage(token!)};property=1 ,b=2`;
    expect(tokenFromBaggage(header)).toBe(token);
    expect(tokenFromBaggage(`verdigris.run=${encodeURIComponent(token!)}`)).toBe(token);
    expect(tokenFromBaggage("a=1")).toBeNull();
    expect(tokenFromBaggage(null)).toBeNull();
    expect(tokenFromBaggage("verdigris.run")).toBeNull();
    expect(tokenFromBaggage("verdigris.run=%E0%A4%A")).toBe("%E0%A4%A");
  });

  it("says what it claims, and nothing else is one", () => {
    const claim = { agent: "a", bundle: "b", deadline: 5, run: "r", epoch: 2, rev: 9 };
    const text = formatToken("a", { bundle: "b", deadline: 5, run: "r", epoch: 2 } as never, 9);
    expect(parseToken(text)).toEqual(claim);
    const wrong = [
      "",
      "vg2/a/b/5/r/2/9",
      `${text}/more`,
      "vg1/a/b/5/r/2",
      "vg1/a/b/x/r/2/9",
      "vg1/a/b /5/r/2/9",
      `vg1/${"a".repeat(600)}`,
      7,
    ];
    for (const other of wrong) {
      expect(() => parseToken(other as string)).toThrow(expect.objectContaining({ code: "token-invalid" }));
    }
  });
});

describe("letting go of a run", () => {
  const endings: [string, "run-superseded" | "run-expired" | "run-cancelled" | null][] = [
    ["finished", null],
    ["parked", "run-superseded"],
    ["taken up elsewhere", "run-superseded"],
    ["past its deadline", "run-expired"],
    ["closed", "run-superseded"],
  ];

  it.each(endings)("is told once, or its finish is: %s [RUN-TOLD-ONCE]", async (how, reason) => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const run = await one.start({ maxAgeMs: hours });
    if (how === "parked") run.park();
    if (how === "taken up elsewhere") await two.pinning.resume(run.token!);
    if (how === "past its deadline") await world.clock.advance(hours + minutes);
    if (how === "closed") await one.pinning.close();
    await run.finish({ outcome: "completed" });
    await one.pinning.close();
    expect(one.told["run-finished"]).toHaveLength(reason === null ? 1 : 0);
    expect(one.told["run-released"]).toEqual(reason === null ? [] : [{ scope: run.scope, reason }]);
  });

  it("and taking one up are told apart from a start [RUN-TOLD-ONCE]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const older = await one.start();
    const newer = await two.pinning.resume(older.token!);
    expect(two.told["run-resumed"]).toEqual([
      { scope: newer.scope, deadline: newer.deadline, acceptedAt: expect.any(Number) },
    ]);
    expect(two.told["run-started"]).toEqual([]);
    await two.pinning.attach(newer.token!);
    await two.pinning.close();
    expect(two.told["run-released"]).toHaveLength(1);
  });
});
