// How fresh a battery is and the word on its pill: the twin of app/processor/state.py.
// `liveMs` travels with every snapshot; a silent battery changes nothing on the server.
export const STALE_MS = 300_000;

export function connection(ageMs, liveMs) {
  if (ageMs === null) return "waiting";
  if (ageMs <= liveMs) return "live";
  return ageMs <= STALE_MS ? "stale" : "offline";
}

export function status(connection, severity) {
  if (connection === "waiting") return "wait";
  if (connection === "offline") return "off";
  if (severity === "critical") return "crit";
  if (severity === "warning") return "warn";
  return connection === "stale" ? "stale" : "ok";
}
