// The same decisions in a browser: reads cases from standard input, as program.test.mjs does, and asks headless Chromium.
//
// `CROSSFADE_BROWSER` names the browser's program; `chromium` on the PATH unless said. `npm ci` in this folder installs what drives it.

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** Lines that cross to the browser at once. */
const BATCH = 2_000;

const program = join(process.env.CROSSFADE_CASES, "program.wasm");
const sources = fileURLToPath(new URL("..", import.meta.url));
const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const server = createServer(async (request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  if (path === "/") {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>Crossfade</title>");
    return;
  }
  try {
    const bytes = await readFile(path === "/program.wasm" ? program : join(sources, path));
    response.setHeader("content-type", types[path.slice(path.lastIndexOf("."))] ?? "text/plain").end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const executablePath = process.env.CROSSFADE_BROWSER ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
// Without a sandbox: as root Chromium has none, and it loads nothing here but our own files.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let [count, differences] = [0, 0];
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(async () => {
    const { load } = await import("/index.js");
    const { difference } = await import("/test/cases.mjs");
    const program = await load(fetch("/program.wasm"));
    globalThis.differences = (lines, first) =>
      lines.map((line, nth) => difference(program, line, first + nth)).filter((found) => found !== undefined);
  });
  const ask = async (lines) => {
    const found = await page.evaluate(([lines, first]) => globalThis.differences(lines, first), [lines, count]);
    for (const one of found.slice(0, 3)) console.error(one);
    count += lines.length;
    differences += found.length;
  };
  let batch = [];
  for await (const line of createInterface({ input: process.stdin })) {
    batch.push(line);
    if (batch.length === BATCH) {
      await ask(batch);
      batch = [];
    }
  }
  await ask(batch);
} finally {
  await browser.close();
  server.close();
}
console.log(`${count} contexts, ${differences} differences`);
process.exitCode = differences === 0 && count > 0 ? 0 : 1;
