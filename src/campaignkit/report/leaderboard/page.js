// Without this script every choice is a link or the button "Show"; with it the page follows the
// choices and the logs by itself.
"use strict";
const FOLLOW_MS = 2000;
const PARTS = [".views", ".fields", "main"];
const form = document.getElementById("choices");
const follow = form.querySelector(".follow");
let newest = 0;

async function show(address, remember) {
  const turn = ++newest;
  const reply = await fetch(address);
  if (!reply.ok) return location.assign(address);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  if (turn !== newest) return;
  const open = [...document.querySelectorAll("main details[open]")].map(part => part.id);
  const focus = document.activeElement.closest("main [id]")?.id;
  for (const part of PARTS) {
    const shown = document.querySelector(part);
    const asking = part === ".fields" && shown.contains(document.activeElement);
    if (!asking) shown.replaceWith(page.querySelector(part));
  }
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const held = focus && document.getElementById(focus);
  (held?.querySelector("summary") ?? held)?.focus({preventScroll: true});
  document.title = page.title;
  document.body.dataset.version = page.body.dataset.version;
  form.elements.view.value = page.getElementById("choices").elements.view.value;
  if (remember) history.pushState(null, "", address);
}

function chosen() {
  show("/?" + new URLSearchParams(new FormData(form)), true);
}

async function look() {
  if (!follow.querySelector("input").checked || document.hidden) return;
  const reply = await fetch("/version");
  if (reply.ok && (await reply.text()) !== document.body.dataset.version) {
    show(location.href, false);
  }
}

follow.hidden = false;
form.querySelector("button").hidden = true;
form.addEventListener("submit", event => { event.preventDefault(); chosen(); });
// Fields in the content belong to the form, too, but do not lie in it.
document.addEventListener("change", event => { if (event.target.name) chosen(); });
window.addEventListener("popstate", () => location.reload());
setInterval(() => look().catch(() => {}), FOLLOW_MS);
