import { begin, failsWith, flipTo, same, type VerdigrisCheck } from "./subject.ts";

/** What runs do. */
export const runChecks: readonly VerdigrisCheck[] = [
  {
    name: "a run is pinned before it is started, and its finish takes the pin back [RUN-PIN-AT-ACCEPT]",
    async run({ verdigris }) {
      const run = await begin(verdigris, { key: "user-1", labels: { tenant: "acme" } });
      const listed = await verdigris.inFlight({ bundle: "blue" });
      same(
        "the runs in flight",
        listed.runs.map((item) => [item.run, item.key, item.labels.tenant]),
        [[run.id, "user-1", "acme"]],
      );
      same("the finish", await run.finish({ outcome: "completed" }), "finished");
      same("the runs left", (await verdigris.inFlight({ bundle: "blue" })).runs, []);
    },
  },
  {
    name: "a step is given the whole bundle at once, and keeps it across a flip [I1]",
    async run({ verdigris }) {
      const run = await begin(verdigris);
      await flipTo(verdigris, "green");
      let called = false;
      const step = run.step("plan", ({ bundle, pipeline, scope }) => {
        called = true;
        return [bundle.id, bundle.prompts.system?.version, pipeline.of, scope.bundle, scope.step];
      });
      same("that the function was called before step returned", called, true);
      same("the step's bundle", await step, ["blue", "blue", "blue", "blue", "plan"]);
    },
  },
  {
    name: "what the function of run() does is the outcome, and the run is over afterwards [RUN-FINISH]",
    async run({ verdigris }) {
      same("the value", await verdigris.run({}, (run) => run.step("a", () => 7)), 7);
      const error = Object.assign(new Error("the caller's own"), { code: "mine" });
      const failing = () => Promise.reject(error);
      await failsWith("mine", () => verdigris.run({}, failing));
      same("the runs left", (await verdigris.inFlight({ bundle: "blue" })).runs, []);
    },
  },
  {
    name: "a start with an id gets the first run back, also after a flip [RUN-CLAIM]",
    async run({ verdigris }) {
      const first = await begin(verdigris, { id: "job-1" });
      await flipTo(verdigris, "green");
      const second = await begin(verdigris, { id: "job-1" });
      same("the run", [second.id, second.bundle.id], [first.id, "blue"]);
      same("the first owner's finish", await first.finish({ outcome: "completed" }), "superseded");
      same("the second owner's finish", await second.finish({ outcome: "completed" }), "finished");
    },
  },
  {
    name: "a token takes a run over, once [RUN-OWNERSHIP]",
    async run({ verdigris }) {
      const run = await begin(verdigris);
      const token = run.token ?? "";
      const resumed = await verdigris.resume(token);
      same("the older owner's finish", await run.finish({ outcome: "completed" }), "superseded");
      await failsWith("run-superseded", () => verdigris.resume(token));
      const attached = await verdigris.attach(resumed.token ?? "");
      same("the attached run's step", await attached.step("look", ({ pipeline }) => pipeline.of), "blue");
      await failsWith("not-owner", () => attached.finish({ outcome: "completed" }));
    },
  },
  {
    name: "no step starts after the deadline, and the pin stops counting [I8]",
    async run({ verdigris, advance }) {
      const run = await begin(verdigris, { maxAgeMs: 60_000 });
      const { signal } = run;
      await advance(59_000);
      same("the step before the deadline", await run.step("a", () => "on"), "on");
      await advance(5_000);
      await failsWith("run-expired", () => run.step("b", () => "late"));
      same("the signal", signal.aborted, true);
      same("the finish", await run.finish({ outcome: "completed" }), "expired");
      same("the runs that count", (await verdigris.drainReport("blue")).inFlight?.count, 0);
      same("the pins swept", await verdigris.sweep(), 1);
    },
  },
  {
    name: "a named start is a preview, on the route only [RUN-PREVIEW]",
    async run({ verdigris }) {
      same("the class", (await begin(verdigris, { bundle: "blue" })).scope.class, "preview");
      await failsWith("bundle-not-on-route", () => verdigris.start({ bundle: "green" }));
      await failsWith("invalid-argument", () => verdigris.start({ class: "live" as never }));
    },
  },
  {
    name: "a child stays with its parent [I14]",
    async run({ verdigris }) {
      const parent = await begin(verdigris, { maxAgeMs: 60_000 });
      await flipTo(verdigris, "green");
      const child = await begin(verdigris, { parent });
      same("the child", [child.bundle.id, child.deadline], ["blue", parent.deadline]);
      same("a run without a parent", (await begin(verdigris)).bundle.id, "green");
    },
  },
  {
    name: "there is no scope outside of a run [RUN-NO-SCOPE]",
    async run({ verdigris }) {
      await failsWith("no-scope", () => verdigris.current());
    },
  },
  {
    name: "everything is refused once it is closed, and closing twice is harmless",
    async run({ verdigris }) {
      const run = await begin(verdigris);
      await verdigris.close();
      await verdigris.close();
      await failsWith("closed", () => verdigris.start());
      await failsWith("closed", () => verdigris.status());
      await failsWith("closed", () => verdigris.rollback());
      await failsWith("run-superseded", () => run.step("a", () => 1));
    },
  },
];
