import { aBundle } from "../../builders.ts";
import { begin, facts, failsWith, flipTo, same, type VerdigrisCheck } from "./subject.ts";

/** What moves of the route do to runs. */
export const moveChecks: readonly VerdigrisCheck[] = [
  {
    name: "a flip sends new runs to the new bundle, a rollback sends them back, two generations on [I9]",
    async run({ verdigris }) {
      const before = await verdigris.status();
      await flipTo(verdigris, "green");
      same("a run after the flip", (await begin(verdigris)).bundle.id, "green");
      same("the rollback", (await verdigris.rollback()).outcome, "moved");
      same("a run after the rollback", (await begin(verdigris)).bundle.id, "blue");
      same("the generation", (await verdigris.status()).generation, before.generation + 2);
      same("a second rollback", (await verdigris.rollback()).outcome, "unchanged");
    },
  },
  {
    name: "a flip that was decided on an old route is a conflict that carries the current one [I3]",
    async run({ verdigris }) {
      const old = await facts(verdigris);
      await flipTo(verdigris, "green");
      const { current } = await failsWith("route-conflict", () => verdigris.flip({ to: "amber", ...old }));
      same("the current route", (current as { live?: unknown }).live, "green");
    },
  },
  {
    name: "the same request twice is one move [I11]",
    async run({ verdigris }) {
      const request = { to: "green", requestId: "once", ...(await facts(verdigris)) };
      const first = await verdigris.flip(request);
      const second = await verdigris.flip(request);
      same("the second answer", [second.outcome, second.generation], ["duplicate", first.generation]);
    },
  },
  {
    name: "a hold refuses every way forward and no way back [ROUTE-HOLD]",
    async run({ verdigris }) {
      await flipTo(verdigris, "green");
      await verdigris.hold({ reason: "wait", actor: "ana" });
      const now = await facts(verdigris);
      await failsWith("route-held", () => verdigris.settle(now));
      same("the rollback", (await verdigris.rollback()).outcome, "moved");
    },
  },
  {
    name: "a way forward needs a reason and an expectation, and a bundle that is registered",
    async run({ verdigris }) {
      const now = await facts(verdigris);
      await failsWith("invalid-argument", () => verdigris.flip({ to: "green", ...now, reason: " " }));
      await failsWith("invalid-argument", () => verdigris.flip({ to: "green", reason: "x" } as never));
      await failsWith("bundle-unknown", () => verdigris.flip({ to: "unheard-of", ...now }));
      const { outcome, unevidenced } = await verdigris.stage({ bundle: "green", ...now });
      same("the receipt", [outcome, unevidenced], ["moved", true]);
    },
  },
  {
    name: "a canary goes to the candidate by key and is counted as one [I13]",
    async run({ verdigris }) {
      await verdigris.stage({ bundle: "green", ...(await facts(verdigris)) });
      await verdigris.setCanary({ percent: 0, include: { keys: ["user-1"] }, ...(await facts(verdigris)) });
      const [one, two] = [
        await begin(verdigris, { key: "user-1" }),
        await begin(verdigris, { key: "user-2" }),
      ];
      same("the chosen one", [one.bundle.id, one.scope.class], ["green", "canary"]);
      same("another", [two.bundle.id, two.scope.class], ["blue", "live"]);
    },
  },
  {
    name: "one id means one content [BUNDLE-ONE-ID]",
    async run({ verdigris }) {
      same("the first time", await verdigris.register(aBundle("new")), { registered: true });
      same("the second time", await verdigris.register(aBundle("new")), { registered: false });
      await failsWith("bundle-id-taken", () => verdigris.register(aBundle("new", { prompts: {} })));
    },
  },
  {
    name: "a bundle is recycled once no run is left, and not before [I6]",
    async run({ verdigris }) {
      const run = await begin(verdigris);
      await flipTo(verdigris, "green");
      await verdigris.settle(await facts(verdigris));
      same("the status", (await verdigris.drainReport("blue")).status, "draining");
      const early = await verdigris.recycle("blue", { reason: "over" });
      same("the early attempt", early.recycled, false);
      await run.finish({ outcome: "completed" });
      same("the check", await verdigris.canRecycle("blue"), { ok: true, blockers: [] });
      same("the attempt", (await verdigris.recycle("blue", { reason: "over" })).recycled, true);
      same("the status afterwards", (await verdigris.drainReport("blue")).status, "recycled");
    },
  },
  {
    name: "once a flip has resolved, no process starts a run on the old bundle [I4]",
    needsPeer: true,
    async run({ verdigris, peer }) {
      await begin(peer);
      await flipTo(verdigris, "green");
      same("the other process's run", (await begin(peer)).bundle.id, "green");
    },
  },
  {
    name: "a run goes on in another process, on its bundle [RUN-OWNERSHIP]",
    needsPeer: true,
    async run({ verdigris, peer }) {
      const run = await begin(verdigris);
      await flipTo(verdigris, "green");
      const resumed = await peer.resume(run.token ?? "");
      same("its bundle", await resumed.step("on", ({ pipeline }) => pipeline.of), "blue");
      same("the older owner's finish", await run.finish({ outcome: "completed" }), "superseded");
    },
  },
];
