import type { Bundle, PinRecord, RunScope } from "@verdigris/contracts";

const noLabels: RunScope["labels"] = Object.freeze({});

/** The scope of a pinned run: what logs, spans and bills carry. */
export function scopeOf(agent: string, record: PinRecord, bundle: Bundle): RunScope {
  return Object.freeze({
    agent,
    run: record.run,
    bundle: bundle.id,
    digest: bundle.digest,
    class: record.class,
    key: record.key ?? record.run,
    labels: record.labels === undefined ? noLabels : Object.freeze(record.labels),
    mixed: record.was !== undefined,
  });
}
