export { bundleJsonSchema } from "./bundle-json-schema.ts";
export { digestOfPath } from "./gather/digest-path.ts";
export { type LoadBundleOptions, loadBundle } from "./load-bundle.ts";
export { saveBundle } from "./save-bundle.ts";
