import { describe, it } from "vitest";
import { assignChecks } from "./assign-checks.ts";
import { moveChecks } from "./move-checks.ts";
import { sharingChecks } from "./sharing-checks.ts";
import { bundleIds, type RouterCheck, type RouterConformanceOptions } from "./subject.ts";

export type { RouterCheck, RouterConformanceOptions, RouterSubject } from "./subject.ts";

/** Every promise of a `Router`: register `blue`, `green` and `amber`, then run each on a fresh subject. */
export const routerChecks: readonly RouterCheck[] = [...assignChecks, ...moveChecks, ...sharingChecks];

/** Runs one check on a fresh subject; rejects when the router breaks the promise. */
export async function runRouterCheck(
  check: RouterCheck,
  create: RouterConformanceOptions["create"],
): Promise<void> {
  const subject = await create();
  try {
    if (check.needsPeer === true && subject.peer === undefined) {
      throw new Error("create() gave no peer: add one, or declare peers: false");
    }
    for (const id of bundleIds) await subject.registerBundle(id);
    await check.run(subject);
  } finally {
    await subject.dispose();
  }
}

/** Registers one vitest test per promise of a `Router` that the options do not rule out. */
export function describeRouterConformance(options: RouterConformanceOptions): void {
  const { name, create, peers = true } = options;
  describe(`${name} keeps the promises of a router`, () => {
    for (const check of routerChecks) {
      if (check.needsPeer === true && !peers) continue;
      it(check.name, () => runRouterCheck(check, create));
    }
  });
}
