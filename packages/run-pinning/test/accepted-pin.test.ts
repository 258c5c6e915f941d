import { isId, type PinRecord, type TrafficClass } from "@verdigris/contracts";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { AcceptedPin, textOf } from "../src/accepted-pin.ts";

const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/);
const time = fc.integer({ min: 0, max: 9_999_999_999_999 });
const classes: TrafficClass[] = ["live", "canary", "preview", "shadow", "smoke", "eval", "drill"];

it("writes a pin that was just accepted byte for byte as JSON.stringify does", async () => {
  const pins = fc.record({
    v: fc.integer({ min: 1, max: 9 }),
    run: id,
    bundle: id,
    accepted: time,
    deadline: time,
    cap: time,
    class: fc.constantFrom(...classes),
    generation: fc.nat(),
  });
  await fc.assert(
    fc.property(pins, (facts) => {
      expect(isId(facts.run) && isId(facts.bundle)).toBe(true);
      const text = textOf(new AcceptedPin(facts));
      expect(text).toBe(JSON.stringify(new AcceptedPin(facts)));
      expect(JSON.parse(text)).toEqual({ epoch: 1, ...facts });
    }),
  );
});

it("leaves a pin with free text in it to JSON.stringify", () => {
  const facts = {
    v: 1,
    run: "r",
    bundle: "b",
    accepted: 1,
    deadline: 2,
    cap: 2,
    class: "live",
    generation: 1,
  } as const;
  const pin: PinRecord = { ...new AcceptedPin(facts), key: 'a"b\\' };
  expect(JSON.parse(textOf(pin))).toEqual({ epoch: 1, ...facts, key: 'a"b\\' });
});
