// Writes rows.jsonl: where the rows come from on the first line, then a row of CEL's conformance tests on each.
//
// A row is a SimpleTest of cel-spec's simple.proto in protobuf's JSON, with its file and section, and with what cel-go's
// checker says of it: a type or an error.

import { readFile, writeFile } from "node:fs/promises";
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";

const here = (path) => new URL(path, import.meta.url);
const installed = JSON.parse(await readFile(here("node_modules/@bufbuild/cel-spec/package.json"), "utf8"));

const lines = [{ source: `google/cel-spec ${installed.upstreamCelSpecRef}, by ${installed.name} ${installed.version}` }];
for (const file of tests.suites) {
  for (const section of file.suites ?? []) {
    for (const { original, type, error } of section.tests) {
      lines.push({ file: file.name, section: section.name, test: original, type, error });
    }
  }
}

// Doubles as texts: JSON.stringify knows no negative zero, and not every reader of JSON rounds to the nearest double.
const exact = (key, value) => (key === "doubleValue" ? (Object.is(value, -0) ? "-0" : String(value)) : value);
await writeFile(here("rows.jsonl"), lines.map((line) => JSON.stringify(line, exact) + "\n").join(""));
