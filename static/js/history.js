// The charts of a battery's past: fetched finer than the page drew them, zoomed, read with a cursor.
import { draw } from "tb/charts";
import { clock, day, duration, locale, metric } from "tb/format";
import "tb/ages";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const { chart } = JSON.parse($("#words").textContent);
const language = locale(), words = chart.words, zone = chart.zone;
const LEAST = 60_000, REFRESH = 60_000, SETTLED = 250, MOST_ROWS = 1500;

let home = [chart.from, chart.to], view = [...home];
let series = null, step = 0, cursor = null, charts = [], asking = null, settling = 0;

const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
const moment = (ts) => [day(ts, zone), clock(ts, zone, language)].join(", ");
const primary = (panel) => panel.metrics[0][0];
const compared = chart.batteries.length > 1;

function lines(panel) {
  if (compared) return chart.batteries.map(({ id, name }) => ({ name, rows: series[id][primary(panel)] ?? [] }));
  const own = series[chart.batteries[0].id];
  return panel.metrics.map(([code, name]) => ({ name, rows: own[code] ?? [] }));
}

// What is not known of the window, as in app/web/plot.py.
function gaps(rows) {
  const known = rows.filter((row) => row[2] !== null).map((row) => row[0]);
  const [start, end] = view;
  if (!known.length) return [[start, end]];
  const steps = known.slice(1).map((ts, i) => ts - known[i]).sort((a, b) => a - b);
  const usual = step || steps[(known.length - 1) >> 1] || 0;
  const found = [];
  let since = null;
  for (const row of rows) {
    if (row[2] === null) since = row[0] - step / 2;
    else if (since !== null) {
      found.push([since, row[0] - step / 2]);
      since = null;
    }
  }
  const edge = Math.max(3 * usual, (end - start) / 50);
  if (known[0] - start > edge) found.unshift([start, known[0] - step / 2]);
  if (since !== null) found.push([since, end]);
  else if (end - known.at(-1) > edge) found.push([known.at(-1) + step / 2, end]);
  return found.filter(([a, b]) => b > a);
}

function summary(rows) {
  const known = rows.filter((row) => row[2] !== null);
  if (!known.length) return null;
  const mean = known.reduce((sum, row) => sum + row[2], 0) / known.length;
  const low = known.reduce((least, row) => Math.min(least, row[1]), Infinity);
  const high = known.reduce((most, row) => Math.max(most, row[3]), -Infinity);
  return [low, mean, high, known.at(-1)[2]];
}

function tell(panel, box, rows, missing) {
  const told = summary(rows);
  const write = (value) => metric(panel.shown, value, language);
  let text = fill(words.nothing, { metric: panel.name });
  if (told) {
    const [low, mean, high, last] = told.map(write);
    text = fill(words.sentence, { metric: panel.name, low, mean, high, last });
    const lost = missing.reduce((sum, [a, b]) => sum + b - a, 0);
    if (lost) text += " " + fill(words.missing, { time: duration(lost, language) });
  }
  $("[data-sentence]", box).textContent = text;
  $("canvas", box).setAttribute("aria-label", text);
  $$("td", $(`[data-stats="${CSS.escape(panel.code)}"]`)).forEach((cell, i) => {
    cell.textContent = told ? write(told[i]) : "–";
  });
}

function show() {
  charts.forEach((made) => made.destroy());
  charts = [];
  chart.panels.forEach((panel, i) => {
    const box = $(`[data-panel="${CSS.escape(panel.code)}"]`);
    const drawn = lines(panel), missing = gaps(drawn[0].rows);
    for (const old of $$("[data-drawn]", box)) old.hidden = true;
    $("[data-cv]", box).hidden = false;
    const over = { gaps: missing, events: chart.events, first: i === 0, cursor: () => cursor };
    const last = i === chart.panels.length - 1;
    const how = { view, zone, over, on: { hover, view: look }, last };
    charts.push(draw($("canvas", box), { ...panel, compared }, drawn, how));
    tell(panel, box, drawn[0].rows, missing);
    if ($("[data-table]", box).open) tabulate(panel, box);
  });
  $("[data-step]").textContent = step ? fill(words.step, { step: duration(step, language) }) : words.every;
  for (const tool of $$("[data-tools]")) tool.hidden = false;
  read();
}

function nearest(rows, ts) {
  let low = 0, high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle][0] < ts) low = middle + 1;
    else high = middle;
  }
  const after = rows[low], before = rows[low - 1];
  return before && (!after || ts - before[0] < after[0] - ts) ? before : after;
}

// The values under the cursor, in each panel's head; without one, the last.
function read() {
  const spoken = [];
  for (const panel of chart.panels) {
    const write = (value) => metric(panel.shown, value, language);
    const texts = lines(panel).map(({ name, rows }, i) => {
      const row = cursor === null ? rows.findLast((each) => each[2] !== null) : nearest(rows, cursor);
      const value = !row || row[2] === null ? words.none : write(row[2]);
      const ends = row && row[2] !== null ? [write(row[1]), write(row[3])] : ["", ""];
      const range = i === 0 && ends[0] !== ends[1] ? ` (${ends.join(" – ")})` : "";
      return i || compared ? [name, value].join(" ") : value + range;
    });
    $(`[data-panel="${CSS.escape(panel.code)}"] [data-read]`).textContent = texts.join(" · ");
    spoken.push([panel.name, texts[0]].join(" "));
  }
  const at = cursor ?? view[1];
  $("[data-when]").textContent = fill(words.at, { time: moment(at) });
  const slider = $("[data-cursor]");
  slider.min = view[0];
  slider.max = view[1];
  slider.step = Math.max(1, step || Math.round((view[1] - view[0]) / 300));
  slider.value = at;
  slider.setAttribute("aria-valuetext", [moment(at), ...spoken].join("; "));
}

function hover(ts) {
  cursor = Math.min(Math.max(Math.round(ts), view[0]), view[1]);
  charts.forEach((made) => made.draw());
  read();
}

function tabulate(panel, box) {
  const drawn = lines(panel), body = $("tbody", box), at = new Map();
  drawn.forEach(({ rows }, i) => {
    for (const row of rows) {
      if (row[2] === null) continue;
      if (!at.has(row[0])) at.set(row[0], []);
      at.get(row[0])[i] = row;
    }
  });
  const write = (value) => (value === undefined ? "–" : metric(panel.shown, value, language));
  const times = [...at.keys()].sort((a, b) => a - b).slice(-MOST_ROWS);
  body.replaceChildren(...times.map((ts) => {
    const row = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.textContent = moment(ts);
    row.append(head);
    drawn.forEach((_, i) => {
      const found = at.get(ts)[i] ?? [];
      for (const value of i ? [found[2]] : [found[1], found[2], found[3]]) {
        const cell = row.insertCell();
        cell.className = "r nw";
        cell.textContent = write(value);
      }
    });
    return row;
  }));
  $("[data-rows]", box).hidden = false;
  for (const link of $$("[data-fetch]", box)) link.hidden = true;
}

// `state`: what is going on, in words; a failure offers to try again and leaves what is drawn.
function say(text, failed = false) {
  $("[data-state]").textContent = text;
  $("[data-retry]").hidden = !failed;
  $("#main").toggleAttribute("data-failed", failed);
}

async function fetchSeries({ id }, i, signal) {
  const codes = chart.panels.flatMap(({ metrics }) => (i ? metrics.slice(0, 1) : metrics).map(([code]) => code));
  const width = $("[data-panel]").clientWidth;
  const query = new URLSearchParams({
    metrics: codes.join(","), from: Math.round(view[0]), to: Math.round(view[1]),
    points: Math.min(chart.points, Math.max(240, Math.round(width))),
  });
  const address = chart.series.replace("{id}", id);
  const answer = await fetch([address, query].join("?"), { signal, headers: { Accept: "application/json" } });
  if (answer.status === 401) throw new Error(words.expired);
  if (!answer.ok) throw new Error((await answer.json()).detail ?? words.failed);
  return answer.json();
}

async function load() {
  asking?.abort();
  const mine = (asking = new AbortController());
  const slow = setTimeout(() => say(words.loading), 300);
  try {
    const found = await Promise.all(chart.batteries.map((each, i) => fetchSeries(each, i, mine.signal)));
    series = Object.fromEntries(found.map((each) => [each.asset, each.metrics]));
    step = found[0].step_ms;
    clearTimeout(slow);
    say("");
    show();
  } catch (error) {
    clearTimeout(slow);
    if (mine.signal.aborted) return;
    say(error instanceof TypeError ? (navigator.onLine ? words.failed : words.away) : error.message, true);
  }
}

// Looks at another window: what is known of it at once, and finer as soon as the hand rests.
function look(from, to) {
  const width = Math.min(Math.max(to - from, LEAST), 20 * 366 * 86_400_000);
  const start = Math.max(0, (from + to - width) / 2);
  view = [Math.round(start), Math.round(start + width)];
  cursor = null;
  for (const made of charts) {
    [made.options.scales.x.min, made.options.scales.x.max] = view;
    made.update("none");
  }
  clearTimeout(settling);
  settling = setTimeout(load, SETTLED);
  const address = new URL(location);
  address.searchParams.delete("periode");
  const [de, a] = view.map((ts) => new Date(ts).toISOString());
  if (view[0] === home[0] && view[1] === home[1]) for (const name of ["de", "a"]) address.searchParams.delete(name);
  else for (const [name, value] of Object.entries({ de, a })) address.searchParams.set(name, value);
  history.replaceState(null, "", address);
  const file = $("[data-file]");
  file.href = [file.href.split("?")[0], address.searchParams].join("?");
}

const MOVES = { in: [0.25, -0.25], out: [-0.5, 0.5], back: [-0.5, -0.5], on: [0.5, 0.5] };
for (const button of $$("[data-zoom]")) {
  button.addEventListener("click", () => {
    const width = view[1] - view[0], [a, b] = MOVES[button.dataset.zoom] ?? [0, 0];
    if (button.dataset.zoom === "all") look(...home);
    else look(view[0] + a * width, view[1] + b * width);
  });
}
$("[data-cursor]")?.addEventListener("input", ({ target }) => hover(Number(target.value)));
$("[data-retry]")?.addEventListener("click", load);
for (const panel of chart.panels) {
  const box = $(`[data-panel="${CSS.escape(panel.code)}"]`);
  $("[data-table]", box).addEventListener("toggle", ({ target }) => {
    if (target.open && series) tabulate(panel, box);
  });
}
for (const form of $$("form[data-choose]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
const redraw = () => series && show();
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("online", load);
addEventListener("offline", () => say(words.away, true));

if (chart.moving) {
  setInterval(() => {
    const still = view[0] === home[0] && view[1] === home[1];
    if (document.visibilityState !== "visible" || !still || cursor !== null) return;
    home = home.map((ts) => ts + REFRESH);
    view = [...home];
    load();
  }, REFRESH);
}
if (chart.panels.length) load();
