/** What goes wrong in telemetry must not be noticed by a run: neither thrown nor logged, as OpenTelemetry has diagnostics of its own. */
export function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nobody to tell.
  }
}
