import { type BundleId, decodeRecord, recordVersion, type VersionedRecord } from "@verdigris/contracts";
import { type Cohort, type CohortRecord, cohortFromJson, cohortToJson } from "../windows/cohort.ts";

/** The runs of a minute that one node has counted. It is written again and again, whole, so that nothing is counted twice. */
interface WindowRecord extends VersionedRecord {
  readonly bundle: BundleId;
  readonly node: string;
  readonly cohorts: readonly CohortRecord[];
}

/** Runs that started in one minute share a record. */
export const slotMs = 60_000;

/** The minute that a time falls into. */
export function slotOf(at: number): number {
  return Math.floor(at / slotMs) * slotMs;
}

export function windowText(bundle: BundleId, node: string, cohorts: readonly Cohort[]): string {
  const record: WindowRecord = { v: recordVersion, bundle, node, cohorts: cohorts.map(cohortToJson) };
  return JSON.stringify(record);
}

/** The cohorts of a record. Throws `record-too-new` and `record-corrupt`. */
export function readWindow(key: string, text: string): readonly Cohort[] {
  const { cohorts } = decodeRecord<WindowRecord>(key, text);
  return (Array.isArray(cohorts) ? cohorts : []).flatMap((cohort) => cohortFromJson(cohort) ?? []);
}
