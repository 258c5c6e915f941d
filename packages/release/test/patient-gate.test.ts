import type { Verdict } from "@verdigris/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { patientGate } from "../src/index.ts";
import { aGate, aWorld, codeOf, hour, minute, type ReleaseWorld, type ScriptedGate } from "./world.ts";

let world: ReleaseWorld;
let shadow: ScriptedGate;

beforeEach(async () => {
  world = await aWorld();
  shadow = aGate();
});
afterEach(() => world.close());

async function driven(...verdicts: Verdict[]) {
  shadow.next(...verdicts);
  const patient = patientGate(shadow, { for: "1h", every: "10m", clock: world.clock });
  const releases = world.open({ tickMs: minute, gates: { ...world.gates, shadow: patient } });
  releases.drive();
  await releases.start({ bundle: "green", plan: {}, reason: "better" });
  await world.pass(minute);
  return releases;
}

describe("a patient gate", () => {
  it("lets a release wait for runs instead of holding it for want of them [RELEASE-GATES]", async () => {
    const releases = await driven("inconclusive", "inconclusive", "pass");
    expect((await releases.status()).release).toMatchObject({ phase: "shadow", held: null });
    await world.pass(25 * minute);
    expect(shadow.asked).toHaveLength(3);
    expect((await releases.status()).release?.phase).toBe("quarantine");
  });

  it("hands on at once what is no want of runs [RELEASE-GATES]", async () => {
    const releases = await driven("inconclusive", "fail");
    await world.pass(11 * minute);
    expect((await releases.status()).release?.outcome?.kind).toBe("halted");
  });

  it("has its last word once its time is over, and never makes a pass of it [RELEASE-GATES]", async () => {
    const releases = await driven(...Array.from({ length: 9 }, (): Verdict => "inconclusive"));
    await world.pass(58 * minute);
    expect((await releases.status()).release?.held).toBeNull();
    await world.pass(2 * minute);
    expect((await releases.status()).release).toMatchObject({
      phase: "shadow",
      held: { because: "verdict" },
    });
    expect(shadow.asked).toHaveLength(7);
  });

  it("is asked no more once nobody waits for its answer [RELEASE-GATES]", async () => {
    const releases = await driven(...Array.from({ length: 9 }, (): Verdict => "inconclusive"));
    await releases.abort({ reason: "enough" });
    await world.pass(hour);
    expect(shadow.asked.length).toBeLessThanOrEqual(2);
  });

  it("needs times that are some", async () => {
    expect(await codeOf(Promise.resolve().then(() => patientGate(shadow, { for: 0 })))).toBe(
      "invalid-argument",
    );
  });
});
