// Keeps "You will be asked for" and the purposes' own permissions in step with what is ticked. Without it, a button on the page does the same.
"use strict";

const consent = document.getElementById("consent");
const words = { asked: ["+", "will be asked"], "left-out": ["–", "left out"] };

function update() {
  const wanted = new Set();
  for (const box of consent.querySelectorAll("input[name=purpose]:checked")) {
    for (const scope of box.dataset.scopes.split(" ")) wanted.add(scope);
  }
  const chips = consent.querySelectorAll(".asked .chip");
  const count = Array.from(chips).filter((chip) => wanted.has(chip.dataset.scope)).length;
  for (const chip of consent.querySelectorAll(".chip")) {
    const mark = wanted.has(chip.dataset.scope) ? "asked" : "left-out";
    chip.className = "chip chip--" + mark;
    chip.querySelector(".chip__mark").textContent = words[mark][0];
    chip.querySelector(".chip__word").textContent = words[mark][1];
  }
  document.getElementById("asked-count").textContent = count + " of " + chips.length + " permissions";
}

consent.addEventListener("change", update);
update();
