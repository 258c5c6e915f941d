export {
  createFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type SwallowedBytes,
} from "./fault-proxy.ts";
export { type Program, programsIn } from "./programs.ts";
