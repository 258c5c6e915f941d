import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { exitCode } from "../src/exit-code.ts";
import { leaves, program } from "./every-command.ts";
import { capture } from "./world.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** First cells of the table under a heading, code spans of them. */
function spansUnder(heading: string): string[] {
  const section = readme.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.flatMap((row) =>
    [...(row.split(/(?<!\\)\|/)[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code),
  );
}

const nameOf = (span: string) =>
  span
    .replace(/^verdigris /, "")
    .replace(/\s*[<[].*$/, "")
    .trim();

describe("the README", () => {
  it("lists every command, and none that is not there [CLI-HELP]", () => {
    const listed = [...spansUnder("The four"), ...spansUnder("Everything else")].map(nameOf);
    expect(listed.toSorted()).toEqual(leaves.map(({ path }) => path.join(" ")).toSorted());
  });

  it("lists every exit code and every option of all commands [CLI-EXIT]", () => {
    const codes = [...readme.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCode));
    const options = program.options.map(({ long }) => long).filter((name) => name !== "--version");
    expect(
      spansUnder("Options of every command")
        .map(nameOf)
        .filter((name) => name.startsWith("--")),
    ).toEqual(options);
  });
});

describe("help", () => {
  it.each(leaves.map(({ path }) => path.join(" ")))(
    "of %s says what it does, with examples that parse [CLI-HELP]",
    async (name) => {
      const said = await capture()(...name.split(" "), "--help");
      expect(said).toMatchObject({ code: 0, err: "" });
      const examples = said.out.split("Examples:\n")[1] ?? "";
      const lines = examples.split("\n").flatMap((line) => /^ {2}verdigris (.*)$/.exec(line)?.[1] ?? []);
      expect(lines.length, said.out).toBeGreaterThan(0);
      expect(lines.some((line) => line.startsWith(name))).toBe(true);
      for (const line of lines) expect(unknownFlags(line), line).toEqual([]);
    },
  );
});

describe("the runbook", () => {
  it("holds no command and no option that is not there, and each exit code once [CLI-HELP]", () => {
    const runbook = readFileSync(new URL("../../../docs/runbook.md", import.meta.url), "utf8");
    const blocks = [...runbook.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, text = ""]) =>
      text.split("\n"),
    );
    const spans = [...runbook.matchAll(/`(verdigris [^`]+)`/g)].map(([, text = ""]) =>
      text.replaceAll("\\|", "|"),
    );
    const lines = [...blocks, ...spans].flatMap((line) => /^verdigris (.*)$/.exec(line)?.[1] ?? []);
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      expect(unknownFlags(line), line).toEqual([]);
      expect(
        leaves.some(({ path }) => `${line} `.startsWith(`${path.join(" ")} `)),
        line,
      ).toBe(true);
    }
    const codes = [...runbook.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
    expect(Object.values(exitCode)).toEqual(expect.arrayContaining(codes));
    expect(new Set(codes).size).toBe(codes.length);
  });
});

/** Options of an example that its command does not have. */
function unknownFlags(line: string): string[] {
  const words =
    line
      .replace(/"[^"]*"/g, "text")
      .split(/\s+(?:[|#]|\|\|)/)[0]
      ?.split(/\s+/) ?? [];
  let at: Command = program;
  for (const word of words) at = at.commands.find((child) => child.name() === word) ?? at;
  const known = [...at.options, ...program.options].map(({ long }) => long);
  return words.filter((word) => word.startsWith("--") && !known.includes(word));
}
