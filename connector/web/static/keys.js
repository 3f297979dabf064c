// Keys for the inbox: j next, k before, r reply, e back to the list, ? help. Everything also works without them.
"use strict";

const lines = Array.from(document.querySelectorAll("a[data-thread]"));
const help = document.getElementById("keys");
if (help) help.hidden = false;

const current = document.querySelector("a[data-thread][aria-current]");
const list = current && current.closest(".threads");
if (list) list.scrollTop = current.offsetTop - list.offsetTop;

function move(step) {
  const open = lines.findIndex((line) => line.hasAttribute("aria-current"));
  const focused = lines.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : open;
  const next = lines[from < 0 ? 0 : from + step];
  if (!next) return;
  if (open >= 0) next.click();
  else next.focus();
}

function reply() {
  const forms = document.querySelectorAll("details.answer");
  const last = forms[forms.length - 1];
  if (!last) return;
  last.open = true;
  last.querySelector("textarea").focus();
}

function back() {
  const link = document.getElementById("back");
  if (link) link.click();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  r: reply,
  e: back,
  "?": () => { if (help) { help.open = !help.open; help.querySelector("summary").focus(); } },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
