// Talks to the server: requests, and the stream of what happens.

const TOKEN = "crossfade-token";

/** The token of whoever looks; kept for as long as this tab is open. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

/** What the server refused, and why. */
export class Refused extends Error {
  constructor(status, body, etag) {
    super(body?.message ?? `the server answered ${status}`);
    Object.assign(this, { status, code: body?.code, details: body?.details, etag });
  }
}

function headers(more) {
  const known = token.get();
  return { ...(known ? { authorization: `Bearer ${known}` } : {}), ...more };
}

/** Asks, and answers with `{ body, etag }`. */
export async function request(method, path, { body, etag, isNew, signal } = {}) {
  const answer = await fetch(path, {
    method,
    signal,
    headers: headers({
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(etag ? { "if-match": etag } : {}),
      ...(isNew ? { "if-none-match": "*" } : {}),
    }),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let parsed = null;
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    parsed = { message: text };
  }
  if (answer.ok) return { body: parsed, etag: answer.headers.get("etag") };
  if (answer.status === 401) window.dispatchEvent(new Event("signed-out"));
  throw new Refused(answer.status, parsed);
}

export const get = async (path) => (await request("GET", path)).body;
export const post = async (path, body) => (await request("POST", path, { body })).body;

/**
 * Follows the overview for ever. Each event holds everything, so a lost connection loses nothing; a browser's own
 * EventSource cannot send a token, so the stream is read by hand.
 */
export async function follow({ onOverview, onState }) {
  for (let waits = 0; ; waits = Math.min(waits + 1, 5)) {
    try {
      const answer = await fetch("/api/v1/overview/events", { headers: headers({ accept: "text/event-stream" }) });
      if (answer.status === 401 || answer.status === 403) {
        onState("signed-out");
        window.dispatchEvent(new Event("signed-out"));
        await new Promise((signedIn) => window.addEventListener("signed-in", signedIn, { once: true }));
        continue;
      }
      if (!answer.ok) throw new Refused(answer.status);
      for await (const event of events(answer.body)) {
        waits = 0;
        onState("live");
        onOverview(JSON.parse(event));
      }
    } catch {
      // Told below; tried again.
    }
    onState("lost");
    await new Promise((wake) => setTimeout(wake, 500 * 2 ** Math.min(waits, 4)));
  }
}

/** How long a stream may be silent: it sends something every two seconds. */
const SILENCE_MS = 15_000;

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      let timer;
      const silent = new Promise((_, fail) => {
        timer = setTimeout(() => fail(new Error("silent")), SILENCE_MS);
      });
      const { value, done } = await Promise.race([reader.read(), silent]).finally(() => clearTimeout(timer));
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data: "));
        if (data.length > 0) yield data.map((line) => line.slice(6)).join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
