// Sends the requests that stand on its standard input, one after the other. A process of its own, so
// that it can run with a lower priority than the server it asks.

import { json } from "node:stream/consumers";

for (const { url, method, token, body } of await json(process.stdin)) {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { "content-type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
}
