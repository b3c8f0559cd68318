// Customers who shop while the dashboard is looked at: each writes orders, reads them back, and is counted where that fails.

const PEOPLE = [
  [1, "US", "free"], [2, "IN", "pro"], [3, "IN", "free"], [4, "FR", "pro"], [5, "US", "pro"], [6, "DE", "free"], [7, "IN", "pro"], [8, "BR", "free"],
];

export function traffic(baseUrl) {
  const seen = { requests: 0, failed: 0, backInTime: 0, failures: [] };
  let over = false;

  async function ask(person, method, path, body) {
    const [id, country, subscription] = person;
    const answer = await fetch(`${baseUrl}/data/${path}`, {
      method,
      headers: { baggage: `user_id=${id},country=${country},subscription=${subscription}`, prefer: "return=representation", ...(body ? { "content-type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
    seen.requests += 1;
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async function shop(person) {
    for (let round = 0; !over; round += 1) {
      try {
        const [{ id }] = await ask(person, "POST", "orders", { customer_id: person[0], note: `round ${round}` });
        const rows = await ask(person, "GET", `orders?id=eq.${id}&select=note`);
        if (rows[0]?.note !== `round ${round}`) seen.backInTime += 1;
        await ask(person, "PATCH", `orders?id=eq.${id}`, { status: "paid" });
        await ask(person, "GET", "orders?order=id.desc&limit=5");
      } catch (error) {
        seen.failed += 1;
        if (seen.failures.length < 5) seen.failures.push(error.message);
      }
      await new Promise((rest) => setTimeout(rest, 300));
    }
  }

  const shopping = PEOPLE.map(shop);
  return {
    async stop() {
      over = true;
      await Promise.all(shopping);
      return seen;
    },
  };
}
