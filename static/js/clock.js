// The server's time on this device, whatever the device believes, and the ages that tick with it.
import { locale, seen } from "tb/format";

const TOLERANCE_MS = 1500;
let offset = 0;

export const now = () => Date.now() + offset;

export function set(serverMs) {
  offset = serverMs - Date.now();
}

// An unchanged answer has no body, only a Date header in whole seconds: enough to notice that the
// device slept or that somebody moved its clock.
export function check(dateHeader) {
  const server = Date.parse(dateHeader ?? "");
  if (!Number.isNaN(server) && Math.abs(server + 500 - now()) > TOLERANCE_MS) set(server + 500);
}

export function tick(root = document) {
  const zone = document.documentElement.dataset.zone ?? "UTC";
  const language = locale();
  const time = now();
  for (const element of root.querySelectorAll("[data-age]")) {
    const text = seen(Number(element.dataset.age), time, zone, language);
    if (element.textContent !== text) element.textContent = text;
  }
}
