export { compareSchemas, type SchemaChange, type SchemaSide } from "./drift/compare-schemas.ts";
export { createDriftBook, type Drift, type DriftBook, type DriftClass } from "./drift/drift-book.ts";
export { createResponseShapes, type ResponseShapes } from "./drift/response-shapes.ts";
export { checkServedModel } from "./drift/served-model.ts";
export {
  type DeclaredTool,
  type ListTools,
  type McpListing,
  mcpTools,
  type ToolContractParts,
  type ToolWatch,
  type WatchToolsOptions,
  watchTools,
} from "./drift/watch-tools.ts";
export { toolDrift } from "./rules/tool-drift.ts";
