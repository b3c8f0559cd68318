// Rows that are not the same in both databases, with their keys.

import { h, showIfNew } from "./dom.js";
import { ago, count, moment, plural } from "./words.js";

const KINDS = { missing: ["missing", "the follower lacks it"], extra: ["extra", "only the follower has it"], different: ["different", ""] };

function table(rows, columns) {
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Table", "Key", "What", "In", ...columns.map(([name]) => name)].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, row.schema === "public" ? row.table : `${row.schema}.${row.table}`),
      h("td", {}, h("code", {}, row.key.join(", "))),
      h("td", {}, h("span", { class: `chip ${row.kind === "different" ? "warn" : "bad"}` }, KINDS[row.kind]?.[0] ?? row.kind)),
      h("td", {}, row.columns?.join(", ") ?? KINDS[row.kind]?.[1]),
      columns.map(([, of]) => h("td", {}, of(row))))))));
}

export function differences() {
  const [verified, compared] = [h("div", {}), h("div", {})];
  const element = h("div", { class: "page live" },
    h("h1", {}, "Differences"),
    h("section", { class: "card" }, h("h2", {}, "Found by the last verification"), verified),
    h("section", { class: "card" }, h("h2", {}, "Seen by compared reads"), h("p", { class: "hint" }, "Where the rules or ", h("code", {}, "--compare"), " say so, a read is asked of both databases. Only what differs for good is listed."), compared));

  function update({ data }) {
    const verification = data?.record?.verification;
    showIfNew(verified, verification && [verification.finished_at, verification.found], () => {
      if (!verification) return h("p", { class: "empty" }, "The databases were not compared yet in this epoch.");
      if (verification.found === 0) return h("p", { class: "empty" }, `None: every row was equal, ${moment(verification.finished_at)}.`);
      return [
        h("p", {}, `${plural(verification.found, "row")}, ${moment(verification.finished_at)}. `, h("a", { href: "#/migration" }, "Repair them"), "."),
        table(verification.differences, []),
        verification.differences.length < verification.found && h("p", { class: "hint" }, `The first ${count(verification.differences.length)}; crossfade migrate verify lists them all.`),
      ];
    });
    const seen = data?.differences;
    showIfNew(compared, [seen, data?.comparisons], () => {
      const asked = Object.values(data?.comparisons ?? {}).reduce((sum, one) => sum + one, 0);
      if (!seen || seen.count === 0) return h("p", { class: "empty" }, asked > 0 ? `None in ${plural(asked, "compared read")}.` : "No read was compared yet.");
      return [h("p", {}, `${plural(seen.count, "row")} in ${plural(asked, "compared read")}.`), table(seen.rows, [["Seen", (row) => `${count(row.times)}×`], ["Last", (row) => ago((Date.now() - new Date(row.last_seen)) / 1000)]])];
    });
  }
  return { element, update };
}
