// What every live page does: poll, write values where they stand, let ages tick, and ask the server
// for the page again when more than numbers has changed (a status, an alarm, a battery more).
import * as clock from "tb/clock";
import { locale, metric, number, quantity, scaled } from "tb/format";
import { poll } from "tb/poll";
import { connection, status } from "tb/state";

const STATUSES = ["crit", "off", "warn", "stale", "wait", "ok"];
const REFRESH_MS = 4000;
const RENEW_MS = 60_000;
const QUIET_MS = 1500;

let words = {};
let assets = new Map();
let refreshed = Date.now();
let touched = 0;
let ended = false;

export const vocabulary = () => words;

export function start(main, apply, changed) {
  words = JSON.parse(document.getElementById("words").textContent);
  clock.set(Number(main.dataset.now));
  const intervals = { visible: Number(main.dataset.poll), hidden: Number(main.dataset.pollHidden) };
  addEventListener("pointermove", () => { touched = Date.now(); }, { passive: true });
  let due = false;

  function judge() {
    for (const asset of assets.values()) {
      const age = asset.ts === null ? null : Math.max(clock.now() - asset.ts, 0);
      asset.connection = connection(age, asset.live_ms);
      asset.status_now = status(asset.connection, asset.severity);
    }
    for (const element of document.querySelectorAll("[data-asset][data-status]")) {
      const asset = assets.get(Number(element.dataset.asset));
      if (asset && element.dataset.status !== asset.status_now) {
        setStatus(element, asset.status_now);
        announce(asset);
        due = true;
      }
    }
  }

  function refreshIfDue() {
    if (Date.now() - refreshed > RENEW_MS) due = true; // trends and forecasts move on
    if (!due || document.hidden || Date.now() - refreshed < REFRESH_MS) return;
    if (Date.now() - touched < QUIET_MS || busy()) return;
    due = false;
    refreshed = Date.now();
    refresh().then(() => { apply(assets); clock.tick(); });
  }

  const resume = poll(main.dataset.live, intervals, (body) => {
    const before = assets;
    assets = new Map(body.assets.map((asset) => [asset.id, asset]));
    if (before.size && changed(before, assets)) due = true;
    judge();
    apply(assets);
    clock.tick();
    return [...assets].some(([id, asset]) => before.get(id)?.ts !== asset.ts);
  }, tell);

  document.querySelector("[data-resume]").addEventListener("click", () => {
    if (ended) location.reload();
    else resume();
  });
  setInterval(() => { judge(); clock.tick(); refreshIfDue(); }, 1000);
}

// Nobody likes a list that moves under the pointer or a form that loses what was typed.
function busy() {
  const focused = document.activeElement;
  if (document.querySelector(".selcell input:checked")) return true;
  return focused?.closest("main") && focused.matches("input, select, textarea, [open] *");
}

async function refresh() {
  const response = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = document.getElementById("main"), fresh = page.getElementById("main");
  if (!fresh) return;
  const open = [...main.querySelectorAll("details[id]")].map((element) => [element.id, element.open]);
  const modes = [...main.querySelectorAll("[id][data-mode]")].map((element) => [element.id, element.dataset.mode]);
  const focused = document.activeElement?.id;
  main.replaceChildren(...fresh.childNodes);
  words = JSON.parse(page.getElementById("words").textContent);
  for (const [id, state] of open) {
    const element = document.getElementById(id);
    if (element) element.open = state;
  }
  for (const [id, mode] of modes) setMode(document.getElementById(id), mode);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// The choice made with a segmented control, kept over a refresh of the page.
function setMode(target, mode) {
  if (!target) return;
  target.dataset.mode = mode;
  for (const button of document.querySelectorAll(`.seg[data-target="#${target.id}"] button`)) {
    button.setAttribute("aria-pressed", String(button.value === mode));
  }
}

function setStatus(element, fresh) {
  element.dataset.status = fresh;
  const swap = (target) => {
    for (const code of STATUSES) target.classList.toggle(`st--${code}`, code === fresh);
    target.querySelector("use").setAttribute("href", `#s-${fresh}`);
  };
  if (element.classList.contains("tile")) {
    for (const code of STATUSES) element.classList.toggle(`tile--${code}`, code === fresh);
    element.querySelector("svg.st").toggleAttribute("hidden", fresh === "ok");
  }
  for (const icon of element.querySelectorAll(":scope > svg.st, [data-pill] > svg.st")) swap(icon);
  for (const pill of element.querySelectorAll("[data-pill]")) {
    for (const code of STATUSES) pill.classList.toggle(`pill--${code}`, code === fresh);
    pill.lastElementChild.textContent = words.status[fresh];
  }
  for (const word of element.querySelectorAll("[data-word]")) word.textContent = words.status[fresh];
}

// Numbers and ages are never read out; a change of status is.
function announce(asset) {
  const shown = document.querySelector(`[data-asset="${asset.id}"] h1, [data-asset="${asset.id}"][title]`);
  const name = shown ? shown.title || shown.textContent : asset.uid;
  put(document.querySelector("[data-announce]"), `${name}, ${words.status[asset.status_now]}`);
}

// Write one battery's numbers into everything that shows it.
export function write(asset) {
  const language = locale();
  for (const element of document.querySelectorAll(`[data-asset="${asset.id}"]`)) {
    for (const target of element.querySelectorAll("[data-metric]")) {
      const how = words.shown?.[target.dataset.metric], value = asset.values[target.dataset.metric];
      if (!how || value === undefined) continue;
      const [amount, digits] = scaled(value, how);
      put(target, number(amount, digits, how[3], language));
    }
    for (const target of element.querySelectorAll("[data-metric-full]")) {
      const how = words.shown?.[target.dataset.metricFull], value = asset.values[target.dataset.metricFull];
      if (how && value !== undefined) put(target, metric(how, value, language));
    }
    writeCharge(element, asset.values.soc, asset.status_now, language);
    if (asset.ts !== null) {
      for (const age of element.querySelectorAll("[data-age]")) age.dataset.age = asset.ts;
    }
  }
}

function writeCharge(element, soc, code, language) {
  if (soc === undefined) return;
  for (const target of element.querySelectorAll("[data-soc]")) put(target, quantity(soc, "%", 0, false, language));
  for (const target of element.querySelectorAll("[data-soc-number]")) put(target, number(soc, 0, false, language));
  for (const bar of element.querySelectorAll("[data-fill]")) {
    bar.setAttribute(bar.dataset.fill, `${soc.toFixed(1)}%`);
    if (bar.dataset.fill === "height") bar.setAttribute("y", `${(100 - soc).toFixed(1)}%`);
    else {
      const silent = code === "off" || code === "wait";
      bar.classList.toggle("lv--off", silent);
      bar.classList.toggle("lv--crit", !silent && soc < 10);
      bar.classList.toggle("lv--warn", !silent && soc >= 10 && soc < 20);
    }
  }
}

export function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function tell(kind) {
  ended = kind === "expired";
  const banner = document.querySelector("[data-offline]"), feed = document.querySelector("[data-feed]");
  const fresh = kind === "fresh";
  if (banner.hidden !== fresh || !fresh) {
    banner.hidden = fresh;
    put(banner.querySelector("[data-offline-text]"), fresh ? "" : words[kind]);
    banner.querySelector("[data-resume]").hidden = kind !== "paused" && kind !== "expired";
  }
  feed?.querySelector(".dot").classList.toggle("dot--off", !fresh);
  put(feed?.querySelector("[data-feed-text]"), fresh ? words.connection.live : words.short[kind]);
}
