import {
  type BundleId,
  type Router,
  type RoutingDecision,
  type RunScope,
  VerdigrisError,
} from "@verdigris/contracts";
import { checkStart } from "./choose-bundle.ts";
import { announce, hold } from "./hold-run.ts";
import type { RunHost } from "./host.ts";
import { reopen } from "./reopen.ts";
import { LocalRun } from "./run.ts";
import type { StartOptions, StartResult } from "./run-types.ts";
import { parseToken } from "./token.ts";

/** What a child takes over where nothing is on record: what the handle or the token itself says. */
function parentOf<P>({ parent }: StartOptions<P>): Pick<RunScope, "agent" | "bundle" | "class"> | null {
  if (parent === undefined) return null;
  if (typeof parent === "string") return { ...parseToken(parent), class: "live" };
  if (parent instanceof LocalRun && parent.stopped !== null) throw parent.stopError(parent.stopped);
  return parent.scope;
}

function choose<P>(
  host: RunHost<P>,
  router: Router | undefined,
  fallback: BundleId | undefined,
  options: StartOptions<P>,
  key: string,
): { bundle: BundleId; class: RunScope["class"]; routing: RoutingDecision } {
  const because = (reason: RoutingDecision["reason"]): RoutingDecision => ({
    reason,
    generation: router?.snapshot()?.route.generation ?? null,
  });
  if (options.bundle !== undefined)
    return { bundle: options.bundle, class: options.class ?? "preview", routing: because("named") };
  const parent = parentOf(options);
  if (parent?.agent === host.agent) {
    const { bundle } = parent;
    return { bundle, class: options.class ?? parent.class, routing: because("inherited") };
  }
  if (router !== undefined) {
    const assigned = router.assign(key, options.labels);
    const { bundle, reason, generation } = assigned;
    return { bundle, class: options.class ?? assigned.class, routing: { reason, generation } };
  }
  if (fallback !== undefined)
    return { bundle: fallback, class: options.class ?? "live", routing: because("only") };
  throw new VerdigrisError("no-route", `${host.agent} has neither a bundle nor a router: pass one of them`, {
    agent: host.agent,
  });
}

/** Starts a run that is only tagged: it has a scope and a pipeline, and nothing is written anywhere. */
export async function tagRun<P>(
  host: RunHost<P>,
  router: Router | undefined,
  fallback: BundleId | undefined,
  options: StartOptions<P>,
): Promise<StartResult<P>> {
  checkStart(options as StartOptions<never>);
  if (router?.mode() === "closed") await reopen(router);
  const id = host.newId();
  const parent = typeof options.parent === "object" ? options.parent : null;
  const key = options.key ?? parent?.scope.key ?? id;
  const chosen = choose(host, router, fallback, options, key);
  const bundle = await host.bundleOf(chosen.bundle);
  const lease = await host.pipelines.acquire(bundle);
  const labels = Object.freeze({ ...(options.labels ?? parent?.scope.labels) });
  const scope: RunScope = Object.freeze({
    agent: host.agent,
    run: id,
    bundle: bundle.id,
    digest: bundle.digest,
    class: chosen.class,
    key,
    labels,
    mixed: false,
  });
  const run = hold(host, scope, lease);
  announce(run, chosen.routing);
  return { placed: true, run };
}
