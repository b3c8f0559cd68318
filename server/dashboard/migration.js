// The migration: its stages, what each gate waits for, and the commands, which show their gates and ask before they act.

import { post, request } from "./api.js";
import { ask, field, h, rich, say, show, showIfNew, toast } from "./dom.js";
import { ago, count, moment, number, percent, plural } from "./words.js";

const STAGES = [
  ["idle", "Idle", "Old alone is used."],
  ["syncing", "Syncing", "Every change of old reaches new; the rules say who uses it."],
  ["switched", "Switched", "New takes every write first, and old follows."],
  ["completed", "Completed", "Old is retired, and nothing of Crossfade is left."],
];

/** Command: what its button says, what it does, whether it is not easily undone. */
const COMMANDS = {
  start: ["Start", "Changes of old are captured, and its rows copied to new, in the middle of traffic."],
  pause: ["Pause mirrors", "Changes wait in the journal. Writes that ask for both databases are still mirrored."],
  resume: ["Resume mirrors", "The mirrors go on, and take what waits."],
  switch: ["Switch to new", "New becomes the primary. Writers wait for a moment; old follows, so that a rollback loses nothing."],
  rollback: ["Roll back to old", "Old becomes the primary again, with everything that was written since."],
  complete: ["Complete", "Old becomes read-only, and Crossfade leaves both databases. This cannot be undone.", true],
  abort: ["Abort", "The migration ends, and Crossfade leaves both databases. Rows that were copied stay in new.", true],
};

/** The command that leads on from each stage. */
const NEXT = { idle: "start", syncing: "switch", switched: "complete" };

const MARKS = { open: ["✓", "open"], warn: ["!", "open, with a warning"], closed: ["✕", "closed"] };

const AUTHOR = "crossfade-author";

/** What must be so, each with what was measured. */
export function gateList(gates) {
  return h("ul", { class: "gates" }, gates.map((gate) => h("li", { class: gate.verdict },
    h("span", { class: "mark", role: "img", "aria-label": MARKS[gate.verdict]?.[1] ?? gate.verdict }, MARKS[gate.verdict]?.[0] ?? "?"),
    h("div", {}, h("b", {}, gate.name), " ", h("span", {}, rich(gate.evidence)), gate.way_out && h("p", { class: "way-out" }, "→ ", rich(gate.way_out))))));
}

export function migration() {
  const rail = h("ol", { class: "stages", "aria-label": "Stages" });
  const acts = h("div", { class: "actions wrap" });
  const [working, gates, checked] = [h("div", { class: "working" }), h("div", { class: "waits", "aria-live": "polite" }), h("p", { class: "hint" })];
  const heading = h("h2", {}, "What the next step waits for");
  const again = h("button", { type: "button", class: "quiet small", onclick: () => look() }, "Look again");
  const [copy, verification, servers, events] = [h("div", {}), h("div", {}), h("div", { class: "scroll" }), h("div", { class: "scroll" })];
  const none = h("p", { class: "card empty", hidden: true }, "This server has no databases: it only answers flags.");
  const some = h("div", { class: "page" },
    h("section", { class: "card" }, h("h2", { class: "out-of-sight" }, "Stages"), rail, acts, working),
    h("section", { class: "card" }, h("div", { class: "figure-head" }, heading, again), checked, gates),
    h("div", { class: "grid" },
      h("section", { class: "card" }, h("h2", {}, "Copy of existing rows"), copy),
      h("section", { class: "card" }, h("h2", {}, "Verification"), verification)),
    h("section", { class: "card" }, h("h2", {}, "Servers"), servers),
    h("section", { class: "card" }, h("h2", {}, "What was done"), events));
  const element = h("div", { class: "page live" }, h("h1", {}, "Migration"), none, some);

  let data = null;
  let looked = "";
  let closed = false;

  async function look() {
    const next = data && NEXT[data.stage];
    if (!next || closed) return;
    try {
      const plan = await post(`/api/v1/migration/${next}`, { dry_run: true });
      say(heading, `What “${COMMANDS[next][0].toLowerCase()}” waits for`);
      say(checked, plan.open ? "Nothing is in the way." : `${plural(plan.gates.filter((gate) => gate.verdict === "closed").length, "gate")} of ${plan.gates.length} closed.`);
      showIfNew(gates, plan.gates, () => gateList(plan.gates));
    } catch (error) {
      say(checked, `The gates cannot be looked at: ${error.message}`);
      showIfNew(gates, null, () => []);
    }
  }
  const looking = setInterval(() => document.visibilityState === "visible" && look(), 15_000);

  async function give(name) {
    const [act, what, danger] = COMMANDS[name];
    let plan;
    try {
      plan = await post(`/api/v1/migration/${name}`, { dry_run: true });
    } catch (error) {
      toast(`${act}: ${error.message}`, "bad");
      return;
    }
    const author = h("input", { name: "author", autocomplete: "name", value: localStorage.getItem(AUTHOR) ?? "" });
    const reason = h("input", { name: "reason", placeholder: "CHG-1234" });
    const values = await ask({
      title: plan.open ? `${act}?` : `${act}: not yet`,
      body: h("div", {}, h("p", {}, what), gateList(plan.gates), h("details", {}, h("summary", {}, "What it does, with the SQL that matters"), h("pre", { tabindex: 0, "aria-label": "What it does" }, plan.steps.trim()))),
      fields: plan.open ? [h("div", { class: "pair" }, field("Your name", author), field("Why", reason))] : [],
      act, danger, can: plan.open,
    });
    if (!values) return;
    localStorage.setItem(AUTHOR, values.author ?? "");
    await command(`/api/v1/migration/${name}`, act, { author: values.author, reason: values.reason });
  }

  async function command(path, act, body) {
    try {
      await request("POST", path, { body });
      toast(`${act}: begun`);
    } catch (error) {
      toast(`${act}: ${error.message}`, "bad");
    }
  }

  function buttons({ stage, record, primary }, busy) {
    const of = (name, kind = "") => h("button", { type: "button", class: kind, disabled: busy, onclick: () => give(name) }, COMMANDS[name][0]);
    const verify = h("button", { type: "button", disabled: busy, onclick: () => command("/api/v1/migration/verify", "Verify", {}) }, "Verify every row");
    const found = record?.verification?.found ?? 0;
    const repair = h("button", { type: "button", disabled: busy || found === 0, onclick: async () => {
      const values = await ask({ title: "Repair?", body: h("p", {}, `Makes ${plural(found, "row")} that the last verification found to differ equal to the ${primary} database's.`), act: "Repair" });
      if (values) await command("/api/v1/migration/repair", "Repair", {});
    } }, "Repair");
    const held = record?.paused ? of("resume") : of("pause");
    if (stage === "idle") return [of("start", "primary")];
    if (stage === "syncing") return [record && !data.copied && of("start", "primary"), verify, repair, of("switch", "primary"), held, of("abort", "danger")];
    if (stage === "switched") return [verify, repair, of("rollback"), of("complete", "primary"), held];
    return [];
  }

  function update(overview) {
    data = overview.data;
    none.hidden = data !== null;
    some.hidden = data === null;
    if (data === null) return;
    const { stage, record } = data;
    gates.className = stage === "switched" ? "waits few" : NEXT[stage] ? "waits" : "";
    const busy = overview.job?.state === "running";
    const at = STAGES.findIndex(([name]) => name === stage);
    showIfNew(rail, [stage, data.copied], () => STAGES.map(([name, title, what], nth) => h("li", {
      class: nth < at ? "past" : nth === at ? "now" : "", "aria-current": nth === at ? "step" : null,
    }, h("b", {}, title), h("span", {}, what))));
    showIfNew(acts, [stage, record?.paused, record === null, data.copied, busy, record?.verification?.found], () => buttons(data, busy));
    showIfNew(working, overview.job, () => job(overview.job));
    showIfNew(copy, [record?.copy, stage], () => copied(record?.copy, stage));
    showIfNew(verification, [record?.verification, record?.verified && Math.round(record.verified.age_seconds / 10), busy], () => verified(record));
    showIfNew(servers, record?.servers?.map((server) => [server.name, server.rules, server.acknowledged, server.is_live]), () => serverTable(record?.servers ?? []));
    showIfNew(events, [record?.events, overview.ended.complete?.begun], () => eventTable(record?.events ?? [], overview.ended.complete));
    const isNew = JSON.stringify([stage, record?.paused, overview.rules.version, overview.job?.state, overview.job?.begun]);
    if (looked !== isNew) {
      looked = isNew;
      again.hidden = !NEXT[stage];
      if (NEXT[stage]) look();
      else {
        say(heading, "It is over");
        say(checked, "Old is retired.");
        show(gates);
      }
    }
  }

  return {
    element,
    update,
    close() {
      closed = true;
      clearInterval(looking);
    },
  };
}

const STATES = { running: "is under way", done: "is done", failed: "failed" };

function job(job) {
  if (!job) return [];
  const { progress, result } = job;
  const share = progress?.of_rows > 0 ? Math.min(1, progress.rows / progress.of_rows) : null;
  const says = progress?.says ?? (progress?.table ? `${progress.table}: ${count(progress.rows)} of some ${count(progress.of_rows)} rows, ${plural(progress.differences, "difference")}` : "");
  return h("div", { class: `job ${job.state}` },
    h("p", {}, h("b", {}, job.command), " ", STATES[job.state], ", since ", moment(job.begun), ", by ", job.who),
    job.state === "running" && h("progress", { max: 1, value: share ?? undefined, "aria-label": `${job.command}: progress` }),
    job.state !== "done" && says && h("p", { class: "hint" }, says),
    job.state === "done" && h("p", { class: "hint" }, outcome(job.command, result)),
    job.error && h("p", { class: "wrong" }, job.error),
    Array.isArray(job.details) && typeof job.details[0] === "object" && gateList(job.details),
    result?.markdown && h("button", { type: "button", class: "quiet", onclick: () => download("migration.md", result.markdown) }, "Download the report"));
}

function outcome(command, result) {
  if (command === "verify" && result) {
    const rows = result.tables.reduce((sum, table) => sum + table.rows, 0);
    return result.clean ? `${count(rows)} rows compared, all equal` : `${count(rows)} rows compared; see Differences`;
  }
  if (result?.fence_ms !== undefined) return result.before ? "it had been done before" : `${result.primary} is the primary; writers waited for ${number(result.fence_ms)} ms`;
  if (command === "start" && result) return `${plural(result.tables, "table")} captured, ${result.copied.length} copied now`;
  return "";
}

function download(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/markdown" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function copied(copy, stage) {
  if (!copy || copy.tables.length === 0) return h("p", { class: "empty" }, stage === "completed" ? "It is over." : "Nothing is copied yet.");
  return [
    h("p", { class: "hint" }, `${count(copy.rows)} rows`, copy.rows_per_second > 0 ? `, ${count(copy.rows_per_second)} a second lately` : "", copy.remaining_seconds ? `, some ${Math.ceil(copy.remaining_seconds)} s to go` : ""),
    h("ul", { class: "progresses" }, copy.tables.map((table) => {
      const share = table.copied ? 1 : table.of_rows > 0 ? Math.min(0.99, table.rows / table.of_rows) : 0;
      const name = table.schema === "public" ? table.table : `${table.schema}.${table.table}`;
      return h("li", {}, h("span", {}, name), h("progress", { max: 1, value: share, "aria-label": `${name}: copied` }), h("span", { class: "right" }, table.copied ? count(table.rows) : percent(share)));
    })),
  ];
}

function verified(record) {
  const [last, verification] = [record?.verified, record?.verification];
  if (!verification) return h("p", { class: "empty" }, "The databases were not compared yet in this epoch.");
  return [
    h("p", {}, h("span", { class: `chip ${verification.clean ? "good" : "bad"}` }, verification.clean ? "equal" : plural(verification.found, "difference")),
      " ", last ? ago(last.age_seconds) : moment(verification.finished_at)),
    h("ul", { class: "plain" }, verification.tables.map((table) => h("li", {},
      h("span", {}, table.schema === "public" ? table.table : `${table.schema}.${table.table}`), h("span", { class: "right" }, plural(table.rows, "row")),
      table.unfinished && h("p", { class: "wrong" }, table.unfinished)))),
    !verification.clean && h("p", {}, h("a", { href: "#/differences" }, "See which rows")),
  ];
}

function serverTable(servers) {
  if (servers.length === 0) return h("p", { class: "empty" }, "No server keeps a lease.");
  return h("table", {},
    h("thead", {}, h("tr", {}, ["Server", "Rules", "Epoch", "Lease"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, servers.map((server) => h("tr", {}, h("th", { scope: "row" }, server.name), h("td", {}, h("code", {}, server.rules)), h("td", {}, server.acknowledged),
      h("td", {}, h("span", { class: `chip ${server.is_live ? "good" : ""}` }, server.is_live ? "lives" : "ended"))))));
}

function eventTable(events, completed) {
  const all = completed?.result?.report?.events ?? events;
  if (all.length === 0) return h("p", { class: "empty" }, "Nothing yet.");
  return h("table", {},
    h("thead", {}, h("tr", {}, ["When", "What", "By", "Why"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, [...all].reverse().map((event) => h("tr", {}, h("td", {}, moment(event.at)), h("th", { scope: "row" }, event.what), h("td", {}, event.who), h("td", {}, event.why)))));
}
