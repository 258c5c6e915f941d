/** Days since each order was delivered. */
const delivered: Readonly<Record<string, number>> = { "7": 3, "8": 20 };

export type ToolName = "findOrder" | "refundOrder";

/** What the agent may do: plain functions, as it had them before. A refund has the order for a key, so twice is once. */
export const tools: Readonly<Record<ToolName, (order: string) => string>> = {
  findOrder: (order) => `order ${order} was delivered ${delivered[order] ?? 999} days ago`,
  refundOrder: (order) => `order ${order} was refunded, receipt R-${order}`,
};
