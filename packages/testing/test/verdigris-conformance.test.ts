import { createTestVerdigris } from "@verdigris/testing";
import {
  describeVerdigrisConformance,
  runVerdigrisCheck,
  type VerdigrisSubject,
  verdigrisChecks,
} from "@verdigris/testing/conformance/verdigris";
import { describe, expect, it } from "vitest";

const create = async ({
  bundles,
  policy,
  load,
}: Parameters<
  Parameters<typeof describeVerdigrisConformance>[0]["create"]
>[0]): Promise<VerdigrisSubject> => {
  const verdigris = createTestVerdigris({ bundles, policy, load });
  return { verdigris, advance: verdigris.clock.advance, dispose: verdigris.close };
};

// [TESTING-FAKES]: the same checks run on production instances in the package `verdigris`.
describeVerdigrisConformance({ name: "the test instance", peers: false, create });

describe("the suite itself", () => {
  const broken: [string, (subject: VerdigrisSubject) => VerdigrisSubject["verdigris"]][] = [
    [
      "takes bundles apart",
      ({ verdigris }) => ({
        ...verdigris,
        start: async (o) => {
          const started = await verdigris.start(o);
          if (!started.placed) return started;
          const { run } = started;
          const step = ((name: string, fn: (c: object) => unknown) =>
            run.step(name, (c) =>
              fn({ bundle: c.bundle, scope: c.scope, pipeline: { of: "green" } }),
            )) as typeof run.step;
          return {
            placed: true,
            run: Object.assign(Object.create(run), { step, finish: run.finish.bind(run) }),
          };
        },
      }),
    ],
    [
      "forgets reasons",
      ({ verdigris }) => ({ ...verdigris, flip: (o) => verdigris.flip({ ...o, reason: "none" }) }),
    ],
    [
      "has a default scope",
      ({ verdigris }) => ({ ...verdigris, current: () => ({ bundle: "blue" }) as never }),
    ],
    [
      "rolls back nothing",
      ({ verdigris }) => ({
        ...verdigris,
        rollback: async () => ({
          outcome: "moved",
          generation: 1,
          unevidenced: false,
          unverified: true,
          propagated: new Promise(() => {}),
        }),
      }),
    ],
    ["stays open", ({ verdigris }) => ({ ...verdigris, close: async () => {} })],
    [
      "ignores ids",
      ({ verdigris }) => ({ ...verdigris, start: ({ id: _, ...o } = {}) => verdigris.start(o) }),
    ],
  ];
  it.each(broken)("fails an instance that %s [TESTING-FAKES]", async (_, breakIt) => {
    const outcomes = await Promise.allSettled(
      verdigrisChecks
        .filter(({ needsPeer }) => needsPeer !== true)
        .map((check) =>
          runVerdigrisCheck(check, async (setup) => {
            const subject = await create(setup);
            return { ...subject, verdigris: breakIt(subject) };
          }),
        ),
    );
    expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
  });

  it("asks for a second process where one is promised", async () => {
    const check = verdigrisChecks.find(({ needsPeer }) => needsPeer)!;
    await expect(runVerdigrisCheck(check, create)).rejects.toThrow("peer");
  });
});
