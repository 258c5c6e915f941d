import type { Session } from "../../open/session.ts";
import { type Finding, finding } from "./finding.ts";

const farOffMs = 2_000;

/** This machine's clock against the store's, whose time decides. */
export async function clock({ store, io }: Session): Promise<Finding[]> {
  const before = io.now();
  const { at } = await store.get([]);
  const roundTrip = io.now() - before;
  const off = Math.round(at - (before + roundTrip / 2));
  const text = `this machine and the store differ by ${off} ms; a question takes ${roundTrip} ms`;
  return [
    Math.abs(off) > farOffMs
      ? finding("clock", "warning", `${text}: deadlines go by the store's, logs by this one`)
      : finding("clock", "ok", text),
  ];
}

/** Whether what the store acknowledges is there after a crash, and for whom. */
export async function durability(session: Session): Promise<Finding[]> {
  const settings = await session.settings();
  const { durableAck, crossProcess } = session.store.capabilities;
  return [
    durableAck
      ? finding("durability", "ok", "an acknowledged flip survives a crash")
      : finding("durability", "problem", "an acknowledged flip may be lost in a crash"),
    ...settings.map(({ text, risk }) => finding("settings", risk ? "problem" : "ok", text)),
    crossProcess
      ? finding("sharing", "ok", "several processes share it")
      : finding("sharing", "problem", "one process only can use it"),
  ];
}
