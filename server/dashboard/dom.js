// Makes elements. Whatever comes from a server is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element: `h("p", { class: "x" }, "text", child)`. */
export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

/** An SVG element. */
export const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

/** Puts other children in the place of those that there are. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
}

/** Sets a text only where it is another, so that a live page leaves a selection alone. */
export function say(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

/** Makes children anew only where what they show is another: focus and selection survive the rest of the time. */
export function showIfNew(element, shown, make) {
  const key = JSON.stringify(shown);
  if (element.shown === key) return;
  element.shown = key;
  show(element, make());
}

/** A sentence of the server's, with what stands in backquotes as code. */
export const rich = (text) => String(text ?? "").split("`").map((part, nth) => (nth % 2 === 1 ? h("code", {}, part) : part));

/** A field with its label. */
export function field(label, control, hint) {
  const id = `f${(field.count = (field.count ?? 0) + 1)}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}h`);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, hint && h("p", { class: "hint", id: `${id}h` }, hint));
}

/** Says something in passing. */
export function toast(text, kind = "good") {
  const element = h("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), kind === "bad" ? 9000 : 5000);
}

/** Asks before acting: a dialog with a form; resolves to its fields, or to nothing where it was left. */
export function ask({ title, body, fields = [], act, danger = false, can = true }) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      body,
      fields,
      h("div", { class: "actions" },
        h("button", { type: "button", class: "quiet", onclick: () => dialog.close("") }, can ? "Not now" : "Close"),
        can && h("button", { type: "submit", value: "act", class: danger ? "danger" : "primary" }, act)));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("close", () => {
      const acted = dialog.returnValue === "act";
      const values = Object.fromEntries(new FormData(form));
      dialog.remove();
      resolve(acted ? values : undefined);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
