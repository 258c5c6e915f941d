export {
  createReleases,
  type DrillReport,
  type Driver,
  defineReleasePlan,
  type PlanForecast,
  type ReleasePlanInput,
  type ReleasePorts,
  type ReleaseStatus,
  type Releases,
  type ReleasesOptions,
  type ReleaseVerb,
  type RollbackReport,
} from "@verdigris/release";
