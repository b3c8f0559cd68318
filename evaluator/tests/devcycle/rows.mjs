// Writes rows.jsonl: where the answers come from on the first line, then a user on each, with what DevCycle's own bucketing makes of
// them: the two hashes, whether each rollout takes them in, and which variation each distribution gives them.

import { createRequire } from "node:module";
import { readFile, writeFile } from "node:fs/promises";

const here = (path) => new URL(path, import.meta.url);
const { generateBoundedHashes, decideTargetVariation, doesUserPassRollout, getCurrentRolloutPercentage } =
  createRequire(import.meta.url)("@devcycle/bucketing");
const installed = JSON.parse(await readFile(here("node_modules/@devcycle/bucketing/package.json"), "utf8"));
const { salts, rollouts, distributions, schedule } = JSON.parse(await readFile(here("questions.json"), "utf8"));

const USERS = 10_000;
const user = (n) => [
  String(n), `user-${String(n).padStart(8, "0")}`, `person.${n}@example.com`, `ü日😀-${n}`, `${"long".repeat(20)}${n}`,
][n % 5];

const lines = [{ source: `${installed.name} ${installed.version}` }];
for (let n = 0; n < USERS; n += 1) {
  const salt = salts[n % salts.length];
  const { bucketingHash, rolloutHash } = generateBoundedHashes(user(n), salt);
  const passes = (percentage) =>
    doesUserPassRollout({ rollout: { type: "gradual", startPercentage: percentage, startDate: new Date(0) }, boundedHash: rolloutHash });
  const chosen = (percentages) =>
    decideTargetVariation({
      // DevCycle goes by the identifiers, in descending order.
      target: { _id: salt, distribution: percentages.map((percentage, nth) => ({ _variation: "abc"[2 - nth], percentage })) },
      boundedHash: bucketingHash,
    }).variation;
  const scheduled = schedule.moments.map((moment) => {
    const rollout = {
      type: "gradual", startPercentage: schedule.start, startDate: new Date(schedule.from),
      stages: [{ type: "linear", percentage: schedule.end, date: new Date(schedule.to) }],
    };
    return rolloutHash <= getCurrentRolloutPercentage(rollout, new Date(moment));
  });
  lines.push({
    user: user(n), salt, bucketing: bucketingHash, rollout: rolloutHash,
    passes: rollouts.map(passes), chosen: distributions.map(chosen).map((id) => 2 - "abc".indexOf(id)), scheduled,
  });
}
await writeFile(here("rows.jsonl"), lines.map((line) => JSON.stringify(line) + "\n").join(""));
