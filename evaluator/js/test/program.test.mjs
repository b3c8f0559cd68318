// The same module, the same decisions: `evaluator/tests/javascript.rs` writes a program, runs this, and tells it by standard input what
// the program decides in Rust.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { load, LoadError, UnknownVariableError } from "../index.js";
import { difference } from "./cases.mjs";

const folder = process.env.CROSSFADE_CASES;
const wasm = readFileSync(join(folder, "program.wasm"));
const story = readFileSync(join(folder, "story.wasm"));

test("every context is decided as in Rust", async () => {
  const program = await load(wasm);
  let [cases, differences] = [0, 0];
  for await (const line of createInterface({ input: process.stdin })) {
    const found = difference(program, line, cases);
    cases += 1;
    if (found === undefined) continue;
    differences += 1;
    if (differences <= 3) console.log(found);
  }
  console.log(`${cases} contexts, ${differences} differences`);
  assert.ok(cases > 0);
  assert.equal(differences, 0);
});

test("a tester reads from the new database", async () => {
  const program = await load(story);
  assert.deepEqual(program.variables, ["write", "read"]);
  assert.deepEqual(program.decide("read", { user_id: "123", country: "US" }), {
    key: "read",
    value: true,
    variant: "testing-groups",
    reason: "TARGETING_MATCH",
    feature: "postgres-migration",
    rule: "Testing Group",
  });
  assert.equal(program.decide("read", { targetingKey: "123" }).value, true);
  assert.equal(program.decide("read", { targetingKey: "123", user_id: "900" }).value, false);
  assert.equal(program.decide("read", undefined).value, false);
});

test("what is no context of the rules' is no error", async () => {
  const program = await load(story);
  for (const context of [null, {}, { user_id: 123 }, { user_id: ["123"] }, { user_id: {} }, { user_id: null }]) {
    assert.equal(program.decide("read", context).reason, "DEFAULT");
  }
  assert.deepEqual(program.mistyped({ user_id: 123, country: "US" }), ["user_id"]);
});

test("a string of any size is read, and the next context after it", async () => {
  const program = await load(story);
  assert.equal(program.decide("read", { user_id: "1".repeat(5_000_000) }).reason, "DEFAULT");
  assert.equal(program.decide("read", { user_id: "123" }).value, true);
  assert.equal(program.decide("read", { user_id: "x".repeat(500_000_000) }).fault, "CONTEXT_TOO_LARGE");
  assert.equal(program.decide("read", { user_id: "123" }).value, true);
});

test("a variable that is not there is named", async () => {
  const program = await load(story);
  assert.throws(() => program.decide("raed", {}), (error) => {
    assert.ok(error instanceof UnknownVariableError);
    assert.equal(error.code, "FLAG_NOT_FOUND");
    return error.message.includes("raed");
  });
  assert.throws(() => program.decide("read", {}, { now: new Date("no date") }), TypeError);
});

test("what is no program is refused", async () => {
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  for (const bytes of [new Uint8Array(), new Uint8Array([1, 2, 3]), wasm.subarray(0, 1000), empty]) {
    await assert.rejects(load(bytes), LoadError);
  }
});

test("a program of another format is refused by its number", async () => {
  const other = Buffer.from(wasm);
  const at = other.indexOf('"abi":1');
  assert.ok(at > 0);
  other.write('"abi":9', at);
  await assert.rejects(load(other), (error) => error instanceof LoadError && error.message.includes("format 9"));
});
