import { isVerdigrisError, type ModelUsage, type Verdigris } from "verdigris";

/** What a customer asks for. */
export interface RefundRequest {
  readonly ticket: string;
  readonly customer: string;
  readonly text: string;
}

/** What the model said, and what saying it used. */
export interface Decision {
  readonly refund: boolean;
  readonly usage: ModelUsage;
}

/** One version of the desk, stood up: what `load(bundle)` returns. A test passes functions of its own. */
export interface RefundPipeline {
  decide(request: RefundRequest, signal: AbortSignal): Promise<Decision>;
  /** Has an effect: it moves money. Answers with a receipt. */
  pay(request: RefundRequest, signal: AbortSignal): Promise<string>;
}

/** How a request ended. */
export type RefundReply =
  | { readonly outcome: "paid"; readonly receipt: string; readonly bundle: string }
  | { readonly outcome: "declined"; readonly bundle: string }
  | { readonly outcome: "handed-over"; readonly because: string };

/** Decides on a refund and pays it: one run, two steps. A person takes over what cannot be run to its end. */
export async function handleRefund(
  verdigris: Verdigris<RefundPipeline>,
  request: RefundRequest,
): Promise<RefundReply> {
  try {
    return await verdigris.run({ key: request.customer }, async (run) => {
      const { bundle } = run.scope;
      const { refund, usage } = await run.step("decide", ({ pipeline, signal }) =>
        pipeline.decide(request, signal),
      );
      run.usage(usage);
      if (!refund) return { outcome: "declined", bundle };
      const receipt = await run.step("pay", ({ pipeline, signal }) => pipeline.pay(request, signal));
      return { outcome: "paid", receipt, bundle };
    });
  } catch (error) {
    if (isVerdigrisError(error)) return { outcome: "handed-over", because: error.code };
    throw error;
  }
}
