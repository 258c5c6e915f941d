/** What Verdigris promises. Each id is cited by at least one test; see `test/requirements.test.ts`. */
export const requirements: Readonly<Record<string, string>> = {
  I1: "Pin purity: between two migrations every step of a run has one bundle, and every piece comes from its manifest.",
  I2: "Fenced ownership: once another owner has a run, the older handle's finish and fence fail.",
  I3: "Moves with `expect` form one order: of any that name the same generation exactly one wins.",
  I4: "No stale start: once a flip has resolved, no process can start a root run on the old bundle, however stale its cache.",
  I5: "Monotone apply: the route in force in a process never goes back, whatever hints and replies arrive.",
  I6: "Recycle safety: no bundle is recycled while an accepted, unfinished, unexpired run is pinned to it, and a sealed one takes no pins.",
  I7: "Recycle liveness: without new flips every bundle off the route can be recycled once its bound has passed, even if every process died.",
  I8: "Max age: no step starts after its run's deadline, and no extension passes acceptance + maxAgeMs.",
  I9: "Reversibility: flip then rollback restores where new runs go, two generations on, and clears candidate, canary and holdback.",
  I10: "Crash safety: a release killed between any two writes goes on where it stopped, and a rollback repeated finishes what was left.",
  I11: "Exactly once: a move or a start whose reply was lost happens once, and its retry gets the first answer.",
  I12: "State isolation: what a bundle writes to the agent's memory is seen by its own lineage only; after a rollback, reads are blue's own lineage.",
  I13: "Sticky shares: a key keeps its side while a percentage grows; salts are independent; shares are true to their percentage.",
  I14: "Child rule: a child runs on its parent's bundle unless it names another, and ends no later than its parent.",
  I15: "Drain truth: the status of a bundle is one of a closed set, and `unknown` is never treated as drained.",
  "STORE-ATOMIC": "A commit happens as a whole or not at all, and says which op stood in the way.",
  "STORE-REV": "A revision is never issued twice for a key, not even after a delete, a restart or a crash.",
  "STORE-TIME": "Store time rides on every reply and does not go back.",
  "STORE-LIST":
    "A listing is in byte order, starts strictly after `after`, and holds everything committed before it began.",
  "STORE-WATCH": "Watching begins with `resync`; hints may drop, repeat and reorder without harm.",
  "STORE-LIMITS": "Commits, keys, values and pages beyond the limits are refused before anything is written.",
  "STORE-BOUNDED": "A store that cannot answer says so in bounded time, without holding up the process.",
  "STORE-KILL9": "An acknowledged commit survives the death of its process at any moment.",
  "STORE-LATE":
    "A commit that was reported as failed does not happen afterwards, and none is reported as a conflict with itself.",
  "STORE-RISKS":
    "A server that can lose an acknowledged commit is refused, or taken with a warning where that risk was accepted.",
  "STORE-FULL": "A full server refuses new runs as a whole, and lets flips, rollbacks and finishes through.",
  "FORMAT-UNKNOWN-FIELDS": "Fields a release does not know survive its rewrites.",
  "FORMAT-TOO-NEW":
    "A record of a later major is refused with `record-too-new`, never guessed at and never damaged.",
  "FORMAT-RAISED":
    "Records are written in a later format only after a raise, which names the nodes it would shut out and does not shut them out unforced.",
  "BUNDLE-DIGEST":
    "One digest per content: SHA-256 over canonical JSON (RFC 8785), whatever order or form it was written in.",
  "BUNDLE-FLOATING": "Nothing that moves under a fixed name is part of a bundle unless it is listed.",
  "BUNDLE-HOSTILE": "A hostile manifest gets a clear error and does no harm.",
  "BUNDLE-FROZEN": "A bundle cannot be changed.",
  "BUNDLE-ONE-ID": "One id, one digest: registering a known id with another content is refused.",
  "BUNDLE-DIFF": "The difference of two bundles is named by piece and entry, for programs and for people.",
  "BUNDLE-INDEX-IDENTITY": "One index version has one content and one embedding model across bundles.",
  "CONTENT-CHECKED": "A text reaches a pipeline only when it is the one its bundle was made with.",
  "STATE-RESUMABLE":
    "A promotion, a rollback, a clean-up or an erasure killed at any write is finished by whoever resumes it, as if it had not been.",
  "STATE-ERASE":
    "An erasure reaches every layer of the memory, parked ones included, and no fold-down or cherry-pick undoes it.",
  "STATE-SCHEMA":
    "A switch, a rollback or a copy that leaves a bundle with memory it cannot read is refused beforehand.",
  "SHADOW-UNSEEN":
    "A user gets blue's answer or blue's error and waits for nothing else, whatever a shadow run, a hook, a comparator or a queue does.",
  "SHADOW-SANDBOX":
    "A tool that is not declared pure is never called by a shadow run: it is answered from the live run's recording, or refused.",
  "SHADOW-BOUNDED": "Shadow runs and what waits for them are bounded, and what is dropped is counted.",
  "SHADOW-BUDGET":
    "Shadow runs have an account of their own: none is begun that would not fit, and spend that is not known counts as too much.",
  "SHADOW-SHEDS": "When a provider pushes back anywhere, shadow runs are the first to stop.",
  "SHADOW-QUEUE":
    "A job may be run and reported by another process; each is counted once, and foreign or late ones not at all.",
  "SHADOW-NOISE": "Divergence is what lies beyond how far each bundle differs from itself.",
  "SHADOW-MERGE": "Shadow evidence of several processes is the same bits in whatever order it is merged.",
  "SHADOW-VERDICT":
    "Shadow traffic passes or fails on evidence alone; too little of it is inconclusive and says what it would take.",
  "SHADOW-FIDELITY":
    "Every comparison says how the tools of its shadow runs were answered, and where the runs parted.",
  "SHADOW-PRIVATE":
    "Content of shadow traffic is kept only where asked for, redacted, for its time, and gone when its subject asks.",
  "SHADOW-MEMORY": "What a shadow, eval, smoke or drill run writes to the memory is thrown away.",
  "CONTENT-KEPT":
    "A clean-up never takes contents that an unrecycled bundle needs, whatever is registered meanwhile.",
  "EVAL-IDENTITY":
    "A case of an eval set is known by its author's id and a digest of its content; adding cases changes no other case.",
  "EVAL-RESULTS":
    "Results of any runner are read from one documented form in memory that grows with the scores, and a score is never made up.",
  "EVAL-COMPARABLE":
    "A changed or removed case, another scorer or another judge makes results incomparable, by name; an added case does not.",
  "EVAL-ERROR-NOT-ZERO": "What could not be measured is an error on its line, never a score of 0.",
  "EVAL-REPEATS": "Every repeat is handed a nonce of its own, so that no cache can answer for it.",
  "EVAL-RETRY": "Infrastructure errors and time-outs alone are tried again, with growing delays.",
  "EVAL-BOUND": "No more cases are under way than asked for, targets that were told to stop included.",
  "EVAL-ABORT":
    "A stopped run starts nothing more, waits for what runs in bounded time, and keeps what was done.",
  "EVAL-RESUME": "A run killed at any byte goes on where it stopped and does no finished work twice.",
  "EVAL-OUTPUTS":
    "Answers are kept only where asked for, redacted before they are written, and gone after their time.",
  "EVAL-SCORER-IDENTITY": "A setting that changes scores changes the identity of its scorer.",
  "DETECT-ALARM":
    "An alarm needs evidence beyond chance, the rule's own limit on its window, and enough runs of both bundles.",
  "DETECT-EXACT": "Evidence of an unchanged bundle is worth 1 on average, or less, whatever its values.",
  "DETECT-MERGE":
    "Evidence is the same to the last bit in whatever order, and by however many processes, its runs were counted.",
  "DETECT-REPLAY": "Signals depend on cohorts and time alone: a replay says what was said.",
  "DETECT-COHORT":
    "Arms are cohorts by start: a bundle does not look quick because its slow runs hang or have not ended.",
  "DETECT-PRODUCTION": "Only live and canary runs on their first bundle enter the windows.",
  "DETECT-BASELINE":
    "A signal names its baseline, and watches where that is not comparable; arms of any share can be told apart.",
  "DETECT-SPEND":
    "What failed runs spent is in the cost of those that completed, and a cost that is not known is never 0.",
  "DETECT-FLUSH":
    "What a process has counted is written under keys of its own, and counts once, whatever is lost, repeated or late.",
  "DETECT-WIRING":
    "Runs, hung ones included, reach the detectors by the events of their process, and signals are told and asked for.",
  "DRIFT-DECLARED":
    "What a tool declares is compared by digest with its bundle's, and a change is breaking, additive or cosmetic by path.",
  "DRIFT-OBSERVED": "What tools answer is compared by shape, beyond chance, and no value is kept.",
  "DRIFT-MODEL": "The model that served a call is compared with those the bundle pins, on every call.",
  "LIVE-SCORES":
    "Scorers and people judge live runs off the user's path, on the bundle each run was pinned to.",
  "JUDGE-CARD":
    "A judge's card is computed from people's labels: kappa with its interval, sensitivity, specificity.",
  "JUDGE-PAIRS":
    "Pairs are judged in both orders and without names: preferring a place wins nothing for either side.",
  "FEEDBACK-BLIND": "People judge answers without being told whose they are.",
  "REPORT-HOSTILE":
    "No name or text from outside adds an element, a line, a cell, a link or a mention to a report.",
  "REPORT-JUNIT": "A JUnit file is red exactly when the gate did not pass.",
  "GATE-THREE-WAYS":
    "A gate passes, fails or cannot tell, each on the evidence of bounds, with an exit code of its own.",
  "GATE-TEACHES":
    "What is not decided says which margin the set can confirm, and the price of each way to a decision.",
  "GATE-SLICES":
    "A better average does not carry a slice that got worse: critical slices have margins of their own, all others are screened.",
  "GATE-MUST-PASS": "A case that must pass passes in every repeat, or the gate fails.",
  "GATE-COVERAGE":
    "A set that does not represent production fails the gate or is weighted to production, and the slices to fill are named with numbers.",
  "GATE-RARE-EVENTS":
    "Events that must hardly ever happen are held under an absolute ceiling by an exact bound that says how many cases it needs.",
  "GATE-HELD-OUT": "A case that stands in a bundle's prompts is named and left out.",
  "GATE-QUALITY-AXIS":
    "A verdict says who looks for what exact checks miss, refuses a judge that agrees with people too little, and scales its margin.",
  "GATE-NOISE": "Beside every verdict stands how far the baseline lies from itself.",
  "GATE-LOOKS":
    "A second look is planned before the first, spends its part of the error, adds to its cases and scores and changes none, and both are on record.",
  "GATE-EVIDENCE":
    "Evidence is one digested record, accepted elsewhere only for the same bundles, set and policy, while it is young enough.",
  "GATE-BAD-INPUT":
    "Data that cannot be judged gives a code or a verdict of its own, never a pass and never a crash.",
  "GATE-POLICY-FIRST":
    "What a gate asks for is one digested policy, agreed before results exist; the verdict names it.",
  "AUTHORITY-CLOSED": "Every verb is asked for; what is not a yes in time refuses, and nothing is changed.",
  "AUTHORITY-RECORDED":
    "Who acted is on record, marked where nobody but the caller says so; refusals are on record apart, at a bounded rate.",
  "ROUTE-HOLD": "A hold refuses every forward move, and no move towards safety.",
  "ROUTE-EXPECT":
    "A forward move names the generation it was decided on; a conflict carries the current route.",
  "ROUTE-AUDIT": "Every move writes who, why, from and to in its own commit, chained by digest.",
  "ROUTE-SAFE-DIRECTION": "Going back is always open; a machine cannot release what a person holds.",
  "ROUTE-REGRESSED": "A store that lost acknowledged writes is noticed and not obeyed.",
  "ROUTE-REANCHOR":
    "After a store went backwards a person decides, once, which bundle is live; every process that knows no more follows, and the audit says what is missing.",
  "ROUTE-PROPAGATED":
    "Every move says when each process has applied it, in bounded time, and names those that have not.",
  "ROUTE-SERVED": "No flip sends new runs to a bundle that no live process serves.",
  "SWITCH-CHANGE":
    "A change of a flag or file is a request to flip under the usual rules, made once by whichever process sees it first.",
  "SWITCH-OLD-VALUE":
    "An old value read again undoes nothing, and a source that disagrees with the route is shown.",
  "NODE-RECORD": "Every watching process is on record with what it serves, and gone from it when it stops.",
  "NODE-SURROUNDINGS":
    "A process is on record with its runtime, region and OpenTelemetry, and of the settings it names with a digest, never a value.",
  "NODE-FAIL-CLOSED":
    "A process that cannot hear of moves refuses new runs, lets runs in flight go on, and recovers by itself.",
  "NODE-OPTIONAL": "A process without watcher and node record is kept right by the fence alone.",
  "RUN-PIN-AT-ACCEPT": "A run is on record before its start resolves, queued and paused work included.",
  "RUN-CLAIM": "Work delivered twice under one id gets its first run back, whatever the route says now.",
  "RUN-PLACEMENT":
    "A start never falls back to another bundle; what is not served here is handed on or expires.",
  "RUN-STEP-LOCAL": "A step makes no store call and awaits nothing before the user's function.",
  "RUN-NO-SCOPE": "Without a scope there is an error, never a default.",
  "RUN-OWNERSHIP": "One owner at a time: resume takes over, attach only looks in, park lets go.",
  "RUN-FINISH": "A failed finish never replaces the user's result.",
  "RUN-PREVIEW":
    "A named start is a preview on a bundle of the route, and goes on record without filling the store.",
  "RUN-ROLLBACK-POLICY":
    "Runs left on a rolled-back bundle finish, migrate or are cancelled, as the stored policy says.",
  "SDK-TAG-ONLY": "Without a store runs are tagged and nothing is written.",
  "SDK-LOAD-ONCE":
    "A bundle is loaded once per process, concurrent requests share the load, a failure is reported and tried again.",
  "SDK-UNLOAD":
    "A pipeline is unloaded when its last run and step here have ended and its bundle is off the route.",
  "SDK-INSTRUMENT-SAFE": "An instrument can neither change a result nor fail a run.",
  I16: "No silence: a release always says what it waits for, and a hold, a missed driver or a gate nobody has is shown.",
  "RELEASE-EVIDENCE":
    "A release goes forward on passes with evidence and clear signals, or past what a person gave a reason to pass over.",
  "RELEASE-SAFE-DIRECTION":
    "A machine stops, holds, freezes or goes back; held or ended, a release makes no move forward.",
  "RELEASE-SCENARIOS":
    "The traps and complaints of release systems are asserted the other way round, each with its source.",
  "RELEASE-WHOLE": "A release goes through every phase on passes alone, and a person need not look at it.",
  "SDK-INSTRUMENT-IDLE":
    "An instrument that says it is idle costs a step one question; several stand inside one another.",
  "SDK-INSTRUMENT-CONNECT":
    "An instrument is given its process once, and what it began is waited for, in bounded time, when that closes.",
  "RUN-TOLD-ONCE":
    "A run that a process began or took up is told to have ended there exactly once: finished or released.",
  "RUN-END-ONCE":
    "The end of a run is counted exactly once, as a finish or as swept, whatever replies of either were lost.",
  "TELEMETRY-NAMES":
    "Every foreign name this project writes stands in OpenTelemetry's registries and has not been superseded.",
  "TELEMETRY-STAMP":
    "Every span and log inside a run carries its bundle and run id, whoever makes it, on SDK 1.x, 2.x and 3.x.",
  "TELEMETRY-SPANS":
    "A run is a span with its steps below it, from its start here to its end here, wherever it goes on.",
  "TELEMETRY-ROUTING":
    "Why a run is on its bundle is a `feature_flag.evaluation` event, without the key that decided.",
  "TELEMETRY-METRICS": "Metrics carry bundle id and role at record time, and never a run id.",
  "TELEMETRY-SCORES": "A score is told as `gen_ai.evaluation.result` under the bundle that earned it.",
  "TELEMETRY-CONTENT": "What users and models said is in no span, event or metric unless it is opted in.",
  "TELEMETRY-PROPAGATION":
    "What leaves with a request and what is believed of one is on a list; a key, a label or a token never leaves by itself.",
  "TELEMETRY-LOG-FIELDS": "One function gives any logger fields with the bundle id beside the run id.",
  "TELEMETRY-PIECES": "A span about a piece of a bundle carries the version of that piece.",
  "TELEMETRY-SELF-CHECK":
    "Where nothing would reach the host's providers, the host is told, once and as an event.",
  "TELEMETRY-QUIET": "Telemetry that fails neither throws nor fails a run.",
  "TELEMETRY-IDLE": "While no provider is registered, nothing of OpenTelemetry is called.",
  "USAGE-RECORD":
    "Every model call is on record with bundle, run, step, model, tokens, price and class, batched per node within bounds.",
  "USAGE-ONCE": "What was noted is in the ledger exactly once, whatever replies were lost.",
  "USAGE-BOUNDED":
    "Records beyond a bound are dropped, told of and owned up to in the ledger, and hold up nothing.",
  "USAGE-FORGET":
    "What is old can be deleted from the ledger to the minute, and nothing younger goes with it.",
  "USAGE-ERASE":
    "A subject leaves the labels of the ledger with an erasure, and every bill stays what it was.",
  "COSTS-APART":
    "A bill is by the bundle that made each call, with production, shadow, eval and preview apart.",
  "COSTS-UNPRICED": "Calls without a price are listed and never counted as 0.",
  "COSTS-EXACT": "The sums of a bill equal the ledger to the last digit.",
  "BLAME-BUNDLE":
    "Every bundle's pass rates, p95, cost for each completed run and errors stand beside what changed in it.",
  "BLAME-SQL": "One query over the PostgreSQL or SQLite store answers as the function does.",
  "PIECE-DRIFT":
    "A prompt, index or tool that is not what its bundle says is named, once, and what could not be looked at is no drift.",
  "RELEASE-PLAN":
    "A plan is checked when it is read: unknown names, no durations and contradictions are refused, all of them at once.",
  "RELEASE-EXPLAIN":
    "Before it starts, a plan says which phase cannot conclude at the measured rate of runs, and what would.",
  "RELEASE-DETECTORS":
    "A plan obeys real detectors wherever its bundle has traffic, gates and holds included; without runs it never goes forward.",
  "RELEASE-START":
    "A start is made once under its id, on a registered bundle that may go live, with a reason.",
  "RELEASE-TAKE-OVER":
    "A release takes over from another only by handing over, superseding or in an emergency, each by name.",
  "RELEASE-DENIED":
    "A bundle that was rolled back goes live again only after somebody lifted it, and pipelines can ask.",
  "RELEASE-DRILL":
    "A drill is the real thing, timed, stored, over its budget a failure, and ends where it began.",
  "RELEASE-CAP": "Bundles that cannot be recycled are warned of early and stop new releases at a cap.",
  "RELEASE-GATES":
    "Gates are asked under ids of their own, again when they cannot measure, and stopped when nobody waits for them.",
  "RELEASE-HOOKS":
    "Hooks fail closed and in bounded time, under keys of their own; nobody's deafness to a notice stops a release.",
  "RELEASE-DRAIN":
    "Under the strategy drain a release waits for blue's last run, or for the bound after which none can be left.",
  "RELEASE-HISTORY": "Every transition is on record, chained by digest, and evidence is kept under its own.",
  "RELEASE-WAIT":
    "Waiting for a phase ends when it is reached, cannot be reached any more, or was called off.",
  "RELEASE-AUTHORITY": "Every verb of a release is asked for and refused closed, and refusals are on record.",
  "ROLLBACK-ALONE":
    "A rollback is one commit, needs nothing but the store, and can be repeated to finish what was left.",
  "ROLLBACK-TARGET":
    "A rollback judges where it goes by the last check on record, and is refused, frozen or forced, never blind.",
  "ROLLBACK-IMPACT": "A rollback lists whom the bad bundle has touched and tells when its last run is gone.",
  "STATISTICS-VECTORS":
    "Every statistical function agrees with outside numbers to their tolerance, and what is not computed is named.",
  "ROUTE-LINEARIZABLE":
    "Flips, rollbacks, starts and reads of any number of processes have one order that explains every answer.",
  "TESTING-FAKES": "The fakes pass the conformance suites of the real things.",
  "HOUSE-TIERS": "A package imports only from lower tiers.",
  "HOUSE-SURFACE": "The public names of every package are frozen by a test.",
  "HOUSE-README": "Every README begins with a program that runs.",
  "HOUSE-NEUTRAL": "Main entries reach nothing of Node.",
  "IMPORT-LIGHT": "Importing the main entries loads few modules and no schema library.",
  "CLI-ON-CALL":
    "Status, rollback, hold and history need nothing but the store's address and the agent's name.",
  "CLI-JSON": "Every command says as data what it says as text.",
  "CLI-CONFIRM":
    "What goes forward by hand or ends something needs a yes, from a person or from --yes; going back needs none.",
  "CLI-EXIT": "Exit codes are documented and the same for every command.",
  "CLI-CONFIG": "Options win over the config file, which wins over the environment.",
  "CLI-AGENT":
    "A mistyped agent is an error that names the nearest one, and never looks like one that has done nothing.",
  "CLI-DENY":
    "Deploy pipelines are told by an exit code whether a bundle may go live; people put one on the list and take it off.",
  "CLI-HELP": "Every command has help with examples that it understands, and stands in the README.",
  "CLI-PROGRESS": "Long work shows a bar to whoever watches a terminal, and to nobody else.",
  "CLI-DRILL": "A drill from the command line brings the route back before it ends.",
  "CLI-DOCTOR":
    "Doctor names what processes have different from each other beside the bundle, and what is wrong with config and telemetry.",
  "CLI-SECRETS": "Nothing the command line says holds the password of a store.",
  "CLI-LIGHT":
    "A rollback from the command line loads no gate, no reader of files and no other store's client.",
  "CLI-SAFE-TEXT": "Text from the store cannot change what a terminal shows beside it.",
};
