// Revisions of the rules, what each changed, and the way back; and what was done through the API.

import { get, request } from "./api.js";
import { ask, field, h, show, toast } from "./dom.js";
import { diff } from "./editor.js";
import { changes } from "./rules.js";
import { moment } from "./words.js";

const AUTHOR = "crossfade-author";

export function history([id]) {
  const [revisions, shown, audit] = [h("div", {}, h("p", { class: "empty" }, "Reading …")), h("div", {}), h("div", { class: "scroll" })];
  const element = h("div", { class: "page unread" }, h("h1", {}, "History"),
    h("div", { class: "edit history" },
      h("section", { class: "card side" }, h("h2", {}, "Revisions of the rules"), revisions),
      h("section", { class: "card" }, shown)),
    h("section", { class: "card" }, h("h2", {}, "What was done through the API"), audit));
  let version = null;

  async function read() {
    try {
      const [all, entries] = await Promise.all([get("/api/v1/revisions"), get("/api/v1/audit")]);
      const current = id ? Number(id) : all[0]?.id;
      show(revisions, all.length === 0 ? h("p", { class: "empty" }, "No change was made through the API or the page yet.") : h("ul", { class: "revisions" }, all.map((one, nth) => h("li", {},
        h("a", { href: `#/history/${one.id}`, "aria-current": one.id === current ? "true" : null },
          h("b", {}, `${one.id}`), " ", one.reason || "no reason given", nth === 0 && h("span", { class: "chip good" }, "newest"), h("small", {}, `${one.author || "somebody"}, ${moment(one.at)}`))))));
      show(audit, entries.length === 0 ? h("p", { class: "empty" }, "Nothing yet.") : h("table", {},
        h("thead", {}, h("tr", {}, ["When", "What", "By", "Token", "Why"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, entries.map((one) => h("tr", {}, h("td", {}, moment(one.at)), h("th", { scope: "row" }, one.action), h("td", {}, one.author), h("td", {}, h("code", {}, one.token)), h("td", {}, one.reason))))));
      if (current !== undefined) await open(current, all[0].id === current);
      else show(shown, h("p", { class: "empty" }, "Each change is kept here with its author, its reason and its difference, and can be taken back."));
    } catch (error) {
      show(revisions, h("p", { class: "alarm bad", role: "alert" }, error.message));
    }
    element.classList.remove("unread");
  }

  async function open(number, isNewest) {
    const one = await get(`/api/v1/revisions/${number}`);
    show(shown,
      h("div", { class: "figure-head" }, h("h2", {}, `Revision ${one.id}`), !isNewest && h("button", { type: "button", onclick: () => restore(one.id) }, "Restore …")),
      h("p", {}, one.reason || "No reason was given."),
      h("p", { class: "hint" }, `${one.author || "Somebody"}, ${moment(one.at)}, version `, h("code", {}, one.version)),
      diff(one.difference));
  }

  async function restore(number) {
    const path = `/api/v1/revisions/${number}/restore`;
    try {
      const { body } = await request("POST", `${path}?preview=true`);
      const values = await ask({
        title: `Restore revision ${number}?`,
        body: h("div", {}, changes(body.preview), diff(body.difference)),
        fields: [h("div", { class: "pair" }, field("Your name", h("input", { name: "author", autocomplete: "name", value: localStorage.getItem(AUTHOR) ?? "" })), field("Why", h("input", { name: "reason" })))],
        act: "Restore",
      });
      if (!values) return;
      localStorage.setItem(AUTHOR, values.author);
      await request("POST", `${path}?${new URLSearchParams({ author: values.author, reason: values.reason })}`);
      toast(`Revision ${number} is restored`);
      location.hash = "#/history";
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
