/** The instrumentation scope of everything this package emits. */
export const tracerName = "@verdigris/telemetry";
