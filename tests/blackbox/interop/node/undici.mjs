// Fetches from the machine with undici in several ways; prints each result as one JSON object.
// Usage: node undici.mjs URL SITE, SITE being the folder that the machine serves.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { Agent, Client, Pool, fetch, request } = createRequire(process.cwd() + "/")("undici");
const [url, site] = process.argv.slice(2);

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const expected = (path) => digest(readFileSync(join(site, path)));
const paths = JSON.parse(readFileSync(join(site, "data/list.json")));
const wanted = new Map(paths.map((path) => [path, expected(decodeURI(path))]));

// Counts right answers, wrong ones, and connections made.
class Tally {
  right = 0;
  wrong = [];
  connections = 0;

  watch(dispatcher) {
    dispatcher.on("connect", () => { this.connections += 1; });
    return dispatcher;
  }

  async take(path, { statusCode, body }) {
    const bytes = Buffer.from(await body.arrayBuffer());
    if (statusCode === 200 && digest(bytes) === wanted.get(path)) {
      this.right += 1;
    } else {
      this.wrong.push([path, statusCode, bytes.length]);
    }
  }

  result() {
    return { right: this.right, wrong: this.wrong, connections: this.connections };
  }
}

const nth = (n) => paths[n % paths.length];
const count = (n) => Array.from({ length: n }, (_, i) => i);

async function run(dispatcher, requests) {
  const tally = new Tally();
  tally.watch(dispatcher);
  await Promise.all(count(requests).map(async (n) => {
    const path = nth(n);
    await tally.take(path, await dispatcher.request({ method: "GET", path }));
  }));
  await dispatcher.close();
  return tally.result();
}

async function manyAtOnce() {
  const tally = new Tally();
  const dispatcher = tally.watch(new Agent({ connections: 200 }));
  await Promise.all(count(400).map(async (n) => {
    const path = nth(n);
    await tally.take(path, await request(url + path, { dispatcher }));
  }));
  await dispatcher.close();
  return tally.result();
}

// fetch decodes content by itself.
async function fetched() {
  const facts = [];
  for (const path of ["/text.txt", "/index.html", "/picture.png"]) {
    const answer = await fetch(url + path);
    const right = digest(Buffer.from(await answer.arrayBuffer())) === wanted.get(path);
    const again = await fetch(url + path, {
      headers: { "If-None-Match": answer.headers.get("ETag") } });
    await again.arrayBuffer();
    facts.push([answer.status, right, answer.headers.get("Content-Encoding"), again.status]);
  }
  return facts;
}

// Refused content, and further requests on the same connection.
async function refused() {
  const statuses = [];
  const client = new Client(url);
  let connections = 0;
  client.on("connect", () => { connections += 1; });
  for (const _ of count(10)) {
    const body = "x".repeat(5000);
    const no = await client.request({ method: "POST", path: "/size/1.bin", body });
    await no.body.dump();
    const yes = await client.request({ method: "GET", path: "/size/1460.bin" });
    await yes.body.dump();
    statuses.push(no.statusCode, yes.statusCode);
  }
  await client.close();
  return { statuses: [...new Set(statuses)], connections };
}

console.log(JSON.stringify({
  pool: await run(new Pool(url, { connections: 8 }), 400),
  pipelined: await run(new Client(url, { pipelining: 10 }), 400),
  many: await manyAtOnce(),
  fetched: await fetched(),
  refused: await refused(),
}));
