// node independent_ids.mjs ENCODER.mjs TEXTS.json: {"ids": ..., "model": ...}. `ids` has the ids, with BOS, of each text in
// a JSON list, by an independent encoder; `model`, for Llama 2's encoder, the vocabulary and merges that are built into it,
// as a tokenizer.json writes them.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const module = await import(pathToFileURL(process.argv[2]).href);
const encoder = module.default;
const texts = JSON.parse(readFileSync(process.argv[3], "utf8"));

function modelOf(llama2) {
  const tokens = llama2.vocabById;
  const ranked = [...llama2.merges].sort((a, b) => a[1] - b[1]);
  return {
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: ranked.map(([pair]) => pair),
  };
}

const isLlama2 = module.LlamaTokenizer !== undefined;
console.log(JSON.stringify({
  ids: texts.map((text) => (isLlama2 ? encoder.encode(text) : encoder.encode(text, { bos: true, eos: false }))),
  model: isLlama2 ? modelOf(encoder) : null,
}));
