import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { createPressureGauge, type ShadowJob } from "../src/index.ts";
import { createWorld, type Run, say } from "./world.ts";

describe("across processes", () => {
  function crossing() {
    const jobs: string[] = [];
    const web = createWorld(say("same"), say("never here"), {
      queue: { send: (job) => void jobs.push(JSON.stringify(job)) },
    });
    const worker = createWorld(say("same"), say("same"));
    return { jobs, web, worker };
  }

  it("a job travels as JSON to a worker, and its report back, each counted once [SHADOW-QUEUE]", async () => {
    const { jobs, web, worker } = crossing();
    expect(await web.shadow.run({ q: 1 }, { key: "ada" })).toBe("same");
    await web.settle();
    const job = JSON.parse(jobs[0] ?? "") as ShadowJob;
    expect(job).toMatchObject({
      v: 1,
      id: "shadow-1",
      key: "ada",
      input: { q: 1 },
      blue: "blue",
      green: "green",
    });
    const report = JSON.parse(JSON.stringify(await worker.shadow.take(job)));
    web.shadow.report(report);
    web.shadow.report(report);
    expect(web.shadow.status()).toMatchObject({ compared: 1, dropped: { repeated: 1 } });
    expect(worker.shadow.status().compared).toBe(0);
  });

  it("a worker refuses what is not its own or comes too late, and says so in its counts [SHADOW-QUEUE]", async () => {
    const { jobs, web, worker } = crossing();
    await web.shadow.run(1);
    await web.settle();
    const job = JSON.parse(jobs[0] ?? "") as ShadowJob;
    for (const foreign of [{ green: "other" }, { blue: "other" }, { agent: "other" }, { v: 2 }]) {
      expect(await worker.shadow.take({ ...job, ...foreign })).toBeNull();
    }
    await worker.clock.advance(600_000);
    expect(await worker.shadow.take(job)).toBeNull();
    expect(worker.shadow.status().dropped).toEqual({ foreign: 4, expired: 1 });
  });

  it("a report on other bundles is refused", async () => {
    const { jobs, web, worker } = crossing();
    await web.shadow.run(1);
    await web.settle();
    const report = await worker.shadow.take(JSON.parse(jobs[0] ?? "") as ShadowJob);
    expect(() =>
      web.shadow.report({ ...(report as NonNullable<typeof report>), green: "other" }),
    ).toThrowError(expect.objectContaining({ code: "evidence-invalid" }));
    expect(web.shadow.status().compared).toBe(0);
  });

  it("two workers share the jobs of one queue, and what they report adds up to what one would have found [SHADOW-QUEUE]", async () => {
    const blue: Run = (input) => `answer ${String(input)}`;
    const green: Run = (input) => (Number(input) % 3 === 0 ? "other" : `answer ${String(input)}`);
    const rule = { minPairs: 5 };
    const queue: string[] = [];
    const web = createWorld(blue, green, {
      rule,
      queue: { send: (job) => void queue.push(JSON.stringify(job)) },
    });
    const workers = [createWorld(blue, green, { rule }), createWorld(blue, green, { rule })];
    const alone = createWorld(blue, green, { rule });
    for (let n = 0; n < 90; n += 1) {
      await Promise.all([web.shadow.run(n, { key: `u${n}` }), alone.shadow.run(n, { key: `u${n}` })]);
      await Promise.all([web.settle(), alone.settle()]);
    }
    expect(queue).toHaveLength(90);
    const reports: string[] = [];
    await Promise.all(
      workers.map(async ({ shadow }) => {
        for (let text = queue.pop(); text !== undefined; text = queue.pop()) {
          const job = JSON.parse(text) as ShadowJob;
          reports.push(JSON.stringify(await shadow.take(job)));
          // A queue that delivers at least once delivers some twice.
          if (Number(job.input) % 10 === 0) reports.push(JSON.stringify(await shadow.take(job)));
        }
      }),
    );
    for (const report of reports) web.shadow.report(JSON.parse(report));
    expect(web.shadow.status()).toMatchObject({ compared: 90, dropped: { repeated: 9 } });
    expect(web.shadow.verdict()).toEqual(alone.shadow.verdict());
    expect(web.shadow.verdict().verdict).toBe("fail");
    const { durationMs: _, ...found } = web.shadow.evidence().divergence;
    expect(alone.shadow.evidence().divergence).toMatchObject(found);
  });

  it("a worker waits under pressure, as long as the job is good, and begins nothing meanwhile [SHADOW-SHEDS]", async () => {
    const { jobs, web } = crossing();
    for (let n = 0; n < 2; n += 1) await web.shadow.run(n);
    await web.settle();
    const [first, second] = jobs.map((text) => JSON.parse(text) as ShadowJob) as [ShadowJob, ShadowJob];
    const clock = createFakeClock();
    const pressure = createPressureGauge({ clock, pauseMs: 5_000, maxPauseMs: 3_600_000 });
    let ran = 0;
    const counted: Run = () => {
      ran += 1;
      return "same";
    };
    const { shadow } = createWorld(counted, counted, { clock, pressure });
    pressure.refused();
    const taken = shadow.take(first);
    await clock.advance(4_999);
    expect(ran).toBe(0);
    await clock.advance(1);
    expect(await taken).toMatchObject({ job: first.id });
    // Green, and blue again.
    expect(ran).toBe(2);
    pressure.refused(3_600_000);
    const late = shadow.take(second);
    await clock.advance(600_000);
    expect(await late).toBeNull();
    expect(ran).toBe(2);
    expect(shadow.status().dropped).toEqual({ expired: 1 });
  });

  it("a queue that fails is counted", async () => {
    const { shadow, settle } = createWorld(say("x"), say("x"), {
      queue: { send: () => Promise.reject(new Error("down")) },
    });
    await shadow.run(1);
    await settle();
    expect(shadow.status().dropped).toEqual({ "send-failed": 1 });
  });
});
