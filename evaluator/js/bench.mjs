// How long one decision on the story's rules takes in Node, marshalling included: node bench.mjs program.wasm
// W1 of the benchmarks in evaluator/benches: 1,000 contexts, one variable. Fails above the goal.

import { readFileSync } from "node:fs";

import { load } from "./index.js";

const GOAL_NS = 250;

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error("which program? node bench.mjs program.wasm, as `crossfade build` writes it");
  process.exit(2);
}
const program = await load(readFileSync(path));
const countries = ["IN", "US", "FR", "DE", "BR"];
const tiers = ["free", "pro", "enterprise"];
const contexts = Array.from({ length: 1000 }, (_, nth) => ({
  user_id: String(nth * 7919),
  country: countries[nth % countries.length],
  subscription: tiers[nth % tiers.length],
}));
const options = { now: Date.now() };

let served = 0;
function round() {
  const start = process.hrtime.bigint();
  for (const context of contexts) served += program.decide("read", context, options).value ? 1 : 0;
  return Number(process.hrtime.bigint() - start) / contexts.length;
}

for (let warm = 0; warm < 200; warm++) round();
const rounds = Array.from({ length: 1001 }, round).sort((one, other) => one - other);
const median = rounds[rounds.length >> 1];
console.log(`${rounds.length} rounds, the fastest ${rounds[0].toFixed(0)} ns a decision; ${served} served true`);
console.log(`${median.toFixed(0)} ns a decision in Node ${process.version.slice(1)}; the goal is ${GOAL_NS}`);
process.exitCode = median <= GOAL_NS ? 0 : 1;
