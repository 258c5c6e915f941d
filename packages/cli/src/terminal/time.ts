import { spanText } from "@verdigris/release/on-call";

/** How long ago, for people. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  return ms < 1_000 ? "now" : `${spanText(ms)} ago`;
}

/** How long until, for people; `over` once it has passed. */
export function until(at: number, now: number): string {
  return at <= now ? "over" : `in ${spanText(at - now)}`;
}

/** A moment, in UTC. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
