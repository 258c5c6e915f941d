import type { JsonValue } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { renderShadowHtml, renderShadowText } from "../src/index.ts";
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
    expect(shadow.examples()).toEqual([]);
    expect(await shadow.erase({})).toBe(0);
  });

  it("of a subject that asks are not made from jobs that still wait", async () => {
    const { shadow, clock } = createWorld(echo, other, { pressure: () => true });
    await shadow.run("one", { key: "ada" });
    await clock.advance(10);
    expect(shadow.status().queued).toBe(1);
    expect(await shadow.erase({ subject: "ada" })).toBe(1);
    expect(shadow.status().queued).toBe(0);
  });

  it("a recorded call can be kept out of a job, and is then refused in the shadow [SHADOW-PRIVATE]", async () => {
    const agent: Run = async (_, session) =>
      session.tool("lookup", async (args: { id: string }) => `data of ${args.id}`)({ id: "ada" });
    const jobs: string[] = [];
    const { shadow, settle } = createWorld(agent, agent, {
      redactCall: (call) => (call.tool === "lookup" ? null : call),
      queue: { send: (job) => void jobs.push(JSON.stringify(job.recording)) },
    });
    await shadow.run("q");
    await settle();
    expect(jobs).toEqual(["[]"]);
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

  it("for a terminal show noise beside divergence, fidelity and what was not compared", async () => {
    const { shadow } = await hostile();
    await shadow.run(undefined as never);
    const text = renderShadowText(shadow.evidence());
    expect(text).toContain("answer");
    expect(text).toMatch(/noise/);
    expect(text).toContain("no tool was called");
    expect(text).toContain("not compared: 1 unreadable");
    expect(text).not.toContain("alert");
  });
});
