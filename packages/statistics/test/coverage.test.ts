import { describe, expect, it } from "vitest";
import {
  bettingInterval,
  clusteredMean,
  cohenKappa,
  exactInterval,
  type Interval,
  signFlip,
  tangoInterval,
  tInterval,
  wilsonInterval,
} from "../src/index.ts";
import { randomFrom } from "../src/random.ts";

const seed = 20_264;
const repetitions = 2_000;

interface Misses {
  readonly lower: number;
  readonly upper: number;
}

/** How often each bound misses the truth, in simulation. */
function missesOf(truth: number, draw: (random: () => number) => Interval): Misses {
  const random = randomFrom(seed);
  let [lower, upper] = [0, 0];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const interval = draw(random);
    if (interval.lower > truth) lower += 1 / repetitions;
    if (interval.upper < truth) upper += 1 / repetitions;
  }
  return { lower, upper };
}

/** Three and a half standard errors of a share of 5 % over the repetitions. */
const slack = 3.5 * Math.sqrt((0.05 * 0.95) / repetitions);

const successesOf = (random: () => number, n: number, rate: number): number =>
  Array.from({ length: n }, () => (random() < rate ? 1 : 0)).reduce<number>((sum, x) => sum + x, 0);

describe(`in ${repetitions} repetitions, seed ${seed}, a 5 % bound`, () => {
  it("that is exact misses at most 5 % of the time", () => {
    for (const [n, rate] of [
      [5, 0.5],
      [40, 0.97],
      [300, 0.01],
    ] as const) {
      const misses = missesOf(rate, (random) =>
        exactInterval({ successes: successesOf(random, n, rate), n }),
      );
      expect(misses.lower).toBeLessThan(0.05 + slack);
      expect(misses.upper).toBeLessThan(0.05 + slack);
    }
  });

  it("of Wilson misses about 5 % of the time where counts are middling", () => {
    const misses = missesOf(0.8, (random) =>
      wilsonInterval({ successes: successesOf(random, 200, 0.8), n: 200 }),
    );
    for (const share of Object.values(misses)) {
      expect(share).toBeLessThan(0.065 + slack);
      expect(share).toBeGreaterThan(0.035 - slack);
    }
  });

  it("of Tango misses about 5 % of the time at a true loss of 5 points, for small sets too", () => {
    for (const n of [50, 200]) {
      const misses = missesOf(-0.05, (random) => {
        let [gained, lost] = [0, 0];
        for (let i = 0; i < n; i++) {
          const u = random();
          if (u < 0.05) gained++;
          else if (u < 0.15) lost++;
        }
        return tangoInterval({ gained, lost, n });
      });
      expect(misses.lower).toBeLessThan(0.06 + slack);
      expect(misses.upper).toBeLessThan(0.06 + slack);
    }
  });

  it("of Student holds for related cases when their clusters are named, and not when they are hidden", () => {
    const draw = (named: boolean) => (random: () => number) => {
      const values: number[] = [];
      const clusters: number[] = [];
      for (let cluster = 0; cluster < 40; cluster++) {
        const shared = random() - 0.5;
        for (let i = 0; i < 5; i++) {
          values.push(shared + 0.2 * (random() - 0.5));
          clusters.push(cluster);
        }
      }
      return tInterval(clusteredMean(named ? { values, clusters } : { values }));
    };
    const named = missesOf(0, draw(true));
    expect(named.lower).toBeLessThan(0.055 + slack);
    expect(named.upper).toBeLessThan(0.055 + slack);
    expect(missesOf(0, draw(false)).lower).toBeGreaterThan(0.15);
  });

  it("of bets misses at most 5 % of the time on few and lopsided values", () => {
    for (const [n, loss] of [
      [8, 0.3],
      [25, 0.02],
      [60, 0.01],
    ] as const) {
      const misses = missesOf(-loss, (random) =>
        bettingInterval({ values: Array.from({ length: n }, () => (random() < loss ? -1 : 0)) }),
      );
      expect(misses.lower).toBeLessThan(0.05 + slack);
      expect(misses.upper).toBeLessThan(0.05 + slack);
    }
  });

  it("of kappa misses about 5 % of the time on two hundred labels", () => {
    // Both raters say yes half of the time and agree on 85 %: kappa 0.7.
    const misses = missesOf(0.7, (random) => {
      const table = [
        [0, 0],
        [0, 0],
      ];
      for (let i = 0; i < 200; i++) {
        const first = random() < 0.5 ? 0 : 1;
        const second = random() < 0.85 ? first : 1 - first;
        const row = table[first]!;
        row[second] = (row[second] ?? 0) + 1;
      }
      return cohenKappa(table, { alpha: 0.05 });
    });
    expect(misses.lower).toBeLessThan(0.07 + slack);
    expect(misses.upper).toBeLessThan(0.07 + slack);
  });

  it("of flipped signs calls identical bundles worse at most 5 % of the time", () => {
    const random = randomFrom(seed);
    let wrong = 0;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const differences = Array.from({ length: 10 }, () =>
        random() < 0.5 ? random() ** 3 : -(random() ** 3),
      );
      if (signFlip({ differences }).worse <= 0.05) wrong++;
    }
    expect(wrong / repetitions).toBeLessThan(0.05 + slack);
    expect(wrong / repetitions).toBeGreaterThan(0.05 - slack);
  });
});

describe("a betting interval", () => {
  it("does not depend on the order of the cases, to the last bit", () => {
    const random = randomFrom(seed);
    const values = Array.from({ length: 40 }, () => Math.round(6 * random() - 3) / 3);
    expect(bettingInterval({ values: values.toReversed() })).toEqual(bettingInterval({ values }));
  });

  it("closes in on the mean as values come in, and turns over with them", () => {
    const widths = [20, 200, 2_000].map((n) => {
      const values = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0.4 : -0.2));
      const { lower, upper } = bettingInterval({ values });
      const turned = bettingInterval({ values: values.map((value) => -value) });
      expect(turned.lower).toBeCloseTo(-upper, 12);
      expect(lower).toBeLessThan(0.1);
      expect(upper).toBeGreaterThan(0.1);
      return upper - lower;
    });
    expect(widths[1]!).toBeLessThan(widths[0]! / 2);
    expect(widths[2]!).toBeLessThan(widths[1]! / 2);
  });

  it("of one value is nearly everything, and of the least values reaches the end", () => {
    const one = bettingInterval({ values: [0] });
    expect(one.lower).toBeLessThan(-0.8);
    expect(one.upper).toBeGreaterThan(0.8);
    expect(bettingInterval({ values: [-1, -1, -1] }).lower).toBe(-1);
    expect(bettingInterval({ values: [1, 1, 1] }).upper).toBe(1);
  });
});

it("kappa of raters who never disagree about one category is no number", () => {
  expect(
    cohenKappa([
      [20, 0],
      [0, 0],
    ]),
  ).toEqual({ kappa: Number.NaN, standardError: Number.NaN, lower: -1, upper: 1 });
});
