export { bundleJsonSchema } from "./bundle-json-schema.ts";
export type { BundleSources, IndexFiles, PackageTool, PromptFile } from "./gather/bundle-sources.ts";
export { createBundleFrom } from "./gather/create-bundle-from.ts";
export { digestOfPath } from "./gather/digest-path.ts";
export type { ListedTool, McpTools, ToolListingClient } from "./gather/mcp-tools.ts";
export { type LoadBundleOptions, loadBundle } from "./load-bundle.ts";
export { saveBundle } from "./save-bundle.ts";
