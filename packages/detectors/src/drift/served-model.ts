import type { Bundle } from "@verdigris/contracts";
import type { Drift, DriftBook } from "./drift-book.ts";

/**
 * Whether the model that served a call is one the bundle pins, by its snapshot, or by its name where it floats on purpose. What is
 * not is breaking drift, reported to the book; a provider's prefix and suffix (`models/`, `openai/`) make no difference.
 */
export function checkServedModel(
  bundle: Pick<Bundle, "id" | "models">,
  served: string,
  book?: DriftBook,
): Drift | null {
  const bare = served.slice(served.lastIndexOf("/") + 1);
  const pins = Object.values(bundle.models).map(({ snapshot, name }) => snapshot ?? name);
  if (pins.length === 0 || pins.some((pin) => pin === served || pin.slice(pin.lastIndexOf("/") + 1) === bare))
    return null;
  const drift: Drift = {
    entry: served,
    origin: "served-model",
    class: "breaking",
    path: "",
    change: "served a call, and the bundle pins no such model",
  };
  book?.report(bundle.id, served, "served-model", [drift]);
  return drift;
}
