import { isId, type PinRecord, type TrafficClass } from "@verdigris/contracts";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { acceptedPinText } from "../src/pin-text.ts";

const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/);
const time = fc.integer({ min: 0, max: 9_999_999_999_999 });
const classes: TrafficClass[] = ["live", "canary", "preview", "shadow", "smoke", "eval", "drill"];

it("writes a plain pin byte for byte as JSON.stringify does", async () => {
  const pins = fc.record({
    run: id,
    bundle: id,
    accepted: time,
    deadline: time,
    cap: time,
    class: fc.constantFrom(...classes),
    generation: fc.nat(),
  });
  await fc.assert(
    fc.property(pins, ({ run, bundle, ...rest }) => {
      expect(isId(run) && isId(bundle)).toBe(true);
      const { accepted, deadline, cap, generation } = rest;
      const pin: PinRecord = {
        v: 1,
        run,
        bundle,
        epoch: 1,
        accepted,
        deadline,
        cap,
        class: rest.class,
        generation,
      };
      expect(acceptedPinText(pin, true)).toBe(JSON.stringify(pin));
    }),
  );
});

it("leaves a pin with free text in it to JSON.stringify", () => {
  const pin: PinRecord = {
    v: 1,
    run: "r",
    bundle: "b",
    epoch: 1,
    accepted: 1,
    deadline: 2,
    cap: 2,
    class: "live",
    generation: 1,
    key: 'a"b\\',
  };
  expect(JSON.parse(acceptedPinText(pin, false))).toEqual(pin);
});
