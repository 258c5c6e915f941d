import type { Clock, NodeMode } from "@verdigris/contracts";

/** What a mode is decided from. */
interface Hearing {
  /** Monotonic time at which the last good read of the route was sent. */
  readonly readAt: number;
  /** True once a read has succeeded. */
  readonly heard: boolean;
  readonly pushUp: boolean;
  /** True while the store stands behind what this process knows. */
  readonly regressed: boolean;
}

/** Without a good read for this long a process is stale, and closed. */
export interface Patience {
  readonly staleMs: number;
  readonly closedMs: number;
}

/** Three polls and five: 3 s and 5 s at the usual second, and never less, so that a busy process does not flap. */
export function patienceFor(pollMs: number): Patience {
  return { staleMs: Math.max(3_000, 3 * pollMs), closedMs: Math.max(5_000, 5 * pollMs) };
}

/** The mode of a process. Pure. */
function modeOf(hearing: Hearing, patience: Patience, monotonic: number): NodeMode {
  const silentMs = monotonic - hearing.readAt;
  if (hearing.regressed || silentMs >= patience.closedMs) return "closed";
  if (!hearing.heard || silentMs >= patience.staleMs) return "stale";
  return hearing.pushUp ? "live" : "polling";
}

/** Keeps the mode of one process and reports its changes. */
export interface ModeKeeper {
  current(): NodeMode;
  /** A read of the route, sent then, was answered. */
  heard(sentMonotonic: number): void;
  push(up: boolean): void;
  regressed(is: boolean): void;
  stop(): void;
}

/** Creates the keeper; one timer stands at the next change that silence would bring. */
export function createModeKeeper(options: {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly onChange: (change: { readonly from: NodeMode; readonly to: NodeMode }) => void;
}): ModeKeeper {
  const { clock, onChange } = options;
  const patience = patienceFor(options.pollMs);
  let hearing: Hearing = { readAt: clock.monotonic(), heard: false, pushUp: false, regressed: false };
  let mode: NodeMode = "stale";
  let stopped = false;
  let cancel = (): void => {};

  const look = (): void => {
    if (stopped) return;
    cancel();
    const now = clock.monotonic();
    const silentMs = now - hearing.readAt;
    const next = [patience.staleMs, patience.closedMs].find((limit) => limit > silentMs);
    cancel = next === undefined ? () => {} : clock.setTimer(look, next - silentMs);
    const to = modeOf(hearing, patience, now);
    if (to === mode) return;
    const from = mode;
    mode = to;
    onChange({ from, to });
  };
  const note = (change: Partial<Hearing>): void => {
    hearing = { ...hearing, ...change };
    look();
  };
  look();
  return {
    current: () => mode,
    heard: (sent) => note({ readAt: Math.max(sent, hearing.readAt), heard: true }),
    push: (pushUp) => {
      if (pushUp !== hearing.pushUp) note({ pushUp });
    },
    regressed: (regressed) => {
      if (regressed !== hearing.regressed) note({ regressed });
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
