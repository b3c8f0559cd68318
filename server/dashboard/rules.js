// Features with their rules: read, edited with checking as one types, and saved with what would change in sight.

import { get, Refused, request } from "./api.js";
import { ask, field, h, rich, show, toast } from "./dom.js";
import { diff, editor } from "./editor.js";
import { plural } from "./words.js";

const AUTHOR = "crossfade-author";

/** Typing rests for so long before the server is asked. */
const REST_MS = 250;

export function rules([name]) {
  return name ? edit(name) : list();
}

function list() {
  const features = h("div", { class: "features" }, h("p", { class: "empty" }, "Reading …"));
  const element = h("div", { class: "page unread" }, h("h1", {}, "Rules"), features);
  let version = null;

  async function read() {
    try {
      const all = await get("/api/v1/features");
      show(features, all.length === 0 ? h("p", { class: "empty" }, "There are no features.") : all.map(feature));
    } catch (error) {
      show(features, h("p", { class: "alarm bad", role: "alert" }, `The features cannot be read: ${error.message}`));
    }
    element.classList.remove("unread");
  }

  function feature(one) {
    const toggle = h("button", { type: "button", class: "small", onclick: () => turn(one) }, one.enabled ? "Turn off" : "Turn on");
    return h("section", { class: "card feature" },
      h("div", { class: "figure-head" }, h("h2", {}, h("a", { href: `#/rules/${encodeURIComponent(one.name)}` }, one.name)), h("span", { class: `chip ${one.enabled ? "good" : ""}` }, one.enabled ? "on" : "off")),
      h("p", {}, one.description),
      h("ol", { class: "rule-names" }, one.rules.map((rule) => h("li", {}, rule)), h("li", { class: "else" }, "everyone else")),
      h("p", { class: "hint" }, plural(one.flags.length, "flag"), " ", one.flags.map((flag) => [h("code", {}, flag), " "]), " · ", plural(one.variations.length, "variation"), " · ", h("code", {}, one.file)),
      h("div", { class: "actions" }, h("a", { class: "button primary", href: `#/rules/${encodeURIComponent(one.name)}`, "aria-label": `Edit ${one.name}` }, "Edit"), toggle));
  }

  async function turn({ name, enabled }) {
    const path = `/api/v1/features/${encodeURIComponent(name)}`;
    const body = { changes: [{ change: "enabled", enabled: !enabled }] };
    try {
      const { body: would } = await request("PATCH", `${path}?preview=true`, { body });
      const values = await ask({
        title: `Turn ${name} ${enabled ? "off" : "on"}?`,
        body: h("div", {}, h("p", {}, enabled ? "Everyone is served the default, whatever the rules say." : "The rules decide again."), changes(would.preview)),
        fields: by(), act: enabled ? "Turn off" : "Turn on", danger: enabled,
      });
      if (!values) return;
      await request("PATCH", `${path}?${query(values)}`, { body });
      toast(`${name} is ${enabled ? "off" : "on"}`);
      read();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  read();
  return {
    element,
    update(overview) {
      if (version !== null && version !== overview.rules.version) read();
      version = overview.rules.version;
    },
  };
}

function by() {
  return [h("div", { class: "pair" },
    field("Your name", h("input", { name: "author", autocomplete: "name", value: localStorage.getItem(AUTHOR) ?? "" })),
    field("Why", h("input", { name: "reason" })))];
}

function query({ author = "", reason = "" }) {
  localStorage.setItem(AUTHOR, author);
  return new URLSearchParams({ author, reason }).toString();
}

function edit(name) {
  const path = `/api/v1/features/${encodeURIComponent(name)}`;
  const [verdict, found, would] = [h("p", { class: "verdict", role: "status" }, "Reading …"), h("div", {}), h("div", {})];
  const save = h("button", { type: "button", class: "primary", disabled: true, onclick: () => keep() }, "Save …");
  const undo = h("button", { type: "button", class: "quiet", disabled: true, onclick: () => { text.set(saved); typed(saved); } }, "Undo all");
  const text = editor({ label: `The feature ${name}, in YAML`, onInput: typed });
  const element = h("div", { class: "page" },
    h("p", { class: "crumbs" }, h("a", { href: "#/rules" }, "Rules"), " / "),
    h("h1", {}, name),
    h("div", { class: "edit" },
      h("section", { class: "card" }, h("h2", { class: "out-of-sight" }, "Document"), text.element, h("div", { class: "actions" }, save, undo)),
      h("section", { class: "card side", "aria-label": "What the server says of it" }, verdict, found, would)));

  let [saved, etag, file, timer, asked] = ["", null, "", null, 0];

  async function read() {
    try {
      const { body, etag: tag } = await request("GET", path);
      [saved, etag, file] = [body.document, tag, body.file];
      text.set(saved);
      typed(saved);
    } catch (error) {
      say("bad", `It cannot be read: ${error.message}`);
    }
  }

  function say(kind, words) {
    verdict.className = `verdict ${kind}`;
    show(verdict, words);
  }

  function typed(now) {
    undo.disabled = now === saved;
    save.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(check, REST_MS);
  }

  async function check() {
    const [nth, now] = [++asked, text.text()];
    try {
      const { body } = await request("POST", "/api/v1/check", { body: { files: { [file]: now } } });
      if (nth !== asked) return;
      const warnings = body.warnings.filter((one) => one.file === file);
      text.mark(warnings);
      say("good", now === saved ? "This runs now. Its tests pass." : "Right, and its tests pass.");
      show(found, warnings.map(diagnostic));
      show(would, now === saved ? h("p", { class: "empty" }, "Change something to see what it would change, and for whom.") : [h("h2", {}, "What would change"), changes(body.preview), h("details", {}, h("summary", {}, "The text's difference"), diff(body.difference))]);
      save.disabled = now === saved;
    } catch (error) {
      if (nth !== asked || !(error instanceof Refused)) return;
      refused(error);
    }
  }

  function refused(error) {
    show(would);
    if (error.code === "WRONG_RULES") {
      const here = error.details.filter((one) => one.file === file);
      text.mark(here);
      say("bad", error.message.replace(/^the rules would have/, "This has"));
      show(found, error.details.map(diagnostic));
    } else if (error.code === "FAILING_TESTS") {
      say("bad", error.message);
      show(found, failing(error.details));
    } else {
      say("bad", error.message);
      show(found);
    }
  }

  function diagnostic(one) {
    const line = text.text().split("\n")[one.line - 1] ?? "";
    const isHere = one.file === file;
    return h("article", { class: `diagnostic ${one.severity}` },
      h("p", {}, h("b", {}, rich(one.message))),
      one.line && h("button", { type: "button", class: "place", onclick: () => isHere && text.goto(one.line, one.column) }, `${one.file}:${one.line}:${one.column}`),
      isHere && h("pre", { tabindex: 0, "aria-label": "The line" }, line.trimStart(), "\n", " ".repeat(Math.max(0, one.column - 1 - (line.length - line.trimStart().length))), h("i", {}, "^".repeat(Math.max(1, (one.end_line === one.line ? one.end_column : one.column + 1) - one.column)))),
      one.labels.map(({ text: label }) => label && h("p", { class: "hint" }, rich(label))),
      [...one.notes, ...one.help].map((note) => h("p", { class: "hint" }, rich(note))),
      one.suggestion && h("p", { class: "suggestion" }, rich(one.suggestion.message), " ", isHere && h("button", { type: "button", class: "small", onclick: () => mend(one.suggestion.edits) }, "Mend it")));
  }

  function mend(edits) {
    const lines = text.text().split("\n");
    for (const edit of [...edits].sort((a, b) => b.line - a.line || b.column - a.column)) {
      const line = lines[edit.line - 1];
      if (edit.line === edit.end_line) lines[edit.line - 1] = line.slice(0, edit.column - 1) + edit.replacement + line.slice(edit.end_column - 1);
    }
    text.set(lines.join("\n"));
    typed(text.text());
    text.area.focus();
  }

  async function keep() {
    const now = text.text();
    try {
      const { body } = await request("PUT", `${path}?preview=true`, { body: { document: now }, etag });
      const values = await ask({ title: `Save ${name}?`, body: h("div", {}, changes(body.preview), diff(body.difference)), fields: by(), act: "Save" });
      if (!values) return;
      const answer = await request("PUT", `${path}?${query(values)}`, { body: { document: now }, etag });
      [saved, etag] = [now, answer.etag];
      toast(`${name} is saved, and decides by now${answer.body.revision ? `: revision ${answer.body.revision.id}` : ""}`);
      typed(now);
    } catch (error) {
      if (error.code === "CHANGED_MEANWHILE") toast("Somebody else has changed it meanwhile. Copy your text, and open the page anew.", "bad");
      else if (error instanceof Refused) refused(error);
      else toast(error.message, "bad");
    }
  }

  read();
  return { element, close: () => clearTimeout(timer) };
}

/** What a change would change, and for whom. */
export function changes(preview) {
  if (preview.contexts === 0) return h("p", { class: "hint" }, "There are no tests in the files whose contexts could be tried.");
  if (preview.changed === 0) return h("p", { class: "hint" }, `None of the ${plural(preview.contexts, "context")} tried is decided otherwise. Others may be.`);
  const value = (decided) => (decided ? [h("code", {}, JSON.stringify(decided.value)), h("small", {}, decided.rule ?? "by default")] : "–");
  return [
    h("p", { class: "hint" }, `${preview.changed} of the ${plural(preview.contexts, "context")} tried are decided otherwise. Others may be.`),
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, ["For example", "Flag", "Now", "Then"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, preview.examples.slice(0, 12).map((one) => h("tr", {},
        h("th", { scope: "row" }, Object.entries(one.context).map(([name, value]) => h("span", { class: "pairing" }, name, " ", h("code", {}, String(value))))),
        h("td", {}, h("code", {}, one.flag)), h("td", {}, value(one.before)), h("td", {}, value(one.after))))))),
  ];
}

function failing(report) {
  return report.tests.filter((test) => !test.passed).map((test) => h("article", { class: "diagnostic error" },
    h("p", {}, h("b", {}, "A test in the file would fail"), " ", h("span", { class: "hint" }, `${test.file}:${test.line}`)),
    h("p", {}, "Given ", Object.entries(test.given).map(([name, value]) => h("span", { class: "pairing" }, name, " ", h("code", {}, String(value))))),
    test.differences.map((one) => h("p", {}, h("code", {}, one.key ?? one.of), " would be ", h("code", {}, JSON.stringify(one.found)), ", and is expected to be ", h("code", {}, JSON.stringify(one.expected)), "."))));
}
