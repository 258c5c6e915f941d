import { createShadow, type ShadowOptions, type ShadowSession } from "@verdigris/shadow";
import { pairwise, spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";

const rounds = 9;
const runsPerBatch = 50;
const batches = 80;
const page = { title: "Refunds", text: "Refunds take five working days. ".repeat(32) };

type Agent = (question: string, session: Pick<ShadowSession, "tools">) => Promise<string>;

/** An agent that asks its tools one after the other, each answering about 1 KB. */
function agentWith(calls: number): Agent {
  const search = async ({ query, at }: { query: string; at: number }) => ({ ...page, query, at });
  return async (question, session) => {
    const tools = session.tools({ search });
    let title = "";
    for (let at = 0; at < calls; at++) title = (await tools.search({ query: question, at })).title;
    return `${title}: five working days`;
  };
}

const bareSession: Pick<ShadowSession, "tools"> = { tools: (set) => set };

function mirrorOf(agent: Agent, green: Agent, options: Partial<ShadowOptions<string, string>> = {}) {
  return createShadow<string, string>({
    agent: "bench",
    blue: { bundle: "blue", run: agent },
    green: { bundle: "green", run: green },
    sample: 1,
    ...options,
  });
}

/** Microseconds a user waits per run; what is left to do happens between the batches, where no user waits. */
async function waited(
  call: (question: string) => Promise<string>,
  rest: () => Promise<void>,
): Promise<number> {
  let nanoseconds = 0n;
  for (let batch = 0; batch < batches; batch++) {
    const began = process.hrtime.bigint();
    for (let n = 0; n < runsPerBatch; n++) await call(`how long do refunds take, ${batch}.${n}?`);
    nanoseconds += process.hrtime.bigint() - began;
    await rest();
  }
  return Number(nanoseconds) / 1_000 / batches / runsPerBatch;
}

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function userPath(calls: number): Promise<{ readonly rows: Row[]; readonly added: number }> {
  const agent = agentWith(calls);
  const seen = { bare: [] as number[], mirrored: [] as number[], cpu: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    const bare = await waited(
      (question) => agent(question, bareSession),
      async () => {},
    );
    const shadow = mirrorOf(agent, agent, { baseline: { first: 0 } });
    const before = cpuMicroseconds();
    const mirrored = await waited(shadow.run, shadow.idle);
    const cpu = (cpuMicroseconds() - before) / batches / runsPerBatch;
    await shadow.close();
    if (round < 0) continue;
    seen.bare.push(bare);
    seen.mirrored.push(mirrored);
    seen.cpu.push(cpu);
  }
  const added = pairwise(seen.mirrored, seen.bare, (mirrored, bare) => mirrored - bare);
  const group = `${calls} tool calls`;
  const differences = seen.mirrored.map((mirrored, round) => mirrored - (seen.bare[round] ?? 0));
  return {
    added,
    rows: [
      { group, name: "bare", unit: "µs", ...spreadOf(seen.bare) },
      { group, name: "mirrored, sample 1", unit: "µs", ...spreadOf(seen.mirrored) },
      { group, name: "what the user waits more", unit: "µs", ...spreadOf(differences) },
      { group, name: "CPU, shadow runs and comparing included", unit: "µs", ...spreadOf(seen.cpu) },
    ],
  };
}

interface Trouble {
  readonly name: string;
  readonly green: Agent;
  readonly options?: Partial<ShadowOptions<string, string>>;
}

const troubles: readonly Trouble[] = [
  { name: "green throws", green: () => Promise.reject(new Error("green broke")) },
  { name: "green hangs", green: () => new Promise(() => {}), options: { maxRunMs: 20, maxQueued: 10 } },
  { name: "green floods: a queue of 1", green: agentWith(2), options: { maxQueued: 1, maxInFlight: 1 } },
  {
    name: "the budget runs out",
    green: async (_, session) => {
      const spending = session as ShadowSession;
      spending.usage({ model: "m", inputTokens: 100, outputTokens: 10, cost: 0.01 });
      return "an answer";
    },
    options: { budget: { cost: 0.5 } },
  },
];

/** Users' runs while shadow runs go wrong: how many failed or got another answer, and what they waited. */
async function inTrouble({
  name,
  green,
  options,
}: Trouble): Promise<{ readonly rows: Row[]; readonly harmed: number }> {
  const agent = agentWith(2);
  const expected = await agent("", bareSession);
  let harmed = 0;
  const waits: number[] = [];
  let dropped = 0;
  for (let round = 0; round < 3; round++) {
    const shadow = mirrorOf(agent, green, options);
    const guarded = async (question: string): Promise<string> => {
      const answer = await shadow.run(question).catch(() => "");
      if (answer !== expected) harmed += 1;
      return answer;
    };
    // A turn between the batches, so that shadow runs begin while users come.
    waits.push(await waited(guarded, () => new Promise((resolve) => setImmediate(resolve))));
    await shadow.close();
    dropped += Object.values(shadow.status().dropped).reduce((sum, count) => sum + count, 0);
  }
  const group = name;
  const runs = 3 * batches * runsPerBatch;
  const count = (what: string, value: number): Row => ({
    group,
    name: what,
    unit: `of ${runs}`,
    min: value,
    median: value,
    max: value,
  });
  return {
    harmed,
    rows: [
      { group, name: "what the user waits", unit: "µs", ...spreadOf(waits) },
      count("users' runs that failed", harmed),
      count("inputs dropped, each counted", dropped),
    ],
  };
}

/** What a user waits for the mirror, and whether its troubles become theirs. */
export async function shadowUserPath(progress: (text: string) => void): Promise<Findings> {
  const rows: Row[] = [];
  const goals: Findings["goals"][number][] = [];
  for (const calls of [0, 2]) {
    progress(`users' runs with ${calls} tool calls`);
    const found = await userPath(calls);
    rows.push(...found.rows);
    goals.push(goal(`what a user waits more, ${calls} tool calls (µs)`, found.added, "lower", 20));
  }
  let harmed = 0;
  for (const trouble of troubles) {
    progress(trouble.name);
    const found = await inTrouble(trouble);
    rows.push(...found.rows);
    harmed += found.harmed;
  }
  goals.push(goal("users' runs that failed or got another answer", harmed, "lower", 0));
  return { rows, goals };
}
