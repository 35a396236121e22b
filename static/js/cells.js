// The geometry of the cell panel: the exact twin of app/web/cells.py.
const DEFAULT_SPREAD_V = 0.06, MARGIN = 1.15, THINNEST = 1.2;
const SHADES = [[0.85, "3"], [0.55, "2"], [0.25, "1"]];

export function panel(volts, balancing = [], wanted = null) {
  const known = volts.filter((value) => value !== null);
  if (!known.length) return null;
  const limit = wanted || DEFAULT_SPREAD_V;
  const low = Math.min(...known), high = Math.max(...known);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const up = Math.max(limit / 2, high - mean) * MARGIN;
  const span = up + Math.max(limit / 2, mean - low) * MARGIN;
  const scale = { mean, high, limit, span, base: up / span, floor: low - Math.max(high - low, limit) };
  const marks = low < high ? { [volts.indexOf(high)]: "max", [volts.indexOf(low)]: "min" } : {};
  const half = limit / 2 / span;
  return {
    cells: volts.map((value, i) => cell(i, value, scale, marks[i] ?? "", Boolean(balancing[i]))),
    mean, low, high, limit,
    lowest: volts.indexOf(low) + 1,
    highest: volts.indexOf(high) + 1,
    spread: high - low,
    base: 100 * scale.base,
    zone_y: 100 * (scale.base - half),
    zone: 200 * half,
  };
}

function cell(i, volts, scale, mark, balancing) {
  const number = i + 1;
  if (volts === null) {
    const y = 100 * scale.base;
    return { number, volts, deviation: 0, mark: "", balancing, shade: "0", y, height: 0, fill: 0 };
  }
  const deviation = volts - scale.mean;
  const height = Math.max((100 * Math.abs(deviation)) / scale.span, THINNEST);
  return {
    number, volts, deviation, mark, balancing, height,
    shade: shade(deviation, scale.limit),
    y: 100 * scale.base - (deviation > 0 ? height : 0),
    fill: (100 * (volts - scale.floor)) / ((scale.high - scale.floor) * MARGIN),
  };
}

function shade(deviation, limit) {
  const part = Math.abs(deviation) / (limit / 2);
  const step = SHADES.find(([least]) => part >= least);
  return step ? (deviation < 0 ? "n" : "p") + step[1] : "0";
}
