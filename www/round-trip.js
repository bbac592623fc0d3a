// Fetches a small file twenty times in a row and shows the median time.
"use strict";

const button = document.getElementById("ask");
const answer = document.getElementById("answer");

async function once() {
  const start = performance.now();
  const response = await fetch("/data/hello.json", { cache: "no-store" });
  await response.arrayBuffer();
  return performance.now() - start;
}

button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const times = [];
    for (let i = 0; i < 20; i++) {
      times.push(await once());
    }
    times.sort((a, b) => a - b);
    answer.textContent = `median ${times[10].toFixed(1)} ms, best ${times[0].toFixed(1)} ms`;
  } catch (error) {
    answer.textContent = `no answer: ${error.message}`;
  } finally {
    button.disabled = false;
  }
});
