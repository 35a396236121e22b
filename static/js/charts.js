// Panels drawn with Chart.js: lines, the band from lowest to highest, gaps, events and the cursor.
// Rows are those of the series: time, lowest, mean, highest; a row of nulls begins a gap.
import "vendor/chart";
import "vendor/chartjs-plugin-zoom";
import { locale, number } from "tb/format";
import { ticks } from "tb/timescale";

const { Chart, ChartZoom } = window;
Chart.register(ChartZoom);
Chart.defaults.animation = false;

const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4], [1, 4], [12, 5]];
const LEFT = 56, TICK = 76;
const coarse = matchMedia("(pointer: coarse)").matches;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const SIGNS = { crit: "--crit-fill", warn: "--warn-fill", info: "--info-fill", off: "--off-fill" };

function palette() {
  const names = ["grid", "axis", "gap", "text", "surface", "accent"];
  const colours = Object.fromEntries(names.map((name) => [name, css("--" + name)]));
  for (const [sign, name] of Object.entries(SIGNS)) colours[sign] = css(name);
  return colours;
}

function clipped(chart, paint) {
  const { ctx, chartArea: area } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(area.left, area.top, area.width, area.height);
  ctx.clip();
  paint(ctx, area, chart.scales.x);
  ctx.restore();
}

function hatch(ctx, area, left, right, colour) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, area.top, Math.max(right - left, 1), area.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (let x = left - area.height; x < right; x += 7) {
    ctx.moveTo(x, area.bottom);
    ctx.lineTo(x + area.height, area.top);
  }
  ctx.stroke();
  ctx.restore();
}

function line(ctx, area, x, colour, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.25;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, area.top);
  ctx.lineTo(x, area.bottom);
  ctx.stroke();
}

// Under the lines: gaps, and the time of each event; over them: their numbers, and the cursor.
const layers = {
  id: "layers",
  beforeDatasetsDraw(chart) {
    const { gaps, events, colours } = chart.$over;
    clipped(chart, (ctx, area, x) => {
      for (const [from, to] of gaps) {
        hatch(ctx, area, x.getPixelForValue(from), x.getPixelForValue(to), colours.gap);
      }
      ctx.globalAlpha = 0.12;
      for (const [from, to, sign] of events) {
        const left = x.getPixelForValue(from), right = to === null ? area.right : x.getPixelForValue(to);
        ctx.fillStyle = colours[sign];
        ctx.fillRect(left, area.top, right - left, area.height);
      }
    });
  },
  afterDatasetsDraw(chart) {
    const { events, colours, first, cursor } = chart.$over;
    const { ctx, chartArea: area, scales: { x } } = chart;
    clipped(chart, () => {
      for (const [from, , sign] of events) line(ctx, area, x.getPixelForValue(from), colours[sign], [3, 3]);
      if (cursor() !== null) line(ctx, area, x.getPixelForValue(cursor()), colours.text);
    });
    if (!first) return;
    events.forEach(([from, , sign], i) => {
      const at = x.getPixelForValue(from);
      if (at < area.left || at > area.right) return;
      ctx.save();
      ctx.fillStyle = colours[sign];
      ctx.beginPath();
      ctx.arc(at, area.top, 8, 0, 7);
      ctx.fill();
      ctx.fillStyle = colours.surface;
      ctx.font = "600 11px " + css("--font");
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(String(i + 1), at, area.top + 0.5);
      ctx.restore();
    });
  },
};

function datasets(panel, lines, factor) {
  const found = [];
  const own = css("--q-" + panel.colour);
  const points = (rows, part) => rows.map((row) => ({ x: row[0], y: row[part] === null ? null : row[part] * factor }));
  lines.forEach(({ rows }, i) => {
    const colour = panel.compared ? css("--cat-" + (i + 1)) : i ? css("--text-2") : own;
    const plain = { pointRadius: 0, pointHoverRadius: 0, spanGaps: false };
    if (i === 0) {
      found.push({ ...plain, data: points(rows, 1), borderWidth: 0 });
      found.push({ ...plain, data: points(rows, 3), borderWidth: 0, fill: "-1", backgroundColor: colour + "38" });
    }
    const alone = rows.filter((row) => row[2] !== null).length === 1;
    found.push({
      ...plain, data: points(rows, 2), borderColor: colour, borderDash: DASHES[i],
      borderWidth: i && !panel.compared ? 1.5 : 2, pointRadius: alone ? 3 : 0, backgroundColor: colour,
    });
  });
  return found;
}

function axes(panel, colours, zone, view, last) {
  const digits = panel.shown[2];
  const plain = { grid: { color: colours.grid, drawTicks: false }, border: { display: false } };
  const write = { color: colours.axis, font: { family: css("--font"), size: 12 } };
  return {
    x: {
      ...plain, type: "linear", min: view[0], max: view[1],
      afterBuildTicks: (scale) => {
        const most = Math.max(2, Math.floor(scale.chart.width / TICK));
        scale.ticks = ticks(scale.min, scale.max, zone, locale(), most);
      },
      ticks: {
        ...write, display: last, maxRotation: 0, autoSkip: false, padding: 6,
        callback: (value, i, all) => all[i].label,
      },
    },
    y: {
      ...plain, afterFit: (scale) => { scale.width = LEFT; }, grace: "5%",
      ticks: {
        ...write, padding: 8, maxTicksLimit: 5,
        callback: (value, i, all) => {
          const step = all.length > 1 ? Math.abs(all[1].value - all[0].value) : 1;
          const needed = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
          return number(value, Math.min(needed, digits + 2), false, locale());
        },
      },
    },
  };
}

// Draws a panel on a canvas. `over` has gaps, events, first, cursor(); `on` has hover(ts), view(a, b).
export function draw(canvas, panel, lines, { view, zone, over, on, last }) {
  const colours = palette();
  Chart.getChart(canvas)?.destroy();
  const moved = ({ chart }) => on.view(chart.scales.x.min, chart.scales.x.max);
  const options = {
    responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
    layout: { padding: { top: over.first ? 10 : 4, right: 12 } },
    scales: axes(panel, colours, zone, view, last),
    onHover: (event, _, chart) => on.hover(chart.scales.x.getValueForPixel(event.x)),
    plugins: {
      legend: { display: false },
      tooltip: { enabled: false },
      zoom: {
        pan: { enabled: !coarse, mode: "x", modifierKey: "shift", onPanComplete: moved },
        zoom: {
          mode: "x", wheel: { enabled: !coarse, modifierKey: "ctrl" },
          drag: { enabled: !coarse, threshold: 8, backgroundColor: colours.accent + "22" },
          onZoomComplete: moved,
        },
      },
    },
  };
  const [, divisor, , , , times] = panel.shown;
  const config = { type: "line", data: { datasets: datasets(panel, lines, times / divisor) }, options };
  const guarded = { ...layers, beforeInit: (chart) => { chart.$over = { ...over, colours }; } };
  return new Chart(canvas, { ...config, plugins: [guarded] });
}
