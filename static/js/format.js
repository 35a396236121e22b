// Numbers, units, ages and times: exact twins of app/web/format.py, which says why they are so.
const NBSP = "\u00a0";
const MINUS = "\u2212";
const SECOND = 1000, MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;

export const locale = () => (document.documentElement.lang.startsWith("fr") ? "fr" : "en");

export function number(value, digits = 0, sign = false, language = "fr") {
  const [whole, fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, language === "fr" ? NBSP : ",");
  const text = fraction ? grouped + (language === "fr" ? "," : ".") + fraction : grouped;
  if (!/[1-9]/.test(text)) return text;
  return (value < 0 ? MINUS : sign ? "+" : "") + text;
}

export const unitGap = (unit, language) => (!unit || (unit === "%" && language === "en") ? "" : NBSP);

export function quantity(value, unit, digits = 0, sign = false, language = "fr") {
  return number(value, digits, sign, language) + unitGap(unit, language) + unit;
}

// `how` is what the server's shown() says of a metric: [unit, divisor, digits, signed, turn, times].
export function scaled(value, [, divisor, digits, , turn, times]) {
  const amount = (value * times) / divisor;
  return [amount, turn && Math.abs(amount) >= turn ? digits - 1 : digits];
}

export function metric(how, value, language = "fr") {
  const [amount, digits] = scaled(value, how);
  return quantity(amount, how[0], digits, how[3], language);
}

export function duration(ms, language = "fr") {
  const left = Math.max(ms, 0);
  const whole = (size) => Math.floor(left / size);
  if (left < MINUTE) return `${whole(SECOND)}${NBSP}s`;
  if (left < HOUR) return `${whole(MINUTE)}${NBSP}min`;
  if (left < DAY) {
    const minutes = String(Math.floor((left % HOUR) / MINUTE)).padStart(2, "0");
    return `${whole(HOUR)}${NBSP}h${NBSP}${minutes}`;
  }
  const day = language === "fr" ? "j" : "d";
  return `${whole(DAY)}${NBSP}${day}${NBSP}${Math.floor((left % DAY) / HOUR)}${NBSP}h`;
}

export function age(ms, language = "fr") {
  const text = duration(ms, language);
  return language === "fr" ? `il y a ${text}` : `${text} ago`;
}

export function seen(ts, now, zone, language = "fr") {
  const past = Math.max(now - ts, 0);
  return past < DAY ? age(past, language) : moment(ts, now, zone, language);
}

export function clock(ts, zone, language = "fr") {
  const [hour, minute] = parts(ts, zone, { hour: "2-digit", minute: "2-digit" }, ["hour", "minute"]);
  return language === "fr" ? `${hour}${NBSP}h${NBSP}${minute}` : `${hour}:${minute}`;
}

export function day(ts, zone) {
  const kinds = { year: "numeric", month: "2-digit", day: "2-digit" };
  return parts(ts, zone, kinds, ["year", "month", "day"]).join("-");
}

export function moment(ts, now, zone, language = "fr") {
  const time = clock(ts, zone, language);
  return day(ts, zone) === day(now, zone) ? time : `${day(ts, zone)}, ${time}`;
}

function parts(ts, timeZone, kinds, wanted) {
  const found = new Intl.DateTimeFormat("en-CA", { timeZone, hourCycle: "h23", ...kinds })
    .formatToParts(ts);
  return wanted.map((kind) => found.find((part) => part.type === kind).value);
}
