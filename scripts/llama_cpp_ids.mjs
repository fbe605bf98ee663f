// For scripts/llama-cpp-ids: greedy ids and the top two logits of each step, by llama.cpp through node-llama-cpp.
//   node llama_cpp_ids.mjs FOLDER MODEL.gguf COUNT PROMPT...     (FOLDER has node_modules)
// Prints JSON: [{prompt: [ids], steps: [{id, lead}]}], `lead` the first logit minus the second.
import { pathToFileURL } from "node:url";

const [folder, file, count, ...prompts] = process.argv.slice(2);
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(`${folder}/node_modules/node-llama-cpp/dist/index.js`));

const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1, logLevel: LlamaLogLevel.error, progressLogs: false });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 512, sequences: 1, threads: 1, flashAttention: false });
const sequence = context.getSequence();
const options = { generateNext: { token: true, logits: { filter: { tokens: [], includeTop: 2 } }, options: { temperature: 0 } } };

const answers = [];
for (const text of prompts) {
  await sequence.clearHistory();
  const prompt = [...model.tokenize(text)];
  const steps = [];
  let inputs = prompt;
  while (steps.length < Number(count)) {
    const output = await sequence.controlledEvaluate([...inputs.slice(0, -1), [inputs.at(-1), options]]);
    const [[id, first], [, second]] = [...output.at(-1).next.logits];
    steps.push({ id, lead: first - second });
    inputs = [id];
  }
  answers.push({ prompt, steps });
}
console.log(JSON.stringify(answers));
await llama.dispose();
