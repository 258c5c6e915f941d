import type { Store } from "@verdigris/contracts";
import { agent } from "./world.ts";

/** A store opened for the bench. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** One client of a server, with the least it could do instead of a start. */
export interface StartLane extends OpenStore {
  /** Writes the bytes of a pin under this key in one round trip, unfenced. */
  readonly floor: (key: string) => Promise<unknown>;
  /** Statements or commands that the store has sent. */
  sent(): number;
}

/** A server and what the bench needs to measure the store on it. A space is what one store has of it: a schema, a prefix. */
export interface BenchServer {
  readonly name: string;
  /** Whether starts of one turn that go over the same connection share a round trip. */
  readonly sharesRoundTrips: boolean;
  /** What the floor of a start is called. */
  readonly floorName: string;
  /** What the processes of a load open the store with: see `StoreSource`. */
  readonly module: string;
  /** Why it cannot be measured, or null. */
  problem(): Promise<string | null>;
  readonly clients: readonly string[];
  openLane(client: string, space: string): Promise<StartLane>;
  open(space: string, connections: string): Promise<OpenStore>;
  /** The floor of a flip: compare and replace one record of a route's size that nobody reads. */
  openBareFlip(space: string): Promise<{ readonly flip: () => Promise<unknown>; close(): Promise<void> }>;
  /** Copies the one pin that is there to the places `from` to `to`, in the form the store keeps it. */
  multiplyPins(space: string, from: number, to: number): Promise<void>;
  remove(spaces: readonly string[]): Promise<void>;
}

export const routeKey: string = `${agent}/route`;
export const pinUnder: string = `${agent}/pin/support-41/1760000000000/`;
export const value: string = JSON.stringify({
  v: 1,
  run: "01K0000000000000000000000",
  bundle: "support-41",
  epoch: 1,
  generation: 1,
});
