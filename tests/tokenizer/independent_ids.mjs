// node independent_ids.mjs ENCODER.js TEXTS.json: the ids, with BOS, of each text in a JSON list, by an independent encoder.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const encoder = (await import(pathToFileURL(process.argv[2]).href)).default;
const texts = JSON.parse(readFileSync(process.argv[3], "utf8"));
const options = process.argv[2].includes("llama3") ? { bos: true, eos: false } : undefined;
console.log(JSON.stringify(texts.map((text) => (options ? encoder.encode(text, options) : encoder.encode(text)))));
