export { bundleJsonSchema } from "./bundle-json-schema.ts";
export { type LoadBundleOptions, loadBundle } from "./load-bundle.ts";
