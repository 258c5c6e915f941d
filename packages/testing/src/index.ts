export { aBundle, aRoute } from "./builders.ts";
export { createFakeClock, type FakeClock, type FakeClockOptions } from "./fake-clock.ts";
export {
  createFakeRouter,
  type FakeRouter,
  type FakeRouterCall,
  type FakeRouterOptions,
} from "./fake-router.ts";
export type { Gate, GateOptions, StoreCallKind } from "./fault-plan.ts";
export { createFaultyStore, type FaultyStore, type StoreCall } from "./faulty-store.ts";
export type { LostCommit } from "./lossy-commits.ts";
export { type MatcherResult, type VerdigrisMatchers, verdigrisMatchers } from "./matchers.ts";
export { formatRecord, type RecordEntry, type TestRecord } from "./test-record.ts";
export { createTestVerdigris, type TestVerdigris, type TestVerdigrisOptions } from "./test-verdigris.ts";
