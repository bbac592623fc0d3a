// Runs once the page has loaded, and puts the results into its title for the test to read.
import { length } from "./sum.js";

async function facts() {
  const list = await (await fetch("/data/list.json")).json();
  const text = await fetch("/text.txt");
  const part = await fetch("/size/1000003.bin", { headers: { Range: "bytes=1000-1999" } });
  const many = await Promise.all(list.map((path) => fetch(path, { cache: "no-store" })));
  return {
    list: list.length,
    text: await length(text),
    part: [part.status, await length(part), part.headers.get("Content-Range")],
    many: (await Promise.all(many.map(length))).reduce((sum, bytes) => sum + bytes, 0),
    statuses: [...new Set(many.map((answer) => answer.status))],
    picture: [document.images[0].naturalWidth, document.images[0].naturalHeight],
    colour: getComputedStyle(document.body).color,
  };
}

addEventListener("load", async () => {
  document.title = JSON.stringify(await facts());
});
