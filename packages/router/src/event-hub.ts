import type { Unsubscribe } from "@verdigris/contracts";
import { EventEmitter } from "eventemitter3";

/** Typed events whose listeners can never break the one who emits. */
export interface EventHub<Events extends object> {
  on<E extends keyof Events & string>(event: E, fn: (payload: Events[E]) => void): Unsubscribe;
  emit<E extends keyof Events & string>(event: E, payload: Events[E]): void;
  /** True when somebody listens: lets a hot path skip building a payload. */
  has(event: keyof Events & string): boolean;
  clear(): void;
}

/** Creates a hub; what a listener throws goes to `onListenerError` with the event's name. */
export function createEventHub<Events extends object>(
  onListenerError: (event: string, error: unknown) => void,
): EventHub<Events> {
  const emitter = new EventEmitter();
  return {
    on(event, fn) {
      const guarded = (payload: Events[typeof event]): void => {
        try {
          fn(payload);
        } catch (error) {
          onListenerError(event, error);
        }
      };
      emitter.on(event, guarded);
      return () => {
        emitter.off(event, guarded);
      };
    },
    emit: (event, payload) => {
      emitter.emit(event, payload);
    },
    has: (event) => emitter.listenerCount(event) > 0,
    clear: () => {
      emitter.removeAllListeners();
    },
  };
}
