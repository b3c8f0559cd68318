// Runs the benchmarks one after the other and says where a goal is missed: `make bench`, or `make bench ONLY="http peers"`.
//
// Every benchmark prints its tables in Markdown and its figure on the last line, and fails where it falls short. What they print is kept in
// target/bench.json, with the figures of those that write them as JSON to the file named by FIGURES, and fills the README between its
// two markers; what is not run this time stays as it was.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bench = (name) => ["cargo", "bench", "--quiet", "--workspace", "--bench", name];
const peers = ["--quiet", "--release", "--manifest-path", "evaluator/benches/peers/Cargo.toml", "--target-dir", "target"];

const story = "target/story.wasm";
const build = ["cargo", "run", "--quiet", "--release", "--package", "crossfade", "--", "build", "--rules", "rules", "--output", story];

const benchmarks = [
  { name: "story", title: "A decision beside the same rules in hand-written Rust", command: bench("story") },
  { name: "node", title: "A decision in Node", prepare: build, command: ["node", "evaluator/js/bench.mjs", story] },
  { name: "peers", title: "Beside other engines", command: ["cargo", "run", ...peers] },
  { name: "http", title: "A flag over HTTP", command: bench("http") },
  { name: "writes", title: "Writes", command: bench("writes") },
  { name: "verify_rate", title: "The verifier", command: bench("verify_rate") },
];

const [begin, end] = ["<!-- make bench: begin -->", "<!-- make bench: end -->"];
const kept = "target/bench.json";
const figures = join(tmpdir(), `crossfade-bench-${process.pid}.json`);

const only = process.argv.slice(2);
const unknown = only.filter((name) => !benchmarks.some((it) => it.name === name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; there are ${benchmarks.map((it) => it.name).join(", ")}`);
  process.exit(2);
}
const chosen = benchmarks.filter(({ name }) => only.length === 0 || only.includes(name));

mkdirSync("target", { recursive: true });
const results = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : {};
for (const { name, title, prepare, command } of chosen) {
  console.log(`\n## ${title}`);
  if (prepare !== undefined && (await run(prepare)).code !== 0) throw new Error(`${prepare.join(" ")} failed`);
  const { code, lines } = await run(command);
  const result = { title, passed: code === 0, figure: lines.at(-1) ?? "", tables: lines.filter((line) => line.startsWith("|")) };
  if (existsSync(figures)) result.figures = JSON.parse(readFileSync(figures, "utf8"));
  rmSync(figures, { force: true });
  results[name] = result;
}
writeFileSync(kept, `${JSON.stringify(results, null, 2)}\n`);
fillReadme();

const missed = chosen.filter(({ name }) => !results[name].passed);
for (const { name } of missed) console.log(`missed: ${name}: ${results[name].figure}`);
console.log(`${chosen.length - missed.length} of ${chosen.length} benchmarks reach their goals`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** Shows what a command prints while it runs. */
function run([program, ...parameters]) {
  const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, FIGURES: figures } });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    process.stdout.write(text);
    printed += text;
  });
  return new Promise((ended, failed) => {
    child.on("error", failed);
    child.on("close", (code) => ended({ code, lines: printed.split("\n").filter((line) => line !== "") }));
  });
}

function fillReadme() {
  const readme = readFileSync("README.md", "utf8");
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} … ${end}`);
  const sections = benchmarks
    .filter(({ name }) => results[name] !== undefined)
    .map(({ name }) => {
      const { title, figure, tables } = results[name];
      return [`**${title}**: ${figure}`, ...(tables.length === 0 ? [] : ["", ...tables])].join("\n");
    });
  const filled = `${readme.slice(0, from)}${begin}\n\n${sections.join("\n\n")}\n\n${readme.slice(to)}`;
  if (filled !== readme) writeFileSync("README.md", filled);
}
