import {
  type ErrorCode,
  isVerdigrisError,
  type Router,
  type RouteSnapshot,
  VerdigrisError,
} from "@verdigris/contracts";

/** The store answered, and these say more than that nothing may start. */
const telling: readonly ErrorCode[] = ["store-regressed", "record-too-new", "closed"];

const asking = new WeakMap<Router, Promise<RouteSnapshot | null>>();

/**
 * Asks the store once more before a start is refused in a closed process: it may have been paused and not yet have read.
 * However many starts wait, one read is under way. Throws `node-closed`, or what the read found to be why.
 */
export async function reopen(router: Router): Promise<void> {
  const asked = asking.get(router) ?? router.refresh().finally(() => asking.delete(router));
  asking.set(router, asked);
  try {
    await asked;
  } catch (cause) {
    if (telling.some((code) => isVerdigrisError(cause, code))) throw cause;
    const { agent } = router;
    const message = `this process has not heard of the route of ${agent} for too long: new runs are refused until its store answers, runs in flight go on`;
    throw new VerdigrisError("node-closed", message, { agent }, { cause });
  }
}
