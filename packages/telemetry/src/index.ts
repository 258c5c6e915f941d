export { attributeNames, signalNames } from "./attribute-names.ts";
export { bundleAttributes, type PieceNames } from "./bundle-attributes.ts";
export {
  createTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from "./create-telemetry.ts";
export { logFields } from "./log-fields.ts";
export type { Attributes, OtelApi, OtelLogsApi } from "./otel/otel-port.ts";
export {
  createLogProcessor,
  createSpanProcessor,
  type ProcessorOptions,
  type ScopeLogProcessor,
  type ScopeSpanProcessor,
} from "./otel/processors.ts";
export type { BaggageField } from "./otel/scope-context.ts";
export { checkTelemetry, type SignalReach, type TelemetryCheck } from "./otel/self-check.ts";
export { arrivedToken, carryToken } from "./otel/token-baggage.ts";
export { type BundleFigures, readFigures } from "./usage/bundle-figures.ts";
export type { CostLine, CostTraffic, UnpricedLine } from "./usage/cost-sums.ts";
export { type CostReport, type CostsBy, type CostsOptions, readCosts } from "./usage/costs.ts";
export { type EraseUsageRequest, eraseUsage } from "./usage/erase-usage.ts";
export { forgetUsage } from "./usage/forget-usage.ts";
export { type LedgerSql, type LedgerSqlOptions, ledgerSql } from "./usage/ledger-sql.ts";
export { readUsage, type UsageRange } from "./usage/read-usage.ts";
export type { RunEnding, RunTally } from "./usage/run-tally.ts";
export { createUsageLedger, type UsageLedger, type UsageLedgerOptions } from "./usage/usage-ledger.ts";
export type { UsageBatch, UsageRecord } from "./usage/usage-record.ts";
