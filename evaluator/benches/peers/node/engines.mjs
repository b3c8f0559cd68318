// Crossfade's program in Node beside engines of npm's registry: the workloads of ../src/workload.rs, in one run.
//
//   EXPORT=/tmp/workloads cargo run --release     in the folder above, writes them
//   npm ci && node engines.mjs /tmp/workloads     some minutes, most of them DevCycle's; W1 after it asks for that alone
//
// First each engine's answers are held against what was decided in Rust. Then each decides for some milliseconds at a time, in turn; what
// counts is the process's time in user code, and the median of the rounds. Engines whose rollouts hash otherwise are given each user's
// hash with the context, for nothing. `ROUNDS` sets the number of rounds, `FIGURES` names a file for the figures as JSON.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { crossfade, devcycle, flagd, growthbook } from "./contenders.mjs";

const ROUND_US = 4_000;
const rounds = Number(process.env.ROUNDS ?? 101);
const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) {
  console.error("where are the workloads? node engines.mjs FOLDER [W1 …]");
  process.exit(2);
}

const columns = [];
for (const name of only.length === 0 ? ["W1", "W2", "W3"] : only) {
  const workload = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const wasm = readFileSync(join(folder, `${name}.wasm`));
  const contenders = [];
  for (const make of [crossfade, flagd, growthbook, devcycle]) contenders.push(await make(workload, wasm));
  for (const contender of contenders) {
    agree(contender, workload);
    warmUp(contender, workload);
  }
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) contender.rounds.push(time(contender, workload));
  }
  const figures = contenders.map(({ engine, rounds }) => ({ engine, ns: median(rounds) }));
  columns.push({ workload: name, unit: workload.unit, figures });
}

console.log(`| engine, in Node ${process.version.slice(1)} | ${columns.map((it) => `${it.workload}: ${it.unit}`).join(" | ")} |`);
console.log(`|---|${"---|".repeat(columns.length)}`);
for (const [nth, { engine }] of columns[0].figures.entries()) {
  const cells = columns.map(({ figures }) => {
    const [ours, its] = [figures[0].ns, figures[nth].ns];
    return nth === 0 ? `**${shown(its)}**` : `${shown(its)} (${(its / ours).toPrecision(2)} ×)`;
  });
  console.log(`| ${engine} | ${cells.join(" | ")} |`);
}
if (process.env.FIGURES !== undefined) writeFileSync(process.env.FIGURES, JSON.stringify(columns));

/** The last answers of a context are wanted as they are: '1' where a feature is on, '0' where it is off. */
function agree({ engine, decide }, { contexts, features }) {
  for (const [nth, { decided }] of contexts.entries()) {
    const answers = new Uint8Array(features.length);
    decide(nth, answers);
    if (answers.join("") !== decided) throw new Error(`${engine} decides otherwise for ${JSON.stringify(contexts[nth])}`);
  }
}

/** Until what is hot is compiled, and it is known how many contexts make a round. */
function warmUp(contender, workload) {
  contender.count = 1;
  for (let took = 0; took < ROUND_US && contender.count < 1 << 20; ) {
    took = time(contender, workload) * contender.count / 1e3;
    if (took < ROUND_US) contender.count *= 2;
  }
  for (let round = 0; round < 20; round++) time(contender, workload);
}

/** Nanoseconds for a context. */
function time(contender, { contexts, features }) {
  const answers = new Uint8Array(features.length);
  const before = process.cpuUsage();
  for (let done = 0; done < contender.count; done++) {
    contender.decide(contender.next, answers);
    contender.next = (contender.next + 1) % contexts.length;
  }
  return (process.cpuUsage(before).user * 1e3) / contender.count;
}

function median(figures) {
  return figures.sort((one, other) => one - other)[figures.length >> 1];
}

function shown(ns) {
  const [figure, unit] = ns < 1e3 ? [ns, "ns"] : ns < 1e6 ? [ns / 1e3, "µs"] : [ns / 1e6, "ms"];
  return `${figure < 10 ? figure.toFixed(1) : figure.toFixed(0)} ${unit}`;
}
