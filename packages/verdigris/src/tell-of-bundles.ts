import type { BundleId, WarmCheck } from "@verdigris/contracts";
import type { Parts } from "./parts.ts";

/** Keeps the record of this process in step with what it loads and, where the host decides that, what it serves. */
export function tellOfBundles<P>(parts: Parts<P>): () => void {
  const { options, router, time, events, registry, tell } = parts;
  const warm = (bundle: BundleId, ok: boolean | null): void => {
    const check: WarmCheck | null = ok === null ? null : { ok, at: Math.floor(time?.now() ?? 0) };
    tell({ warm: { [bundle]: check } });
  };
  const { serves } = options;
  const list = async (ids: readonly BundleId[]): Promise<void> => {
    const answers = await Promise.all(
      ids.map(async (id) => ({ id, yes: serves?.(await registry.get(id)) === true })),
    );
    const named = (yes: boolean): BundleId[] => answers.filter((a) => a.yes === yes).map(({ id }) => id);
    tell({ serves: { kind: "listed", yes: named(true), no: named(false) } });
  };
  const stops = [
    events.on("pipeline-loaded", ({ bundle }) => warm(bundle, true)),
    events.on("load-failed", ({ bundle }) => warm(bundle, false)),
    events.on("pipeline-unloaded", ({ bundle }) => warm(bundle, null)),
  ];
  if (serves !== undefined && router !== null) {
    const stop = router.on("route", ({ route }) => {
      const named = [route.live, route.stable, route.candidate, ...route.retiring.map((r) => r.bundle)];
      // A bundle that cannot be read now is looked at again with the next route; until then nobody claims it.
      list([...new Set(named.filter((id) => id !== null))]).catch(() => {});
    });
    stops.push(stop);
  }
  return () => {
    for (const stop of stops) stop();
  };
}
