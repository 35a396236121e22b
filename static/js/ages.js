// Pages without live values still tell ages, and ages tick.
import * as clock from "tb/clock";

const main = document.getElementById("main");
if (main.dataset.now) clock.set(Number(main.dataset.now));
setInterval(() => clock.tick(), 1000);
