import type { Session } from "../../open/session.ts";
import { ago } from "../../terminal/time.ts";
import { type Finding, finding } from "./finding.ts";

/** Whether the record of moves is whole. */
export async function audit(session: Session): Promise<Finding[]> {
  const check = await (await session.verdigris()).verifyAudit();
  if (!check.ok) return [finding("audit", "problem", check.message)];
  const holes =
    check.holes.length === 0 ? "" : `, with ${check.holes.length} holes where the store went backwards`;
  const text = `${check.entries === 1 ? "1 entry" : `${check.entries} entries`}, the chain holds${holes}`;
  return [finding("audit", check.holes.length === 0 ? "ok" : "warning", text)];
}

/** The way back, the driver, and what the release warns of. */
export async function releases(session: Session): Promise<Finding[]> {
  const { warnings, target, release, driver } = await (await session.onCall()).status();
  const idle = release === null || release.outcome !== null;
  const seen = driver.seenAgoMs === null ? "never" : ago(0, driver.seenAgoMs);
  // That a release misses its driver is one of the warnings.
  const driven = finding(
    "driver",
    "ok",
    idle ? `no release needs one; last seen ${seen}` : `${driver.id ?? "nobody"} drives, seen ${seen}`,
  );
  const states = { ok: "ok", failed: "problem", stale: "warning", unknown: "warning" } as const;
  const back =
    target === null
      ? finding("way back", "warning", "there is nothing to go back to")
      : finding("way back", states[target.health], target.text);
  const missed = warnings.some((warning) => warning.startsWith("no driver"));
  return [
    back,
    ...(missed ? [] : [driven]),
    ...warnings.map((warning) => finding("release", "warning", warning)),
  ];
}
