import { baggageTokenName } from "../attribute-names.ts";
import type { OtelApi } from "./otel-port.ts";

type Carrier = Pick<OtelApi, "propagation" | "context">;

/**
 * Runs `fn` with a run's token in the active baggage, so that what the host's propagator sends along leads the called
 * process back to the run. A token names agent, bundle and run, and no key and no label. Calling this is the opt-in: no
 * token travels by itself. Where OpenTelemetry fails, `fn` runs without it.
 */
export function carryToken<T>({ propagation, context }: Carrier, token: string, fn: () => T): T {
  let carrying: ReturnType<typeof context.active>;
  try {
    const active = context.active();
    const baggage = propagation.getBaggage(active) ?? propagation.createBaggage();
    carrying = propagation.setBaggage(active, baggage.setEntry(baggageTokenName, { value: token }));
  } catch {
    return fn();
  }
  return context.with(carrying, fn);
}

/** The token that arrived with the current request, to resume or attach to its run; null where none did. A claim until then. */
export function arrivedToken({ propagation, context }: Carrier): string | null {
  try {
    return propagation.getBaggage(context.active())?.getEntry(baggageTokenName)?.value ?? null;
  } catch {
    return null;
  }
}
