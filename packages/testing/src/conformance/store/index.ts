export type { StoreCheck, StoreCheckContext, StoreConformanceOptions, StoreUnderTest } from "./context.ts";
export { describeStoreConformance, runStoreCheck, type StoreTopic, storeTopics } from "./suite.ts";
