// The first page: what goes where at this moment.

import { crossfader } from "./crossfader.js";
import { h, say, show, showIfNew } from "./dom.js";
import { bar, plot } from "./plot.js";
import { count, MIRRORS, milliseconds, number, percent, plural, rate, REASONS } from "./words.js";

/** Samples that count as lately. */
const LATELY = 5;

const mean = (values) => (values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0);

function figure(name, hint) {
  const [value, note] = [h("p", { class: "big" }, "–"), h("p", { class: "hint" }, hint)];
  return { element: h("div", { class: "number" }, h("h3", {}, name), value, note), value, note };
}

export function live() {
  const alarms = h("div", { class: "alarms" });
  const fader = crossfader();
  const numbers = {
    reads: figure("Reads", "answered a second"),
    writes: figure("Writes", "committed a second"),
    waiting: figure("Waiting", "changes in the journal"),
    failed: figure("Failed", "requests a second"),
  };
  const plots = [
    plot({
      title: "Reads a second", stacked: true, format: number,
      series: [{ name: "from old", kind: "old", of: (sample) => sample.reads.old }, { name: "from new", kind: "new", of: (sample) => sample.reads.new }],
    }),
    plot({
      title: "Writes a second", stacked: true, format: number,
      series: [
        { name: "in both when answered", kind: "both", of: (sample) => sample.writes.applied },
        { name: "mirrored a moment later", kind: "old", of: (sample) => sample.writes.not_asked },
        { name: "left to the journal", kind: "warn", of: (sample) => sample.writes.pending },
      ],
    }),
    plot({
      title: "How long reads take (95 of 100)", format: milliseconds,
      series: [{ name: "old", kind: "old", of: (sample) => sample.read_ms.old?.[1] }, { name: "new", kind: "new", of: (sample) => sample.read_ms.new?.[1] }],
    }),
    plot({
      title: "How far the follower is behind", stacked: true, format: number, least: 10,
      series: [{ name: "changes waiting", kind: "ink", of: (sample) => sample.waiting }],
    }),
  ];
  const [who, reads, writes] = [h("div", { class: "scroll who" }), h("div", { class: "scroll" }), h("div", { class: "scroll" })];
  const withDatabases = h("div", { class: "page" },
    fader.element,
    h("section", { class: "card numbers", "aria-label": "Now" }, Object.values(numbers).map(({ element }) => element)),
    h("div", { class: "grid" }, plots.map(({ element }) => element)));
  const element = h("div", { class: "page live" },
    h("h1", { class: "out-of-sight" }, "Live"),
    alarms,
    withDatabases,
    h("section", { class: "card" }, h("h2", {}, "Who is where"), h("p", { class: "hint" }, "Decisions of this server, by the rule that made them."), who),
    h("div", { class: "grid counts" },
      h("section", { class: "card" }, h("h2", {}, "Reads, and why there"), reads),
      h("section", { class: "card" }, h("h2", {}, "Writes, and their mirrors"), writes)));

  function update(overview, samples) {
    const { data } = overview;
    showIfNew(alarms, alarmsOf(overview), () => alarmsOf(overview).map(([kind, text, more]) =>
      h("div", { class: `alarm ${kind}`, role: "alert" }, h("p", {}, text), more && h("pre", { tabindex: 0, "aria-label": "What is wrong" }, more))));
    withDatabases.hidden = data === null;
    element.querySelector(".counts").hidden = data === null;
    showIfNew(who, overview.decisions, () => decisions(overview.decisions));
    if (data === null) return;
    const lately = samples.slice(-LATELY);
    const of = (pick) => mean(lately.map(pick));
    fader.update(data, { old: of((sample) => sample.reads.old), new: of((sample) => sample.reads.new) });
    const last = samples.at(-1);
    say(numbers.reads.value, number(of((sample) => sample.reads.old + sample.reads.new)));
    say(numbers.writes.value, number(of(({ writes }) => writes.applied + writes.pending + writes.not_asked)));
    say(numbers.failed.value, number(of((sample) => sample.failed)));
    numbers.failed.element.classList.toggle("bad", of((sample) => sample.failed) > 0);
    const pending = data.record?.pending;
    const waiting = last?.waiting ?? pending?.entries;
    say(numbers.waiting.value, waiting === undefined || waiting === null ? "–" : count(waiting));
    const oldest = last?.oldest_seconds ?? pending?.oldest_seconds ?? 0;
    say(numbers.waiting.note, waiting > 0 ? `the oldest for ${milliseconds(oldest * 1000)}` : "changes in the journal");
    for (const one of plots) one.update(samples);
    showIfNew(reads, data.reads, () => readsOf(data.reads));
    showIfNew(writes, [data.writes, overview.ended.repair?.result], () => writesOf(data.writes, overview.ended.repair?.result));
  }
  return { element, update };
}

function alarmsOf({ rules, data }) {
  const alarms = [];
  if (rules.rejected) alarms.push(["bad", "The newest rules are wrong, so the ones before go on:", rules.rejected]);
  if (rules.undecided > 0) alarms.push(["warn", `${plural(rules.undecided, "request")} could not be decided, and went to the primary alone.`]);
  if (!data) return alarms;
  if (!data.primary_answers) alarms.push(["bad", `The ${data.primary} database does not answer: writes fail.`]);
  if (data.circuit_open) alarms.push(["warn", "The follower has failed lately: it is not asked for a moment, and reads go to the primary."]);
  if (data.record?.paused) alarms.push(["warn", "The mirrors are paused: changes wait in the journal."]);
  if (data.record === null) alarms.push(["warn", "The migration's record cannot be read at the moment."]);
  return alarms;
}

function decisions(all) {
  if (all.length === 0) return h("p", { class: "empty" }, "Nobody has been decided for yet.");
  const total = all.reduce((sum, one) => sum + one.per_second, 0) || 0;
  const sorted = [...all].sort((one, other) => one.feature.localeCompare(other.feature) || other.per_second - one.per_second || other.count - one.count);
  return h("table", {},
    h("thead", {}, h("tr", {}, ["Rule", "Variation", "Writes", "Reads", "Share", "Now", "So far"].map((name, nth) =>
      h("th", { scope: "col", class: nth > 4 ? "right" : nth === 4 ? "wide" : nth === 1 ? "less" : null }, name)))),
    h("tbody", {}, sorted.map((one) => h("tr", {},
      h("th", { scope: "row" }, one.rule ?? h("i", {}, "everyone else"), h("small", {}, one.feature)),
      h("td", { class: "less" }, one.variation),
      h("td", {}, where(one.write, "both", "old")),
      h("td", {}, where(one.read, "new", "old")),
      h("td", { class: "wide" }, bar(total > 0 ? one.per_second / total : 0, one.read === true ? "new" : "old"), h("span", { class: "out-of-sight" }, percent(total > 0 ? one.per_second / total : 0))),
      h("td", { class: "right" }, rate(one.per_second)),
      h("td", { class: "right" }, count(one.count))))));
}

function where(flag, yes, no) {
  if (flag === null || flag === undefined) return "–";
  const side = flag ? yes : no;
  return h("span", { class: `chip ${side}` }, side);
}

function readsOf(reads) {
  const total = reads.reduce((sum, one) => sum + one.count, 0);
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Because"), h("th", { scope: "col" }, "From"), h("th", { scope: "col", class: "wide" }, "Share"), h("th", { scope: "col", class: "right" }, "Reads"))),
    h("tbody", {}, reads.map((one) => h("tr", {},
      h("th", { scope: "row" }, REASONS[one.reason] ?? one.reason),
      h("td", {}, h("span", { class: `chip ${sideOf(one)}` }, sideOf(one) || "primary")),
      h("td", { class: "wide" }, bar(total > 0 ? one.count / total : 0, sideOf(one))),
      h("td", { class: "right" }, count(one.count))))));
}

/** All reasons but the rules' own lead to whatever was the primary then. */
const sideOf = ({ reason, side }) => (reason.startsWith("flag-") ? side : "");

function writesOf(writes, repaired) {
  const total = Object.values(writes).reduce((sum, one) => sum + one, 0);
  const kinds = { applied: "both", pending: "warn", "not-asked": "old" };
  const rows = Object.keys(MIRRORS).map((name) => h("tr", {},
    h("th", { scope: "row" }, MIRRORS[name][0]),
    h("td", { class: "wide" }, bar(total > 0 ? (writes[name] ?? 0) / total : 0, kinds[name])),
    h("td", { class: "right" }, count(writes[name]))));
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "The other database had it"), h("th", { scope: "col", class: "wide" }, "Share"), h("th", { scope: "col", class: "right" }, "Writes"))),
    h("tbody", {}, rows, h("tr", {}, h("th", { scope: "row" }, "repaired by the last repair"), h("td", { class: "wide" }), h("td", { class: "right" }, repaired ? count(repaired.repaired) : "–"))));
}
