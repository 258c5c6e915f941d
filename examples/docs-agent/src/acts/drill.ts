import type { DrillReport } from "@verdigris/release";
import type { Stage } from "../stage.ts";
import { whileServing } from "./while-serving.ts";

/** Practises the way back while users ask: everything goes to blue and comes back, each part timed. */
export async function practise(stage: Stage): Promise<DrillReport> {
  const { releases, view } = stage;
  const drill = await whileServing(stage, "users ask during the drill", () =>
    releases.drill({ reason: "to know that it works before it is needed", drainMs: 30_000 }),
  );
  const { decideMs, switchMs, confirmMs, drainMs } = drill.times;
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  view.line(
    `   decide ${ms(decideMs)}, switch ${ms(switchMs)}, confirm ${ms(confirmMs)}, drain ${ms(drainMs)}`,
  );
  view.line(`   ${drill.from} → ${drill.to} and back: ${drill.text}`);
  return drill;
}
