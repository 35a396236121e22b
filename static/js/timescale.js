// Round moments of a site's clock on a time axis, and how to write them. See app/web/plot.py.
import { clock, day } from "tb/format";

const MINUTE = 60_000, DAY = 86_400_000;
const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720], DAYS = [1, 2, 7, 14];
const MONTHS = [1, 2, 3, 6, 12, 24, 60];
const formats = new Map();

// How far the site's clock is ahead of UTC at a moment, ms.
export function offset(ts, zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("en-CA", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    }));
  }
  const found = {};
  for (const { type, value } of formats.get(zone).formatToParts(ts)) found[type] = Number(value);
  const wall = Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second);
  return wall - Math.floor(ts / 1000) * 1000;
}

// The moment at which the site's clock shows this (epoch ms as if it were UTC).
function moment(wall, zone) {
  const guess = wall - offset(wall, zone);
  return wall - offset(guess, zone);
}

export function ticks(min, max, zone, language, most) {
  const span = (max - min) / most;
  const first = min + offset(min, zone), last = max + offset(max, zone);
  const short = MINUTES.find((n) => n * MINUTE >= span), days = DAYS.find((n) => n * DAY >= span);
  const found = [];
  if (short || days) {
    const step = short ? short * MINUTE : days * DAY;
    for (let wall = Math.floor(first / step) * step; wall <= last; wall += step) found.push(moment(wall, zone));
  } else {
    const step = MONTHS.find((n) => n * 30 * DAY >= span) ?? MONTHS.at(-1);
    const begin = new Date(first);
    let month = Math.floor((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / step) * step;
    for (let wall; (wall = Date.UTC(Math.floor(month / 12), month % 12, 1)) <= last; month += step) {
      found.push(moment(wall, zone));
    }
  }
  const write = (ts) => {
    if (!short && !days) return day(ts, zone).slice(0, 7);
    const midnight = (ts + offset(ts, zone)) % DAY === 0;
    return midnight || !short ? day(ts, zone).slice(5) : clock(ts, zone, language);
  };
  return found.filter((ts) => ts >= min && ts <= max).map((value) => ({ value, label: write(value) }));
}
