export {
  createFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type SwallowedBytes,
} from "./fault-proxy.ts";
