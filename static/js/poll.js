// Conditional polling: one address, If-None-Match, the server's own interval.
// Slower in a hidden tab, backing off on errors, stopped after half an hour without a hand on it.
import * as clock from "tb/clock";

// A page on a wall has nobody's hand on it.
const IDLE_MS = document.querySelector("[data-kiosk]") ? Infinity : 30 * 60_000;
const LONGEST_WAIT_MS = 60_000;
const TIMEOUT_MS = 10_000;
const HURRY = 4;
const HURRIES = 3;

// `fresh(body)` says whether anything was new. If not, the next push is about to come: the page asks
// again in a quarter of the time, a few times, and so falls into step just behind the collector.
// `told(kind)` is called with "fresh" after an answer and with "offline", "unreachable",
// "expired" or "paused" when there is none to expect. Returns a function that resumes.
export function poll(url, intervals, fresh, told) {
  let tag = null, failures = 0, quiet = 0, timer = null, active = Date.now(), running = false, paused = false;

  const wait = () => {
    const usual = document.hidden ? intervals.hidden : intervals.visible;
    if (failures) return Math.min(usual * 2 ** failures, LONGEST_WAIT_MS);
    return quiet && quiet <= HURRIES && !document.hidden ? usual / HURRY : usual;
  };

  function next(delay = wait()) {
    clearTimeout(timer);
    timer = setTimeout(ask, delay);
  }

  async function ask() {
    if (running || paused) return;
    if (Date.now() - active > IDLE_MS) {
      paused = true;
      told("paused");
      return;
    }
    running = true;
    try {
      await answer();
    } catch (error) {
      if (!["TypeError", "AbortError", "TimeoutError", "SyntaxError"].includes(error.name)) throw error;
      failures += 1;
      if (failures > 1 || !navigator.onLine) told(navigator.onLine ? "unreachable" : "offline");
    } finally {
      running = false;
      if (!paused) next();
    }
  }

  async function answer() {
    const headers = tag ? { "If-None-Match": tag } : {};
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { headers, signal, cache: "no-store", credentials: "same-origin" });
    if (response.status === 401 || response.status === 403 || response.status === 404) {
      paused = true;
      told("expired");
      return;
    }
    if (response.status !== 304 && !response.ok) throw new TypeError(`status ${response.status}`);
    failures = 0;
    if (response.status === 304) {
      quiet += 1;
      clock.check(response.headers.get("Date"));
    } else {
      const body = await response.json();
      tag = response.headers.get("ETag");
      clock.set(body.now);
      Object.assign(intervals, body.poll_ms);
      quiet = fresh(body) ? 0 : quiet + 1;
    }
    told("fresh");
  }

  function resume() {
    active = Date.now();
    if (paused || document.hidden) failures = 0;
    paused = false;
    next(0);
  }

  for (const hand of ["pointerdown", "keydown", "pointermove"]) {
    addEventListener(hand, () => { active = Date.now(); }, { passive: true });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) resume(); });
  addEventListener("online", resume);
  addEventListener("offline", () => told("offline"));
  next();
  return resume;
}
