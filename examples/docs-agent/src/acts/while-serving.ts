import type { Stage } from "../stage.ts";

/** Lets users ask for as long as `work` takes, `concurrency` of them at a time; throws what either of the two throws. */
export async function whileServing<T>(
  stage: Stage,
  label: string,
  work: () => Promise<T>,
  concurrency: number = stage.concurrency,
): Promise<T> {
  let over = false;
  const traffic = stage.serve(label, stage.questions, { concurrency, more: () => !over });
  const done = work().finally(() => {
    over = true;
  });
  const [value] = await Promise.all([done, traffic]);
  return value;
}
