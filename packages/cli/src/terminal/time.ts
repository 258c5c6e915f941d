import { durationText } from "@verdigris/release";

/** How long ago, for people. */
export function ago(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  return ms < 1_000 ? "now" : `${durationText(roughly(ms))} ago`;
}

/** How long until, for people; `over` once it has passed. */
export function until(at: number, now: number): string {
  return at <= now ? "over" : `in ${durationText(roughly(at - now))}`;
}

/** Two units at most: nobody decides by the seconds of a day. */
function roughly(ms: number): number {
  const steps = [86_400_000, 3_600_000, 60_000, 1_000];
  const unit = steps.find((step) => ms >= step * 10) ?? 1_000;
  return Math.floor(ms / unit) * unit;
}

/** A moment, in UTC. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
