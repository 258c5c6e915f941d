import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { aBundle } from "@verdigris/testing";
import { createVerdigris } from "verdigris";
import { expect, it } from "vitest";
import { readCosts, readUsage } from "../src/index.ts";

const program = fileURLToPath(new URL("fixtures/bookkeeper.mjs", import.meta.url));
const range = { from: 0, to: 9e12 };

/** Runs a bookkeeper until it has said `lines` times how much is written, and kills it in the middle of the next. */
async function killed(file: string, name: string, lines: number): Promise<number> {
  const child = spawn(process.execPath, [program, file, name], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += String(chunk);
    if (said.split("\n").length > lines) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "close")) as [unknown, string];
  expect(signal).toBe("SIGKILL");
  return Number(said.trim().split("\n").at(-1));
}

it("what was written is there once after its process was killed, whoever writes beside it [USAGE-ONCE]", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vt-ledger-"));
  const file = join(folder, "agent.db");
  const store = await createSqliteStore({ file });
  try {
    const agent = createVerdigris({ agent: "docs", store, bundle: aBundle("blue"), watch: false });
    await agent.ready();
    await agent.close();
    const written = await Promise.all([killed(file, "a", 5), killed(file, "b", 12), killed(file, "c", 23)]);
    const models: string[] = [];
    for await (const { model } of readUsage(store, "docs", range)) models.push(model);
    expect(new Set(models).size).toBe(models.length);
    for (const [i, name] of ["a", "b", "c"].entries()) {
      const own = models.filter((model) => model.startsWith(`${name}-`));
      expect(own.length).toBeGreaterThanOrEqual(written[i] ?? Number.NaN);
      expect(own.sort()).toEqual(own.map((_, n) => `${name}-${n + 1}`).sort());
    }
    const { totals } = await readCosts(store, "docs", range);
    expect(totals[0]?.calls).toBe(models.length);
    expect(totals[0]?.cost).toBe(String(models.length / 10));
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
