import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newsOf } from "../src/commands/controller.ts";
import { createWorld } from "./world.ts";

it("a controller without gates is refused: a release would wait for ever", async () => {
  const world = await createWorld();
  expect(await world.run("controller")).toMatchObject({
    code: 2,
    err: expect.stringContaining("`releases`"),
  });
});

it("a controller drives what was started elsewhere with the gates of its config, until it is stopped", async () => {
  const world = await createWorld();
  const gate = `async ({ keep }) => ({ verdict: "fail", summary: "0 of 9", evidence: await keep({ passed: 0 }) })`;
  const config = `export default { releases: () => ({ gates: { smoke: ${gate} } }), plans: { plain: { signals: { without: "a test" } } } };`;
  await writeFile(join(world.folder, "verdigris.config.mjs"), config);
  const started = await world.run("release", "start", "v2", "--plan", "plain", "--reason", "x");
  expect(started, started.err).toMatchObject({ code: 0 });
  const stop = new AbortController();
  const said: string[] = [];
  const io = { signal: stop.signal, out: { write: (text: string) => said.push(text) } };
  const driving = world.at(io)("controller", "--tick", "100");
  await expect.poll(() => said.join(""), { timeout: 20_000 }).toContain("v2: halted");
  stop.abort();
  expect((await driving).code).toBe(130);
  expect((await world.app.status()).route?.live).toBe("v1");
});

it("a controller of a name nobody wrote under says once which one it may be, and drives on [CLI-AGENT]", async () => {
  const world = await createWorld();
  await writeFile(
    join(world.folder, "verdigris.config.mjs"),
    "export default { releases: () => ({ gates: {} }) };",
  );
  const told = async (...more: string[]): Promise<string> => {
    const stop = new AbortController();
    const [said, complained]: [string[], string[]] = [[], []];
    const out = { write: (text: string) => said.push(text) };
    const err = { write: (text: string) => complained.push(text) };
    const driving = world.at({ signal: stop.signal, out, err })("controller", "--tick", "100", ...more);
    await expect.poll(() => said.join(""), { timeout: 20_000 }).toContain("no release");
    stop.abort();
    await driving;
    return complained.join("");
  };
  expect(await told("--agent", "suport")).toMatch(/^[^\n]*did you mean support\?[^\n]*\n$/);
  expect(await told()).toBe("");
});

it("a controller logs a phase once, however often it sees that less time is left", () => {
  const waits = ["47h", "9m 30s", "12.3s", "800ms"].map((left) =>
    newsOf(`v4: quarantine, waits for ${left} more`),
  );
  expect(new Set(waits).size).toBe(1);
  expect(newsOf("v4: quarantine, waits for 47h more")).not.toBe(newsOf("v5: quarantine, waits for 47h more"));
});
