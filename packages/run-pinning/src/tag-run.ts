import { type BundleId, type Router, type RunScope, VerdigrisError } from "@verdigris/contracts";
import { checkStart } from "./choose-bundle.ts";
import { hold } from "./hold-run.ts";
import type { RunHost } from "./host.ts";
import { LocalRun } from "./run.ts";
import type { StartOptions, StartResult } from "./run-types.ts";

function choose<P>(
  host: RunHost<P>,
  router: Router | undefined,
  fallback: BundleId | undefined,
  options: StartOptions<P>,
  key: string,
): { bundle: BundleId; class: RunScope["class"] } {
  const { parent } = options;
  if (options.bundle !== undefined) return { bundle: options.bundle, class: options.class ?? "preview" };
  if (parent instanceof LocalRun)
    return { bundle: parent.scope.bundle, class: options.class ?? parent.scope.class };
  if (router !== undefined) {
    const assigned = router.assign(key, options.labels);
    return { bundle: assigned.bundle, class: options.class ?? assigned.class };
  }
  if (fallback !== undefined) return { bundle: fallback, class: options.class ?? "live" };
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
  const id = host.newId();
  const parent = options.parent instanceof LocalRun ? options.parent : null;
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
  const run = hold(host, scope, lease, null);
  if (host.events.has("run-started")) host.events.emit("run-started", { scope, deadline: null });
  return { placed: true, run };
}
