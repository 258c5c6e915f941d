import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { checkPieces, defineBundle, digestOf, type PieceFingerprints } from "../src/index.ts";

const contract = { name: "search", description: "finds", inputSchema: { type: "object" } } as const;
const digest = digestOf("index");
const bundle = defineBundle({
  id: "v1",
  code: { commit: "c0ffee", build: digest },
  prompts: { system: { version: "1", text: "Be brief." } },
  indexes: {
    docs: { kind: "snapshot", version: "1", digest, embedding: null },
    news: { kind: "live", version: "1", embedding: null },
  },
  tools: { search: { version: "1", contract, pinned: "not" } },
  allowFloating: ["indexes.news", "tools.search"],
});
const clock = createFakeClock();
const check = (fingerprints: PieceFingerprints) =>
  checkPieces(bundle, fingerprints, { lateMs: 1_000, setTimer: clock.setTimer });
const asMeant: PieceFingerprints = {
  prompt: () => "Be brief.",
  index: async () => digest,
  tool: () => contract,
};

describe("pieces as they are now", () => {
  it("are the same, whichever way they are answered; a live index has nothing to compare [PIECE-DRIFT]", async () => {
    const unchecked = [{ piece: "indexes", entry: "news" }];
    const same = { bundle: "v1", same: 3, drift: [], failed: [], unchecked };
    expect(await check(asMeant)).toEqual(same);
    const digests = {
      ...asMeant,
      prompt: () => digestOf("Be brief."),
      tool: () => bundle.tools.search.contract,
    };
    expect(await check(digests)).toEqual(same);
  });

  it("have drifted, by name, with what was meant and what was found [PIECE-DRIFT]", async () => {
    const drifted: PieceFingerprints = {
      prompt: () => "Be brief. ",
      index: () => digestOf("other"),
      tool: () => ({ ...contract, outputSchema: { type: "object" } }),
    };
    const { same, drift } = await check(drifted);
    expect(same).toBe(0);
    expect(drift).toMatchObject([
      {
        piece: "prompts",
        entry: "system",
        expected: bundle.prompts.system.digest,
        found: digestOf("Be brief. "),
      },
      { piece: "indexes", entry: "docs", expected: digest, found: digestOf("other") },
      { piece: "tools", entry: "search", expected: bundle.tools.search.contract },
    ]);
  });

  it("that nobody looked at are no drift and not the same either [PIECE-DRIFT]", async () => {
    const all = ["system", "docs", "news", "search"];
    for (const fingerprints of [{}, { prompt: () => null, index: () => null, tool: () => null }]) {
      const { same, drift, unchecked } = await check(fingerprints);
      expect([same, drift]).toEqual([0, []]);
      expect(unchecked.map(({ entry }) => entry)).toEqual(all);
    }
  });

  it("that cannot be looked at fail by themselves, and hide nothing else [PIECE-DRIFT]", async () => {
    const checking = check({
      prompt: () => {
        throw new Error("mine");
      },
      index: () => new Promise(() => {}),
      tool: () => 7 as never,
    });
    await clock.advance(1_000);
    const { failed, drift } = await checking;
    expect(drift).toEqual([]);
    expect(failed).toMatchObject([
      { piece: "prompts", entry: "system", error: { message: "mine" } },
      { piece: "indexes", entry: "docs" },
      { piece: "tools", entry: "search", error: { code: "invalid-argument" } },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("an index is answered with a digest and nothing else [PIECE-DRIFT]", async () => {
    const { failed } = await check({ index: () => "the text of it" as never });
    expect(failed).toMatchObject([{ entry: "docs", error: { details: { argument: "indexes" } } }]);
  });
});
