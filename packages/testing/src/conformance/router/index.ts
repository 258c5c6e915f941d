import { describe, it } from "vitest";
import { assignChecks } from "./assign-checks.ts";
import { lossChecks } from "./loss-checks.ts";
import { moveChecks } from "./move-checks.ts";
import { nodeChecks } from "./node-checks.ts";
import { sharingChecks } from "./sharing-checks.ts";
import { bundleIds, type RouterCheck, type RouterConformanceOptions, type RouterSubject } from "./subject.ts";

export type { RouterCheck, RouterConformanceOptions, RouterSubject } from "./subject.ts";

/** Every promise of a `Router`: register `blue`, `green` and `amber`, then run each on a fresh subject. */
export const routerChecks: readonly RouterCheck[] = [
  ...assignChecks,
  ...moveChecks,
  ...sharingChecks,
  ...nodeChecks,
  ...lossChecks,
];

/** What a subject must bring for a check, and does not: the check could only lie. */
function missing(check: RouterCheck, subject: RouterSubject): string | null {
  const wantsPeer = check.needsPeer === true || check.nodes === true || check.losses === true;
  if (wantsPeer && subject.peer === undefined) return "no peer: add one, or declare peers: false";
  if (check.nodes === true && subject.cutOff === undefined) return "no cutOff: add it, or leave nodes out";
  if (check.losses === true && subject.backup === undefined) return "no backup: add it, or leave losses out";
  return null;
}

/** Runs one check on a fresh subject; rejects when the router breaks the promise. */
export async function runRouterCheck(
  check: RouterCheck,
  create: RouterConformanceOptions["create"],
): Promise<void> {
  const subject = await create();
  try {
    const lacks = missing(check, subject);
    if (lacks !== null) throw new Error(`create() gave ${lacks}`);
    for (const id of bundleIds) await subject.registerBundle(id);
    await check.run(subject);
  } finally {
    await subject.dispose();
  }
}

/** Registers one vitest test per promise of a `Router` that the options do not rule out. */
export function describeRouterConformance(options: RouterConformanceOptions): void {
  const { name, create, peers = true, nodes = false, losses = false } = options;
  describe(`${name} keeps the promises of a router`, () => {
    for (const check of routerChecks) {
      if (check.needsPeer === true && !peers) continue;
      if ((check.nodes ?? nodes) !== nodes || (check.losses === true && !losses)) continue;
      it(check.name, () => runRouterCheck(check, create));
    }
  });
}
