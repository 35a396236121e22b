// Pages that show many batteries: tiles, rows and leaves change where they stand.
import { start, write } from "tb/live";

const main = document.getElementById("main");

// The same batteries with as many alarms each: then only numbers can have changed.
function changed(before, after) {
  if (before.size !== after.size) return true;
  for (const [id, asset] of after) {
    const old = before.get(id);
    if (!old || old.alarms.length !== asset.alarms.length || old.status !== asset.status) return true;
  }
  return false;
}

if (main.dataset.live) {
  start(main, (assets) => { for (const asset of assets.values()) write(asset); }, changed);
}
