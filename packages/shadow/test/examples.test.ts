import { createAgentState, createMapBacking } from "@verdigris/agent-state";
import type { JsonValue } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { type RecordedCall, renderShadowHtml, renderShadowText, type ShadowJob } from "../src/index.ts";
import { createWorld, type Run, say } from "./world.ts";

const echo: Run = (input) => `blue ${String(input)}`;
const other: Run = (input) => `green ${String(input)}`;

describe("examples of divergence", () => {
  it("are not kept unless they are asked for [SHADOW-PRIVATE]", async () => {
    const { shadow, settle } = createWorld(echo, other);
    await shadow.run("secret");
    await settle();
    expect(shadow.examples()).toEqual([]);
    expect(JSON.stringify(shadow.evidence())).not.toContain("secret");
  });

  it("are the worst of each view and slice, side by side", async () => {
    const far: Run = (input) => (String(input).startsWith("same") ? `blue ${String(input)}` : "far");
    const { shadow, settle } = createWorld(echo, far, {
      examples: { perView: 2 },
      sliceOf: (input) => String(input).slice(-1),
    });
    for (const input of ["same a", "other a", "other2 a", "other3 a", "other b"]) await shadow.run(input);
    await settle();
    const kept = shadow.examples().filter(({ view }) => view === "answer");
    expect(kept.map(({ slice, distance }) => [slice, distance])).toEqual([
      ["a", 1],
      ["a", 1],
      ["b", 1],
    ]);
    expect(kept[0]).toMatchObject({
      divergedAt: null,
      example: { input: "other a", blue: { answer: "blue other a" }, green: { answer: "far" } },
    });
  });

  it("are redacted before they are kept, and left out where the hook says so or fails [SHADOW-PRIVATE]", async () => {
    const redact = (value: JsonValue, what: string): JsonValue | null => {
      if (String(value).includes("never")) return null;
      if (String(value).includes("break")) throw new Error("the hook broke");
      return what === "input" ? "[question]" : String(value).replace("ada", "[name]");
    };
    const { shadow, settle } = createWorld(echo, other, { examples: { redact } });
    for (const input of ["ada", "never", "break"]) await shadow.run(input);
    await settle();
    const kept = shadow.examples().filter(({ view }) => view === "answer");
    expect(kept).toHaveLength(1);
    expect(kept[0]?.example).toMatchObject({
      input: "[question]",
      blue: { answer: "blue [name]" },
      green: { answer: "green [name]" },
    });
  });

  it("are gone after their time, and when their subject asks [SHADOW-PRIVATE]", async () => {
    const { shadow, settle, clock } = createWorld(echo, other, { examples: { keepMs: 10_000 } });
    await shadow.run("one", { key: "ada" });
    await shadow.run("two", { key: "bob" });
    await settle();
    const before = shadow.examples().length;
    expect(await shadow.erase({ subject: "ada" })).toBe(before / 2);
    expect(shadow.examples().every(({ example }) => example.input === "two")).toBe(true);
    await clock.advance(10_000);
    // They went by themselves: there is nothing left that an erasure could find.
    expect(await shadow.erase({ subject: "bob" })).toBe(0);
    expect(shadow.examples()).toEqual([]);
    expect(await shadow.erase({})).toBe(0);
  });

  it("of a subject that asks are not made from runs under way, nor from what comes back later [SHADOW-PRIVATE]", async () => {
    const waits: Run = (_, session) => (session.mode === "live" ? "blue" : new Promise<JsonValue>(() => {}));
    const { shadow, clock } = createWorld(echo, waits, { examples: {}, jobMs: 60_000 });
    await shadow.run("hers", { key: "ada" });
    await shadow.run("his", { key: "bob" });
    await clock.advance(1);
    expect(shadow.status().inFlight).toBe(2);
    expect(await shadow.erase({ subject: "ada" })).toBe(1);
    await clock.advance(1);
    expect(shadow.status()).toMatchObject({ inFlight: 1, dropped: { erased: 1 } });
    // Her next question is answered like anybody's, and not mirrored until nothing of before can come back.
    expect(await shadow.run("again", { key: "ada" })).toBe("blue again");
    expect(shadow.status()).toMatchObject({ sampled: 2, dropped: { erased: 1, "kept-out": 1 } });
    await clock.advance(60_000 + 4 * 60_000);
    await shadow.run("later", { key: "ada" });
    expect(shadow.status().sampled).toBe(3);
  });

  it("of a subject that asks are not made from a user's run that outlives what is remembered [SHADOW-PRIVATE]", async () => {
    const { shadow, clock, settle } = createWorld(echo, other, { examples: {} });
    const hers = shadow.watch("hers", { key: "ada" });
    const his = shadow.watch("his", { key: "bob" });
    await shadow.erase({ subject: "ada" });
    await clock.advance(24 * 3_600_000);
    hers.answered("blue hers");
    his.answered("blue his");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 1, dropped: { erased: 1 } });
    expect(JSON.stringify(shadow.examples())).not.toContain("hers");
    const next = shadow.watch("new", { key: "ada" });
    next.answered("blue new");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 2, dropped: { erased: 1 } });
  });

  it("of a subject that asks are not made of another process's report, nor of a job it would take [SHADOW-PRIVATE]", async () => {
    const jobs: ShadowJob[] = [];
    const web = createWorld(echo, other, { examples: {}, queue: { send: (job) => void jobs.push(job) } });
    const worker = createWorld(echo, other, { examples: {} });
    for (let n = 0; n < 2; n += 1) await web.shadow.run(n, { key: "ada" });
    await web.settle();
    const [first, second] = jobs as [ShadowJob, ShadowJob];
    const report = await worker.shadow.take(first);
    await Promise.all([web.shadow.erase({ subject: "ada" }), worker.shadow.erase({ subject: "ada" })]);
    web.shadow.report(report as NonNullable<typeof report>);
    expect(web.shadow.status().compared).toBe(1);
    expect(web.shadow.examples()).toEqual([]);
    expect(await worker.shadow.take(second)).toBeNull();
    expect(worker.shadow.status().dropped).toEqual({ erased: 1 });
  });

  it("go with the agent's memory when it forgets somebody, and stand in its receipt [SHADOW-PRIVATE]", async () => {
    const { shadow, settle } = createWorld(echo, other, { examples: {} });
    const memory = createAgentState({ backing: createMapBacking(), erasables: [shadow] });
    await memory.branch({ bundle: "blue", from: null });
    for (const who of ["ada", "bob"]) {
      await memory.memory({ bundle: "blue", run: who, class: "live" }, { subject: who }).set("asked", 1);
      await shadow.run(`of ${who}`, { key: who });
    }
    await settle();
    const kept = shadow.examples().length;
    const receipt = await memory.erase({ subject: "ada" });
    expect(receipt).toMatchObject({ others: { shadow: kept / 2 }, total: kept / 2 + 1 });
    expect(shadow.examples().map(({ example }) => example.input)).not.toContain("of ada");
    expect(shadow.examples()).toHaveLength(kept / 2);
    expect((await memory.erase({ namespace: "memory", prefix: "asked" })).others).toEqual({ shadow: 0 });
  });

  it("of a subject that asks are not made from jobs that still wait", async () => {
    const { shadow, clock } = createWorld(echo, other, { pressure: () => true });
    await shadow.run("one", { key: "ada" });
    await clock.advance(10);
    expect(shadow.status().queued).toBe(1);
    expect(await shadow.erase({ subject: "ada" })).toBe(1);
    expect(shadow.status().queued).toBe(0);
  });

  it("a recorded call can be kept out of a job, arguments and all, and is refused in the shadow [SHADOW-PRIVATE]", async () => {
    const agent: Run = async (_, session) => {
      const answer = await session.tool(
        "lookup",
        async ({ id }: { id: string }) => `data of ${id}`,
      )({ id: "ada" });
      return typeof answer === "string" ? "found" : "refused";
    };
    const redactCall = (call: RecordedCall) => (call.tool === "lookup" ? null : call);
    const jobs: string[] = [];
    const web = createWorld(agent, agent, {
      redactCall,
      queue: { send: (job) => void jobs.push(JSON.stringify(job)) },
    });
    await web.shadow.run("q");
    await web.settle();
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).not.toContain("ada");
    const report = await createWorld(agent, agent, { redactCall }).shadow.take(JSON.parse(jobs[0] ?? ""));
    // Compared by what is left of the calls, which is the same on both sides.
    expect(report).toMatchObject({
      divergedAt: null,
      fidelity: { green: { refused: 1, recorded: 0 }, blue: { refused: 1, recorded: 0 } },
      views: expect.arrayContaining([expect.objectContaining({ view: "first-call", between: 0 })]),
    });
    expect(JSON.stringify(report)).not.toContain("ada");
  });

  it("a recorded call can be kept in part: its result goes redacted to the shadow run [SHADOW-PRIVATE]", async () => {
    const heard: unknown[] = [];
    const agent: Run = async (_, session) => {
      const answer = await session.tool(
        "lookup",
        async (_: { page: number }) => "ada@example.org",
      )({ page: 1 });
      if (session.mode === "shadow") heard.push(answer);
      return "done";
    };
    const redactCall = (call: RecordedCall): RecordedCall =>
      call.result === undefined ? call : { ...call, result: call.result.replace("ada", "someone") };
    const { shadow, settle } = createWorld(agent, agent, { redactCall });
    await shadow.run("q");
    await settle();
    expect(heard).toEqual(["someone@example.org", "someone@example.org"]);
    expect(shadow.evidence().divergence.parted).toEqual({ never: 1, first: 0, later: 0 });
  });
});

describe("reports", () => {
  async function hostile() {
    const world = createWorld(say("<script>alert('x')</script>"), say('"&<b>'), {
      examples: {},
      rule: { minPairs: 5 },
      sliceOf: () => "<i>",
    });
    for (let n = 0; n < 8; n += 1) await world.shadow.run("<img src=x onerror=y>");
    await world.settle();
    return world;
  }

  it("in HTML escape everything from outside, load nothing, and show both sides", async () => {
    const { shadow } = await hostile();
    const page = renderShadowHtml(shadow.evidence(), shadow.examples());
    expect(page).not.toMatch(/<script|<img|<b>|<i>[^<]|onerror=y>|https?:|url\(/);
    expect(page).toContain("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<h4>(blue|green)<\/h4>/g)?.length).toBeGreaterThan(1);
    expect(page).toContain(shadow.evidence().digest);
  });

  it("say of green and of blue run again how their tools were answered, of each example too [SHADOW-FIDELITY]", async () => {
    const agent =
      (page: string): Run =>
      async (_, session) => {
        const read = session.tool("read", async ({ page: at }: { page: string }) => `page ${at}`);
        await read({ page: "index" });
        await read({ page });
        return page;
      };
    const { shadow, settle } = createWorld(agent("a"), agent("b"), { examples: {} });
    await shadow.run("q");
    await settle();
    const green = "of 2 tool calls of green 50.0 % were answered from the recording, 50.0 % were refused";
    const blue = "of 2 tool calls of blue run again 100.0 % were answered from the recording";
    const evidence = shadow.evidence();
    for (const text of [
      renderShadowText(evidence),
      renderShadowHtml(evidence),
      renderShadowHtml(evidence, shadow.examples()).split("Farthest apart")[1],
      shadow.gate().summary,
    ]) {
      expect(text).toContain(green);
      expect(text).toContain(blue);
    }
    expect(shadow.examples()[0]).toMatchObject({ divergedAt: 1, fidelity: { green: { refused: 1 } } });
  });

  it("for a terminal show noise beside divergence, fidelity and what was not compared", async () => {
    const { shadow } = await hostile();
    await shadow.run(undefined as never);
    const text = renderShadowText(shadow.evidence());
    expect(text).toContain("answer");
    expect(text).toMatch(/noise/);
    expect(text).toContain("no tool was called");
    expect(shadow.gate().summary).toContain("no tool was called");
    expect(text).toMatch(/blue and green: \d+ and \d+ ms on average, tokens 0 and 0/);
    expect(text).toContain("not compared: 1 unreadable");
    expect(text).not.toContain("alert");
  });
});
