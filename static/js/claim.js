// The page of a one-time code: follows the collector until its first data.
const main = document.getElementById("main");
const EVERY_MS = 3000;

async function ask() {
  const response = await fetch(main.dataset.claim, { cache: "no-store", credentials: "same-origin" });
  if (!response.ok) return false;
  const { status, text, done } = await response.json();
  const line = document.querySelector("[data-claim-state]");
  line.firstElementChild.setAttribute("class", `st st--${status}`);
  line.querySelector("use").setAttribute("href", `#s-${status}`);
  if (line.lastElementChild.textContent !== text) line.lastElementChild.textContent = text;
  document.querySelector("[data-claim-done]").hidden = status !== "ok";
  return done;
}

async function follow() {
  const done = await ask().catch(() => false);
  if (!done) setTimeout(follow, EVERY_MS);
}

if (main.dataset.claim) follow();
