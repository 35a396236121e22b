// The live page of one battery: its numbers, its gauge, every cell, its temperatures.
import { panel } from "tb/cells";
import { locale, metric, number, quantity } from "tb/format";
import { put, start, vocabulary, write } from "tb/live";

const main = document.getElementById("main");
const percent = (value) => `${value.toFixed(2)}%`;

// What the page says in words or in shapes; when none of it has changed, numbers are enough.
function shape(asset) {
  return JSON.stringify([
    asset.alarms, asset.states, asset.severity, asset.ts === null,
    Object.keys(asset.values).sort(),
    Object.entries(asset.arrays).map(([code, items]) => [code, items.length]).sort(),
    (asset.arrays.balancing ?? []).map(Boolean),
    flow(asset),
  ]);
}

function flow(asset) {
  const current = asset.values.current;
  if (current === undefined) return "";
  return Math.abs(current) < 0.05 ? "idle" : current > 0 ? "charging" : "discharging";
}

function changed(before, after) {
  const [old] = before.values(), [fresh] = after.values();
  return shape(old) !== shape(fresh);
}

function apply(assets) {
  const [asset] = assets.values();
  write(asset);
  writeConnection(asset);
  writeGauge(asset);
  writeCells(asset);
  writeMeters(asset);
}

function writeConnection(asset) {
  const words = vocabulary();
  put(document.querySelector("[data-connection]"), words.connection[asset.connection]);
  const dot = document.querySelector("[data-dot]");
  dot?.classList.toggle("dot--stale", asset.connection === "stale");
  dot?.classList.toggle("dot--off", ["offline", "waiting"].includes(asset.connection));
}

function writeGauge(asset) {
  const language = locale(), words = vocabulary();
  const gauge = document.querySelector("[data-gauge]");
  if (gauge && asset.values.soc !== undefined) {
    const zone = gauge.querySelector(".lv-z"), mark = gauge.querySelector(".lv-r");
    zone.setAttribute("width", percent(Math.min(asset.values.soc, parseFloat(mark.getAttribute("x1")))));
  }
  const power = document.querySelector("[data-metric-abs]");
  if (power && asset.values.power !== undefined) {
    put(power, metric(words.shown.power, Math.abs(asset.values.power), language).replace("+", ""));
  }
}

function writeCells(asset) {
  const card = document.querySelector("[data-cells]");
  const volts = asset.arrays.cell_voltage;
  if (!card || !volts) return;
  const drawn = panel(volts, asset.arrays.balancing ?? [], Number(card.dataset.limit));
  if (!drawn) return;
  const language = locale();
  const stats = {
    low: number(drawn.low, 3, false, language), lowest: drawn.lowest,
    high: number(drawn.high, 3, false, language), highest: drawn.highest,
    mean: number(drawn.mean, 3, false, language), spread: number(drawn.spread * 1000, 0, false, language),
  };
  for (const [name, text] of Object.entries(stats)) {
    put(card.querySelector(`[data-cell-stat="${name}"]`), String(text));
  }
  const calm = drawn.spread < drawn.limit || asset.connection === "offline";
  for (const cell of drawn.cells) {
    const element = card.querySelector(`[data-cell="${cell.number}"]`);
    if (!element) continue;
    if (element.classList.contains("cm")) writeBox(element, cell, language);
    else writeBar(element, cell, drawn, calm, language);
  }
}

function writeBox(element, cell, language) {
  element.className = `cm cm--${cell.shade}${cell.mark === "min" ? " cm--flag" : ""}`;
  const known = cell.volts !== null;
  put(element.querySelector("[data-deviation]"), known ? number(cell.deviation * 1000, 0, true, language) : "–");
  if (known) element.title = `C${cell.number} : ${quantity(cell.volts, "V", 3, false, language)}`;
}

function writeBar(element, cell, drawn, calm, language) {
  element.classList.toggle("cell--min", cell.mark === "min");
  element.classList.toggle("cell--max", cell.mark === "max");
  element.classList.toggle("cell--calm", calm);
  put(element.querySelector(".cell__f"), cell.mark.toUpperCase());
  put(element.querySelector("[data-volts]"), cell.volts === null ? "–" : number(cell.volts, 3, false, language));
  put(element.querySelector("[data-deviation]"), number(cell.deviation * 1000, 0, true, language));
  const set = (name, values) => {
    const shape = element.querySelector(`[data-${name}]`);
    for (const [attribute, value] of Object.entries(values)) shape.setAttribute(attribute, percent(value));
  };
  set("zone", { y: drawn.zone_y, height: drawn.zone });
  set("base", { y1: drawn.base, y2: drawn.base });
  set("bar", { y: cell.y, height: cell.height });
  set("level", { y: 100 - cell.fill, height: cell.fill });
}

function writeMeters(asset) {
  const language = locale(), [low, high] = vocabulary().meter;
  for (const meter of document.querySelectorAll("[data-meter]")) {
    const { meter: code, index } = meter.dataset;
    const value = index === undefined ? asset.values[code] : asset.arrays[code]?.[Number(index)];
    if (value === undefined || value === null) continue;
    put(meter.querySelector("[data-meter-value]"), quantity(value, "°C", 1, false, language));
    const part = Math.min(Math.max((value - low) / (high - low), 0), 1);
    meter.querySelector("[data-meter-fill]").setAttribute("width", percent(100 * part));
  }
}

start(main, apply, changed);
