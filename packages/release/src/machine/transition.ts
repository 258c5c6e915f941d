import type { ReleaseRecord } from "@verdigris/contracts";
import { advance } from "./advance.ts";
import type { AskedEvent, ReleaseEvent, SeenEvent, Transition } from "./events.ts";
import { protect } from "./protect.ts";
import { type Refused, takeAsked } from "./take-asked.ts";
import { takeSeen } from "./take-seen.ts";

const asked: Readonly<Record<AskedEvent["type"], true>> = {
  approve: true,
  hold: true,
  resume: true,
  abort: true,
  retry: true,
  skip: true,
  "rolled-back": true,
  "taken-over": true,
};

function isAsked(event: AskedEvent | SeenEvent): event is AskedEvent {
  return Object.hasOwn(asked, event.type);
}

function take(release: ReleaseRecord, event: ReleaseEvent): ReleaseRecord | Refused {
  const { at, actor } = event;
  return isAsked(event) ? takeAsked(release, { ...event, at, actor }) : takeSeen(release, event);
}

/**
 * What an event makes of a release: write the fact down, make it safe, then go as far forward as verdicts allow. Pure: the
 * same record and event always give the same answer, so whoever finds a record can go on with it. Facts that are stale or
 * known change nothing.
 */
export function transition(release: ReleaseRecord, event: ReleaseEvent): Transition {
  const taken = take(release, event);
  if ("refusal" in taken) return { kind: "refused", ...taken };
  const next = advance(protect(taken, event.at), event.at);
  if (next === release) return { kind: "unchanged" };
  const known = new Set(release.outbox.map(({ key }) => key));
  const effects = next.outbox.filter(({ key }) => !known.has(key));
  return { kind: "moved", record: { ...next, seq: release.seq + 1 }, effects };
}
