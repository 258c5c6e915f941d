import { describe, it } from "vitest";
import { aBundle } from "../../builders.ts";
import { moveChecks } from "./move-checks.ts";
import { runChecks } from "./run-checks.ts";
import type { VerdigrisCheck, VerdigrisConformanceOptions, VerdigrisSetup } from "./subject.ts";

export type {
  Loaded,
  VerdigrisCheck,
  VerdigrisConformanceOptions,
  VerdigrisSetup,
  VerdigrisSubject,
} from "./subject.ts";

/** Every promise of a `Verdigris` that whoever wraps or fakes one has to keep. */
export const verdigrisChecks: readonly VerdigrisCheck[] = [...runChecks, ...moveChecks];

const setup: VerdigrisSetup = {
  bundles: [aBundle("blue"), aBundle("green"), aBundle("amber")],
  policy: {
    strategy: "pin",
    maxAgeMs: 3_600_000,
    maxStepMs: 60_000,
    placementMs: 60_000,
    onRollback: "finish",
  },
  load: ({ id }) => ({ of: id }),
};

/** Runs one check on a fresh subject; rejects when the instance breaks the promise. */
export async function runVerdigrisCheck(
  check: VerdigrisCheck,
  create: VerdigrisConformanceOptions["create"],
): Promise<void> {
  const subject = await create(setup);
  try {
    const { peer = subject.verdigris } = subject;
    if (check.needsPeer === true && subject.peer === undefined) {
      throw new Error("create() gave no peer: add one, or declare peers: false");
    }
    await check.run({ ...subject, peer });
  } finally {
    await subject.dispose();
  }
}

/** Registers one vitest test per promise of a `Verdigris` that the options do not rule out. */
export function describeVerdigrisConformance(options: VerdigrisConformanceOptions): void {
  const { name, create, peers = true } = options;
  describe(`${name} keeps the promises of a Verdigris`, () => {
    for (const check of verdigrisChecks) {
      if (check.needsPeer === true && !peers) continue;
      it(check.name, () => runVerdigrisCheck(check, create));
    }
  });
}
