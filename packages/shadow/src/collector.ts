import { addReport, type Divergence, emptyDivergence } from "./divergence.ts";
import type { ForgottenKeys } from "./forgotten-keys.ts";
import type { ShadowDrop } from "./shadow.ts";
import type { ShadowReport } from "./shadow-job.ts";
import type { ShadowSettings } from "./shadow-options.ts";
import { judgeDivergence, type ShadowVerdict } from "./shadow-verdict.ts";
import { createWorstExamples, type WorstExamples } from "./worst-examples.ts";

/** Reports whose ids are remembered, so that one that comes twice counts once. */
const mostRemembered = 100_000;

/** What reports add up to, each once. */
export interface Collector {
  readonly worst: WorstExamples;
  divergence(): Divergence;
  verdict(): ShadowVerdict;
  /** Throws `evidence-invalid` for other bundles, and for what is no report. */
  add(report: ShadowReport): void;
}

/** Counts nothing yet. */
export function createCollector<I, O>(
  settings: ShadowSettings<I, O>,
  forgotten: ForgottenKeys,
  drop: (why: ShadowDrop) => void,
): Collector {
  const { blue, green, rule, examples, comparators, clock } = settings;
  const remembered = new Set<string>();
  const worst = createWorstExamples(clock, examples?.perView ?? 1);
  const judged = comparators.filter((view) => view.judged !== false).map(({ name }) => name);
  let divergence: Divergence = emptyDivergence(blue.bundle, green.bundle, {
    fail: rule.margin,
    pass: rule.passMargin,
  });
  return {
    worst,
    divergence: () => divergence,
    verdict: (): ShadowVerdict => judgeDivergence(divergence, judged, rule),
    add(report: ShadowReport): void {
      if (remembered.has(report?.job)) {
        drop("repeated");
        return;
      }
      divergence = addReport(divergence, report);
      remembered.add(report.job);
      const oldest = remembered.values().next();
      if (remembered.size > mostRemembered && !oldest.done) remembered.delete(oldest.value);
      if (examples !== null && !forgotten.has(report.key)) worst.add(report);
    },
  };
}
