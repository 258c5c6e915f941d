export { type LoadBundleOptions, loadBundle } from "./load-bundle.ts";
