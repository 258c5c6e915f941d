import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bin } from "./terminal.ts";
import { createWorld, flipTo, type World } from "./world.ts";

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(world: World, ...argv: string[]): Promise<Ended> {
  return runWith([], world, ...argv);
}

/** A module that writes the address of every module loaded after it into a file. */
function recording(file: string): string {
  const hooks = `import { appendFileSync } from "node:fs";
    export async function resolve(name, context, next) {
      const found = await next(name, context);
      appendFileSync(${JSON.stringify(file)}, found.url + "\\n");
      return found;
    }`;
  const text = `import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function runWith(options: readonly string[], world: World, ...argv: string[]): Promise<Ended> {
  const args = [...options, bin, "--store", `sqlite:${world.file}`, "--agent", "support", ...argv];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe("as a process", () => {
  it("rolls back with a dead agent behind it and ends with its exit code [CLI-ON-CALL]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await world.app.close();
    const said = await run(world, "rollback", "--wait", "0", "--json");
    expect(said, said.err).toMatchObject({ code: 0 });
    expect(JSON.parse(said.out)).toMatchObject({ outcome: "rolled-back", to: "v1" });
    // What a rollback left is denied, and nobody lifts that without a yes.
    expect((await run(world, "route", "flip", "v2", "--reason", "x")).code).toBe(1);
    expect((await run(world, "lift", "v2", "--reason", "x")).code).toBe(5);
    expect((await run(world, "nonsense")).code).toBe(2);
  });

  it("ends as soon as every process has said so, however long it may wait", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const said = await run(world, "rollback", "--wait", "600000");
    expect(said, said.err).toMatchObject({ code: 0, out: expect.stringContaining("applied by the one") });
  });

  it("sees a drill through to its end, though nothing but its timers is left to do [CLI-DRILL]", async () => {
    const world = await createWorld();
    await world.app.run({}, () => undefined);
    const said = await run(world, "drill", "--bundle", "v2", "--reason", "monthly", "--yes", "--json");
    expect(said, said.err).toMatchObject({ code: 0 });
    expect(JSON.parse(said.out)).toMatchObject({ ok: true, confirmed: "everywhere" });
    expect((await world.app.status()).route).toMatchObject({ live: "v1", stable: "v1" });
  });

  it("loads what a rollback needs, and nothing of gates, files or other stores [CLI-LIGHT]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const loaded = join(world.folder, "loaded.txt");
    const modules = async (...argv: string[]): Promise<string> => {
      await writeFile(loaded, "");
      expect((await runWith([`--import=${recording(loaded)}`], world, ...argv)).code).toBe(0);
      return readFile(loaded, "utf8");
    };
    const unneeded =
      /eval-gate|telemetry|zod|string-width|\/yaml\/|\/pg\/|redis|postgres|packages\/bundle|commands\/(?!rollback)/;
    const rollback = await modules("rollback", "--wait", "0");
    expect(rollback).toContain("commands/rollback");
    expect(rollback.split("\n").filter((name) => unneeded.test(name))).toEqual([]);
    await writeFile(loaded, "");
    await runWith([`--import=${recording(loaded)}`], world, "status", "--store", "redis://127.0.0.1:1");
    const redis = await readFile(loaded, "utf8");
    expect(redis).toContain("node_modules/@redis/client/");
    expect(redis).not.toContain("node_modules/redis/");
    const version = await modules("--version");
    expect(version).toContain("commander");
    expect(version).not.toMatch(/packages\/(?!cli|contracts)/);
  });

  /** Runs as if some packages were not installed. */
  function without(names: readonly string[]): string {
    const hook = `export const resolve = (name, context, next) => {
      if (${JSON.stringify(names)}.includes(name)) throw Object.assign(new Error("absent"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
    const text = `import { register } from "node:module";
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
    return `--import=data:text/javascript,${encodeURIComponent(text)}`;
  }

  it("names the packages that a store needs and that are not installed", async () => {
    const world = await createWorld();
    const said = await runWith([without(["pg"])], world, "status", "--store", "postgres://127.0.0.1:1/x");
    expect(said).toMatchObject({ code: 2, err: expect.stringMatching(/^config: .*store-postgres pg/) });
  });

  it("takes the whole Redis client where the bare one is not installed, and names it where neither is", async () => {
    const world = await createWorld();
    const status = ["status", "--store", "redis://127.0.0.1:1"];
    const whole = await runWith([without(["@redis/client"])], world, ...status);
    expect(whole).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^store-unavailable: .*ECONNREFUSED/),
    });
    const neither = await runWith([without(["@redis/client", "redis"])], world, ...status);
    expect(neither).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^config: .*store-redis @redis\/client/),
    });
  });

  /** Runs a command whose reader leaves once it has read something, or at once. */
  function leaving(world: World, when: "at once" | "after a line", ...argv: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [
      bin,
      ...argv,
      "--store",
      `sqlite:${world.file}`,
      "--agent",
      "support",
    ]);
    if (when === "at once") child.stdout.destroy();
    else child.stdout.once("data", () => child.stdout.destroy());
    let err = "";
    child.stderr.on("data", (part: Buffer) => {
      err += part.toString();
    });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out: "", err })));
  }

  it("ends a watch whose reader has left, and does its work though nobody reads what it says", async () => {
    const world = await createWorld();
    const watch = await leaving(world, "after a line", "status", "--watch", "--every", "100", "--json");
    expect(watch).toMatchObject({ code: 0, err: "" });
    await flipTo(world, "v2");
    expect(await leaving(world, "at once", "rollback")).toMatchObject({ code: 0, err: "" });
    expect((await world.app.status()).route?.live).toBe("v1");
    expect((await world.run("deny", "check", "v2")).code).toBe(1);
  });

  it("stopped by a signal ends with 130 and leaves the terminal as it was", async () => {
    const world = await createWorld();
    const child = spawn(process.execPath, [
      bin,
      "status",
      "--watch",
      "--every",
      "200",
      "--store",
      `sqlite:${world.file}`,
      "--agent",
      "support",
    ]);
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });
});
