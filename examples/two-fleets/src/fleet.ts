import { createHash } from "node:crypto";
import { type Bundle, defineBundle } from "verdigris";

/** The agent's name in the store. */
export const agentName = "planner";

/** The two fleets: processes that run the same build. */
export type Fleet = "blue" | "green";

/** The bundle each fleet was built with. One file plays both builds here, so the digest of the build is that of its name. */
export function bundleOf(fleet: Fleet): Bundle {
  const build = createHash("sha256").update(`the ${fleet} build`).digest("hex");
  return defineBundle({
    id: `planner-${fleet}`,
    code: { commit: build.slice(0, 40), build: `sha256:${build}` },
  });
}

/** A piece of work: `steps` steps of `stepMs`. */
export interface Work {
  readonly steps: number;
  readonly stepMs: number;
}

/** What a worker is sent: work to start under an id of the caller's, or a run to take up. */
export type Delivery = { readonly work: Work; readonly done: number } & (
  | { readonly id: string }
  | { readonly token: string; readonly takeover: boolean }
);

/** How a delivery ended. `unplaced` and `parked` runs go on wherever their bundle is served. */
export type Outcome =
  | { readonly kind: "finished"; readonly run: string; readonly bundle: string; readonly pid: number }
  | { readonly kind: "unplaced"; readonly bundle: string; readonly token: string }
  | { readonly kind: "parked"; readonly bundle: string; readonly token: string; readonly done: number }
  | { readonly kind: "refused"; readonly code: string };

/** The header that says which bundle a request is for. */
export const bundleHeader = "x-bundle";
