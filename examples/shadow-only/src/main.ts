import assert from "node:assert/strict";
import { createShadow, renderShadowText, type ShadowSession } from "@verdigris/shadow";
import { createSearch, readQuestions, readSections } from "./handbook.ts";

const sections = readSections();
const questions = readQuestions(sections);
console.log(
  `${questions.length} questions to ${sections.length} sections of this project's own documentation\n`,
);

type Search = ReturnType<typeof createSearch>;
let mails = 0;
const mail = async (_: { readonly about: string }): Promise<string> => {
  mails += 1;
  return "sent";
};

/** The function that is to be replaced: finds a section, and tells its author when nothing was found. */
const answerWith =
  (search: Search) =>
  async (question: string, session: ShadowSession): Promise<string> => {
    const tools = session.tools({ search, mail });
    const [best] = tools.search({ query: question });
    if (best === undefined) await tools.mail({ about: question });
    return best ?? "nothing";
  };

/** Everyone gets blue's answers; green is asked the same, afterwards. */
async function mirror(green: string, search: Search): Promise<string> {
  const live = answerWith(createSearch(sections));
  const shadow = createShadow({
    agent: "handbook",
    blue: { bundle: "search-1", run: live },
    green: { bundle: green, run: answerWith(search) },
    sample: 1,
    maxQueued: questions.length,
    maxInFlight: 8,
    tools: { search: "pure" },
  });
  for (const question of questions) assert.equal(await shadow.run(question), createSearchOnce(question));
  await shadow.idle();
  const evidence = shadow.evidence();
  console.log(`${renderShadowText(evidence)}\n`);
  await shadow.close();
  return evidence.verdict.verdict;
}

const known = new Map<string, string>();
const plain = createSearch(sections);
/** What a user got before there was any mirror. */
function createSearchOnce(question: string): string {
  const answer = known.get(question) ?? plain({ query: question })[0] ?? "nothing";
  known.set(question, answer);
  return answer;
}

// A rewrite that changes nothing, and a change that was meant to be an improvement.
const rewrite = await mirror("search-2", createSearch(sections, { storeFields: ["title"] }));
const boosted = await mirror(
  "search-3",
  createSearch(sections, { searchOptions: { boost: { title: 8 }, fuzzy: 0.4 } }),
);
assert.equal(rewrite, "pass");
assert.equal(boosted, "fail");
assert.equal(mails, 0, "no shadow run may write");
