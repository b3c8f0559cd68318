// A browser with eyes on everything that should not be: errors on the console, shifts of the layout, what a reader of
// screens could not name, and bytes.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What must not be exceeded: of a shift of layout, "good" ends at 0.1; ours are accidents. */
const MOST_SHIFT = 0.02;

export async function open(baseUrl, pictures) {
  const executablePath = process.env.CROSSFADE_BROWSER ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  // Without a sandbox: as root Chromium has none, and it loads nothing here but our own page.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => {
    // A refusal that the story provokes is told on the console by Chromium itself, whatever the page does about it.
    if (message.type() === "error" && !/status of (409|422)/.test(message.text())) wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    if (!request.url().endsWith("/events")) wrong.push(`request: ${request.url()} ${request.failure()?.errorText}`);
  });
  await page.addInitScript(() => {
    globalThis.shift = 0;
    globalThis.shifted = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        globalThis.shift += entry.value;
        globalThis.shifted.push(...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node?.nodeName)));
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  mkdirSync(pictures, { recursive: true });

  return {
    page,
    wrong,
    close: () => browser.close(),

    /** What the first view took, in bytes over the network. */
    bytes: () => page.evaluate(() => performance.getEntries().filter((entry) => "transferSize" in entry).reduce((sum, entry) => sum + entry.transferSize, 0)),

    async expectNoShift(where) {
      const [shift, shifted] = await page.evaluate(() => [globalThis.shift, globalThis.shifted]);
      if (shift > MOST_SHIFT) wrong.push(`${where}: the layout shifted by ${shift.toFixed(3)}: ${shifted.slice(0, 5).join(" ")}`);
    },

    /** Takes pictures, light, dark and on a phone, and has each judged. */
    async look(name) {
      for (const scheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`), fullPage: true });
        await judge(page, `${name}, ${scheme}`, wrong);
      }
      await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
      await page.setViewportSize({ width: 390, height: 844 });
      await page.screenshot({ path: join(pictures, `${name}-phone.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) wrong.push(`${name}: on a phone the page is ${wide} pixels too wide`);
      await page.setViewportSize({ width: 1280, height: 900 });
    },
  };
}

async function judge(page, where, wrong) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  for (const { id, help, nodes } of violations) wrong.push(`${where}: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
}
