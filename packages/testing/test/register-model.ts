import type { Operation, SequentialModel } from "@verdigris/testing/linearizability";

type Value = number | null;

/** What is asked of a register. */
export type RegisterInput =
  | { readonly ask: "read" }
  | { readonly ask: "write"; readonly to: Value }
  | { readonly ask: "cas"; readonly from: Value; readonly to: Value };

/** What a read saw, or whether a compare-and-set was done. */
export interface RegisterAnswer {
  readonly read?: Value;
  readonly done?: boolean;
}

export interface Register {
  readonly value: Value;
}

export type RegisterOperation = Operation<RegisterInput, RegisterAnswer>;

export const registerModel: SequentialModel<Register, RegisterInput, RegisterAnswer> = {
  initial: { value: null },
  step(state, input, output) {
    switch (input.ask) {
      case "write":
        return { value: input.to };
      case "read":
        return output === null || output.read === state.value ? state : null;
      case "cas": {
        const done = input.from === state.value;
        if (output !== null && output.done !== done) return null;
        return done ? { value: input.to } : state;
      }
    }
  },
  key: ({ value }) => String(value),
};
