import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { createProgress, type Part, progressBar, withProgress } from "../src/terminal/progress.ts";
import { atTerminal, hasTerminal, type Terminal } from "./terminal.ts";
import { createWorld, flipTo, type World } from "./world.ts";

const esc = "\u001b";
const colour = `${esc}[3`;
const wiped = `\r${esc}[2K`;

function at(world: World, argv: readonly string[], env?: Readonly<Record<string, string>>): Terminal {
  return atTerminal([...argv, "--store", `sqlite:${world.file}`, "--agent", "support"], env);
}

async function until(terminal: Terminal, text: string | RegExp): Promise<void> {
  await expect.poll(() => terminal.shown(), { timeout: 30_000 }).toMatch(text);
}

describe.skipIf(!hasTerminal)("at a terminal", () => {
  it("asks before it moves the route, and takes no, silence and yes for what they are [CLI-CONFIRM]", async () => {
    const world = await createWorld();
    const flip = ["route", "flip", "v2", "--reason", "better"];
    const answered = async (answer: string): Promise<{ code: number | null; shown: string }> => {
      const terminal = at(world, flip);
      await until(terminal, "[y/N]");
      expect(terminal.shown()).toContain("New runs go from v1 to v2");
      terminal.type(answer);
      return { code: await terminal.ended, shown: terminal.shown() };
    };
    for (const no of ["n\r", "\r"]) {
      const refused = await answered(no);
      expect(refused.code, refused.shown).toBe(5);
      expect(refused.shown).toContain("nothing was done");
      expect((await world.app.status()).route?.live).toBe("v1");
    }
    const agreed = await answered("y\r");
    expect(agreed.code, agreed.shown).toBe(0);
    expect((await world.app.status()).route?.live).toBe("v2");
  });

  it("asks for the reason that is missing, and is left by Ctrl-C without having done anything [CLI-CONFIRM]", async () => {
    const world = await createWorld();
    const asking = at(world, ["hold"]);
    await until(asking, /Why it is held\?/);
    asking.type("looking into it\r");
    expect(await asking.ended, asking.shown()).toBe(0);
    expect((await world.app.status()).route?.held?.why).toBe("looking into it");
    await world.run("route", "release-hold", "--reason", "x");
    const left = at(world, ["route", "flip", "v2", "--reason", "better"]);
    await until(left, "[y/N]");
    left.type("\u0003");
    expect(await left.ended, left.shown()).toBe(130);
    expect((await world.app.status()).route?.live).toBe("v1");
  });

  it("watches: replaces what it showed, follows a flip, and leaves the screen on Ctrl-C", async () => {
    const world = await createWorld();
    const watching = at(world, ["status", "--watch", "--every", "100"]);
    await until(watching, /Ctrl-C ends/);
    expect(watching.shown()).toContain(colour);
    await flipTo(world, "v2");
    await until(watching, /new runs.*v2/);
    expect(watching.shown()).toMatch(new RegExp(`${esc}\\[\\d+A${esc}\\[0J`));
    watching.type("\u0003");
    expect(await watching.ended).toBe(130);
  });

  it("has colours, and none where NO_COLOR or a dumb terminal says so", async () => {
    const world = await createWorld();
    const shown = async (env?: Record<string, string>): Promise<string> => {
      const terminal = at(world, ["status"], env);
      expect(await terminal.ended).toBe(0);
      return terminal.shown();
    };
    expect(await shown()).toContain(colour);
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const plain = await shown(env);
      expect(plain).not.toContain("\u001b");
      expect(plain).toMatch(/new runs\s+v1/);
    }
  });

  it("shows a bar while runs drain, takes it away, and none with --json or NO_COLOR [CLI-PROGRESS]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const runs = await Promise.all(["a", "b"].map((key) => world.app.start({ key })));
    await world.run("rollback", "--wait", "0");
    const drain = ["drain", "v2", "--every", "100"];
    const watched = at(world, drain);
    await until(watched, /\[ {24}\] 0 of 2 runs gone/);
    const quiet = [at(world, [...drain, "--json"]), at(world, drain, { NO_COLOR: "1" })];
    for (const [nth, started] of runs.entries()) {
      if (started.placed) await started.run.finish({ outcome: "completed" });
      if (nth === 0) await until(watched, /\[={12} {12}\] 1 of 2 runs gone/);
    }
    expect(await watched.ended, watched.shown()).toBe(0);
    expect(watched.shown()).toContain(`${wiped}no run is left on v2`);
    for (const terminal of quiet) {
      expect(await terminal.ended, terminal.shown()).toBe(0);
      expect(terminal.shown()).not.toMatch(new RegExp(`runs gone|${esc}`));
    }
    expect(JSON.parse(quiet[0]?.shown() ?? "")).toMatchObject({ bundle: "v2", gone: true });
  });

  it("shows how far a release and a drill have come [CLI-PROGRESS]", async () => {
    const world = await createWorld();
    await writeFile(join(world.folder, "plan.json"), JSON.stringify({ signals: { without: "a test" } }));
    const drilled = at(world, ["drill", "--bundle", "v2", "--reason", "x", "--yes", "--drain", "1000"]);
    expect(await drilled.ended, drilled.shown()).toBe(0);
    expect(drilled.shown()).toMatch(/\[[= ]{24}\] \d of 4 parts/);
    await world.run("release", "start", "v2", "--plan", join(world.folder, "plan.json"), "--reason", "x");
    const waiting = at(world, ["release", "wait", "switched", "--every", "100"]);
    await until(waiting, /\[ {24}\] 0 of \d+ phases {2}.*v2 in built/);
    // A line too long for the terminal would leave rests of itself above.
    const widths = waiting
      .shown()
      .split(wiped)
      .map((line) => stripVTControlCharacters(line).length);
    expect(Math.max(...widths)).toBeLessThan(80);
    await world.run("release", "abort", "--reason", "enough", "--yes");
    expect(await waiting.ended, waiting.shown()).toBe(1);
  });
});

describe("a bar", () => {
  const shownBy = (
    err: { isTTY?: boolean; columns?: number },
    env = {},
    json = false,
    beside = "",
  ): string => {
    const written: string[] = [];
    const progress = createProgress({ err: { ...err, write: (text) => written.push(text) }, env }, json);
    progress.show({ done: 1, total: 4, what: "cases", beside });
    progress.show({ done: 1, total: 4, what: "cases", beside });
    progress.end();
    return written.join("");
  };

  it("holds up no result while a look at the store hangs, and is not drawn after the end [CLI-PROGRESS]", async () => {
    const written: string[] = [];
    const io = { err: { isTTY: true, write: (text: string) => written.push(text) }, env: {} };
    let seen = (_: Part): void => {};
    const look = () =>
      new Promise<Part>((resolve) => {
        seen = resolve;
      });
    expect(await withProgress(io, false, { everyMs: 1, look }, Promise.resolve("done"))).toBe("done");
    seen({ done: 1, total: 2, what: "cases" });
    await Promise.resolve();
    expect(written).toEqual([]);
  }, 2_000);

  it("is drawn once for what does not change, and taken away at the end", () => {
    expect(shownBy({ isTTY: true })).toBe(
      `\r\u001b[2K[${"=".repeat(6)}${" ".repeat(18)}] 1 of 4 cases\r\u001b[2K`,
    );
    expect(shownBy({ isTTY: true, columns: 12 })).toBe(
      "\r\u001b[2K[======     \r\u001b[2K".replace("     \r", "    \r"),
    );
  });

  it("cannot be used by a reason on record to rewrite the screen", () => {
    const reason = "held: \u001b[1A\u001b[2Kall is well\r\u202e\n\t.";
    const line = shownBy({ isTTY: true }, {}, false, reason).split(wiped)[1];
    expect(line).toMatch(/1 of 4 cases {2}held: \ufffd\[1A\ufffd\[2Kall is well\ufffd\ufffd {2}\.$/);
  });

  it("is not drawn where nobody watches or nobody wants it [CLI-PROGRESS]", () => {
    expect(shownBy({})).toBe("");
    expect(shownBy({ isTTY: true }, { NO_COLOR: "1" })).toBe("");
    expect(shownBy({ isTTY: true }, { TERM: "dumb" })).toBe("");
    expect(shownBy({ isTTY: true }, {}, true)).toBe("");
  });

  it("is full where there is nothing to do, and never more than full", () => {
    expect(progressBar({ done: 0, total: 0, what: "runs" }, 4)).toBe("[====] 0 of 0 runs");
    expect(progressBar({ done: 9, total: 4, what: "runs" }, 4)).toBe("[====] 9 of 4 runs");
    expect(progressBar({ done: -1, total: 4, what: "runs" }, 4)).toBe("[    ] -1 of 4 runs");
  });
});
