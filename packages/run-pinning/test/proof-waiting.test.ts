import { expect, it } from "vitest";
import { runProgram } from "./proof/program.ts";

it("a program that only waits for a drain stays alive until it is over [I15]", async () => {
  const program = runProgram("wait-for-drain");
  expect([await program.ended, program.said]).toEqual([0, [{ inFlight: 0 }]]);
}, 30_000);
