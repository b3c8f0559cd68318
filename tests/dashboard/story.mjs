// A whole migration by the dashboard alone: rules are edited, a bad one is refused with its place, a user is explained, and the
// migration is started, verified, switched, rolled back, switched again and completed, with customers shopping all the while.

import { strict as assert } from "node:assert";

import { open } from "./browser.mjs";
import { traffic } from "./traffic.mjs";

const BASE_URL = process.env.BASE_URL;
/** What a first view may weigh. */
const MOST_BYTES = 200_000;

const browser = await open(BASE_URL, process.env.PICTURES);
const { page, wrong } = browser;
page.setDefaultTimeout(20_000);
const customers = traffic(BASE_URL);

const visit = async (heading) => {
  await page.locator("#nav").getByRole("link", { name: heading, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
};
const button = (name) => page.getByRole("button", { name, exact: true });

/** Gives a command as a person does: its gates are shown, a name and a reason asked for. */
async function command(name, act = name) {
  await button(name).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("heading", { name: `${act}?` }).waitFor();
  await dialog.getByLabel("Your name").fill("Ada");
  await dialog.getByLabel("Why").fill("CHG-7");
  return dialog;
}

async function ended(name) {
  await page.locator(".job.done", { hasText: name }).or(page.locator(".job.failed", { hasText: name })).waitFor();
  assert.equal(await page.locator(".job.failed").count(), 0, await page.locator(".job").innerText());
}

const isAt = (stage) => page.locator(".stages .now", { hasText: stage }).waitFor();

async function give(name, stage) {
  const dialog = await command(name);
  await dialog.getByRole("button", { name, exact: true }).click();
  await ended(name.split(" ")[0].toLowerCase().replace("roll", "rollback"));
  await isAt(stage);
}

async function verify() {
  await button("Verify every row").click();
  await ended("verify");
  await page.locator(".chip.good", { hasText: "equal" }).waitFor();
}

try {
  await page.goto(`${BASE_URL}/`, { waitUntil: "load" });
  await page.locator(".connection.live").waitFor();
  await page.locator(".hero .place", { hasText: "127.0.0.1" }).first().waitFor();
  const bytes = await browser.bytes();
  assert.ok(bytes < MOST_BYTES, `a first view took ${bytes} bytes`);
  await browser.expectNoShift("the first view");

  // A migration is started; nothing else can be yet.
  await visit("Migration");
  await isAt("Idle");
  await give("Start", "Syncing");
  await page.locator(".gates .closed", { hasText: "verification" }).waitFor();
  await page.locator(".gates .closed", { hasText: "rules" }).waitFor();
  await browser.look("migration-syncing");
  await button("Switch to new").click();
  await page.getByRole("dialog").getByRole("heading", { name: "Switch to new: not yet" }).waitFor();
  await browser.look("migration-refused");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

  // A user is explained.
  await visit("Explain");
  await page.getByLabel("User", { exact: true }).fill("900");
  await page.getByLabel("Country").fill("IN");
  await page.getByLabel("Subscription").fill("pro");
  await button("Why?").click();
  await page.getByText("holds, but outside its rollout").waitFor();
  assert.match(await page.locator(".route").innerText(), /Writes go to old alone, reads come from old/);
  await browser.look("explain");

  // A rule is edited: a bad one is refused with its place, and one click mends it.
  await visit("Rules");
  await page.getByRole("link", { name: "postgres-migration", exact: true }).waitFor();
  await browser.look("rules");
  await page.getByRole("link", { name: "Edit postgres-migration" }).click();
  const text = page.getByLabel("The feature postgres-migration, in YAML");
  await page.getByText("This runs now. Its tests pass.").waitFor();
  const document = await text.inputValue();
  await text.fill(document.replace("country in", "contry in"));
  await page.locator(".diagnostic", { hasText: "there is no attribute contry" }).waitFor();
  const line = document.split("\n").findIndex((one) => one.includes("country in")) + 1;
  await page.getByRole("button", { name: `postgres-migration.yaml:${line}:11` }).waitFor();
  assert.ok(await button("Save …").isDisabled(), "a bad rule cannot be saved");
  await browser.look("rules-refused");
  await button("Mend it").click();
  await page.getByText("This runs now. Its tests pass.").waitFor();
  assert.equal(await text.inputValue(), document);

  // Tests in the file hold a change back until they are changed, too.
  await text.fill(document.replace("default: user-groups", "default: migrated"));
  await page.getByText("A test in the file would fail").first().waitFor();
  await browser.look("rules-failing");
  const everyone = document
    .split("\ntests:")[0]
    .replace("serve: testing-groups", "serve: migrated")
    .replace("default: user-groups", "default: migrated");
  await text.fill(`${everyone}\n`);
  await page.getByRole("heading", { name: "What would change" }).waitFor();
  await browser.look("rules-preview");
  const dialog = await command("Save …", "Save postgres-migration");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("is saved, and decides by now").waitFor();

  // The switch, back, and forth again.
  await visit("Migration");
  await verify();
  await page.getByText("Nothing is in the way.").waitFor();
  const ask = await command("Switch to new");
  await browser.look("migration-ask");
  await ask.getByRole("button", { name: "Switch to new" }).click();
  await ended("switch");
  await isAt("Switched");
  await visit("Live");
  await page.locator(".deck.new.primary").waitFor();
  await browser.look("live-switched");
  await visit("Migration");
  await give("Roll back to old", "Syncing");
  await verify();
  await give("Switch to new", "Switched");
  await verify();

  // The page is right again after its connection was lost.
  await page.evaluate(() => window.stop());
  await page.locator(".connection.lost").waitFor();
  await page.locator(".connection.live").waitFor();
  await isAt("Switched");

  // History, and the way back.
  await visit("History");
  await page.getByRole("heading", { name: /^Revision \d+$/ }).waitFor();
  await page.locator(".diff .added", { hasText: "default: migrated" }).waitFor();
  await browser.look("history");
  await visit("Differences");
  await page.getByText("every row was equal").waitFor();
  await browser.look("differences");

  await visit("Live");
  await page.locator(".deck.new .share", { hasText: "100 %" }).waitFor();
  await browser.look("live");

  for (const hash of ["", "migration", "rules", "history"]) {
    await page.goto("about:blank");
    await page.goto(`${BASE_URL}/#/${hash}`, { waitUntil: "load" });
    await page.locator(".connection.live").waitFor();
    await page.locator(hash === "" ? ".who tbody" : hash === "migration" ? ".gates li" : hash === "rules" ? ".feature" : ".diff").first().waitFor();
    await browser.expectNoShift(`the page ${hash || "live"}`);
  }

  // The end.
  await visit("Migration");
  await give("Complete", "Completed");
  await button("Download the report").waitFor();
  await browser.look("migration-completed");
} catch (error) {
  await page.screenshot({ path: `${process.env.PICTURES}/stuck.png`, fullPage: true });
  wrong.push(`the story: ${error.message}`);
} finally {
  await browser.close();
}
const seen = await customers.stop();
if (seen.failed > 0 || seen.backInTime > 0) wrong.push(`customers: ${seen.failed} of ${seen.requests} failed, ${seen.backInTime} back in time: ${seen.failures.join("; ")}`);
for (const one of new Set(wrong)) console.error(one);
console.log(`${seen.requests} requests of customers, ${wrong.length} things wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;
