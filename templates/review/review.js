"use strict";
/* Keys: the letter or number of a choice marks it, Enter saves, S leaves it for later. Without this script the form works all the same. */
document.addEventListener("keydown", (event) => {
  const form = document.getElementById("decision");
  if (!form || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=text]")) return;
  const key = event.key.toLowerCase();
  const choice = [...form.querySelectorAll("[data-key]")].find((input) => input.dataset.key === key);
  if (choice) {
    choice.checked = choice.type === "radio" || !choice.checked;
    choice.focus();
    event.preventDefault();
  } else if (key === "enter" && !event.target.matches("button, a, summary")) {
    form.requestSubmit();
    event.preventDefault();
  } else if (key === "s") {
    const later = document.getElementById("skip");
    if (later) later.click();
  }
});
