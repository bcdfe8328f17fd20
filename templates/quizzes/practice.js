"use strict";
(() => {
  const data = JSON.parse(document.getElementById("keys").textContent);
  const items = [...document.querySelectorAll("[data-item]")];
  const place = `coursewright:${data.quiz}`;
  const state = load();

  // ---- exact fractions, so that three thirds are one -------------------------------------------------
  const gcd = (a, b) => (b ? gcd(b, a % b) : a);
  const fraction = (n, d = 1) => { const g = gcd(Math.abs(n), d) || 1; return [n / g, d / g]; };
  const plus = (a, b) => fraction(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
  const times = (a, b) => fraction(a[0] * b[0], a[1] * b[1]);
  const shown = (a) => String(Math.round((a[0] / a[1]) * 100) / 100);

  // ---- decimals as whole numbers, so that 0.1 + 0.2 is 0.3 -------------------------------------------
  const numeral = (text) => {
    let cleaned = String(text).replace(/\s/g, "").replace("−", "-");
    if ((cleaned.match(/,/g) || []).length === 1 && !cleaned.includes(".")) cleaned = cleaned.replace(",", ".");
    const found = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(cleaned);
    if (!found || !(found[2] || found[3])) return null;
    const digits = found[3] || "";
    return [BigInt((found[1] === "-" ? "-" : "") + (found[2] || "0") + digits), digits.length];
  };
  // "1,500" is one and a half where the comma is the point, and fifteen hundred elsewhere
  const readings = (text) => {
    const cleaned = String(text).replace(/\s/g, "").replace("−", "-");
    const grouped = /^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$/.test(cleaned) ? numeral(cleaned.replaceAll(",", "")) : null;
    return [numeral(text), grouped].filter(Boolean);
  };
  const near = (given, key, tolerance) => {
    const scale = Math.max(given[1], key[1], tolerance[1]);
    const at = ([n, d]) => n * 10n ** BigInt(scale - d);
    const gap = at(given) - at(key);
    return (gap < 0n ? -gap : gap) <= at(tolerance);
  };

  // ---- scoring: the same rules as the engine's ------------------------------------------------------
  function share(id, response) {
    const key = data.items[id];
    if (response === null || response === undefined) return [0, 1];
    if (key.rule === "panel") return (response.length === 1 && key.shares[response[0]]) || [0, 1];
    if (key.kind === "choice") {
      const right = response.filter((a) => key.correct.includes(a)).length;
      const wrong = response.length - right;
      if (key.rule === "all-or-nothing") return right === key.correct.length && !wrong ? [1, 1] : [0, 1];
      return right > wrong ? fraction(right - wrong, key.correct.length) : [0, 1];
    }
    if (key.kind === "match") {
      const prompts = Object.keys(key.pairs);
      return fraction(prompts.filter((p) => response[p] === key.pairs[p]).length, prompts.length);
    }
    if (key.kind === "order") {
      if ([...response].sort().join() !== [...key.order].sort().join()) return [0, 1];
      if (key.order.length < 2) return [1, 1];
      let kept = 0;
      for (let i = 1; i < response.length; i += 1) if (key.order.indexOf(response[i]) === key.order.indexOf(response[i - 1]) + 1) kept += 1;
      return fraction(kept, key.order.length - 1);
    }
    if (key.kind === "numeric") {
      return readings(response).some((given) => near(given, numeral(key.value), numeral(key.tolerance))) ? [1, 1] : [0, 1];
    }
    const folded = (text) => text.toLowerCase().split(/\s+/).filter(Boolean).join(" ");
    return key.accepted.some((answer) => folded(answer) === folded(response)) ? [1, 1] : [0, 1];
  }
  window.practice = { share };

  // ---- what the learner gave --------------------------------------------------------------------------
  function response(item) {
    const kind = data.items[item.dataset.item].kind;
    if (kind === "choice") {
      const marked = [...item.querySelectorAll("input:checked")].map((input) => input.value);
      return marked.length ? marked : null;
    }
    if (kind === "match") {
      const given = {};
      for (const select of item.querySelectorAll("select")) if (select.value) given[select.dataset.prompt] = select.value;
      return Object.keys(given).length ? given : null;
    }
    if (kind === "order") return item.dataset.touched ? [...item.querySelectorAll(".steps > li")].map((li) => li.dataset.step) : null;
    const text = item.querySelector("input[type=text]").value.trim();
    return text || null;
  }

  function restore(item, given) {
    if (given === null || given === undefined) return;
    const kind = data.items[item.dataset.item].kind;
    if (kind === "choice") for (const input of item.querySelectorAll("input")) input.checked = given.includes(input.value);
    else if (kind === "match") for (const select of item.querySelectorAll("select")) select.value = given[select.dataset.prompt] || "";
    else if (kind === "order") {
      const list = item.querySelector(".steps");
      for (const step of given) { const li = [...list.children].find((entry) => entry.dataset.step === step); if (li) list.append(li); }
      item.dataset.touched = "yes";
      number(list);
    } else item.querySelector("input[type=text]").value = given;
  }

  // ---- keeping answers in this browser -----------------------------------------------------------------
  function load() {
    try { return JSON.parse(localStorage.getItem(place)) || { given: {}, checked: {} }; } catch { return { given: {}, checked: {} }; }
  }
  function save() {
    try { localStorage.setItem(place, JSON.stringify(state)); } catch { document.getElementById("unsaved").hidden = false; }
  }

  // ---- showing ------------------------------------------------------------------------------------------
  function check(item, quietly) {
    const id = item.dataset.item;
    const given = response(item);
    const box = item.querySelector(":scope > .result");
    if (given === null) { box.className = "result part"; box.textContent = "Give an answer first."; return; }
    const earned = share(id, given);
    state.given[id] = given;
    state.checked[id] = true;
    save();
    const whole = earned[0] === earned[1];
    box.className = `result ${whole ? "full" : earned[0] ? "part" : "none"}`;
    box.textContent = "";
    const line = document.createElement("p");
    const points = times(earned, data.items[id].points);
    line.textContent = `${whole ? "Right." : earned[0] ? "Partly right." : "Not right."} ${shown(points)} of ${shown(data.items[id].points)} point${shown(data.items[id].points) === "1" ? "" : "s"}.`;
    box.append(line);
    reveal(item, given);
    lock(item, true);
    summarize();
    if (!quietly) box.scrollIntoView({ block: "nearest" });
  }

  function reveal(item, given) {
    const key = data.items[item.dataset.item];
    for (const why of item.querySelectorAll(".why, .explain")) why.hidden = false;
    if (key.kind === "choice") {
      for (const label of item.querySelectorAll(".choice")) {
        const value = label.querySelector("input").value;
        label.classList.toggle("is-key", key.correct.includes(value));
        label.classList.toggle("is-miss", given.includes(value) && !key.correct.includes(value));
        label.querySelector(".mine").hidden = !given.includes(value);
      }
    }
    if (key.kind === "numeric") {
      for (const error of item.querySelectorAll("[data-error]")) {
        const mine = numeral(given), its = numeral(error.dataset.error);
        error.hidden = !(mine && near(mine, its, [0n, 0]));
      }
    }
  }

  function lock(item, on) {
    for (const control of item.querySelectorAll("input, select, .moves button")) control.disabled = on;
    item.querySelector(".check").hidden = on;
    item.querySelector(".again").hidden = !on;
  }

  function again(item) {
    delete state.checked[item.dataset.item];
    save();
    lock(item, false);
    item.querySelector(":scope > .result").textContent = "";
    item.querySelector(":scope > .result").className = "result";
    for (const why of item.querySelectorAll(".why, .explain")) why.hidden = true;
    for (const label of item.querySelectorAll(".choice")) label.classList.remove("is-key", "is-miss");
    summarize();
    const first = item.querySelector("input, select, .moves button");
    if (first) first.focus();
  }

  function summarize() {
    const checked = items.filter((item) => state.checked[item.dataset.item]);
    const of = items.reduce((sum, item) => plus(sum, data.items[item.dataset.item].points), [0, 1]);
    const earned = checked.reduce((sum, item) => plus(sum, times(share(item.dataset.item, state.given[item.dataset.item]), data.items[item.dataset.item].points)), [0, 1]);
    document.getElementById("progress").textContent = `${checked.length} of ${items.length} items checked`;
    document.getElementById("running").textContent = `${shown(earned)} of ${shown(of)} points`;
    const summary = document.getElementById("summary");
    summary.hidden = checked.length < items.length;
    if (summary.hidden) return;
    summary.querySelector(".score").textContent = `${shown(earned)} of ${shown(of)} points (${Math.floor((earned[0] * of[1] * 100) / (earned[1] * of[0]))}%)`;
    const list = summary.querySelector("ul");
    list.textContent = "";
    for (const item of items) {
      const got = share(item.dataset.item, state.given[item.dataset.item]);
      if (got[0] === got[1]) continue;
      const li = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${item.id}`;
      link.textContent = `Item ${item.dataset.number}`;
      li.append(link, ` ${item.dataset.teaches || ""}`);
      list.append(li);
    }
    summary.querySelector(".review").hidden = !list.children.length;
  }

  function number(list) {
    [...list.children].forEach((li, i, all) => {
      li.querySelector(".place").textContent = i + 1;
      const [up, down] = li.querySelectorAll(".moves button");
      if (li.closest("[data-item]").querySelector(".check").hidden) return;
      up.disabled = i === 0;
      down.disabled = i === all.length - 1;
    });
  }

  function move(button) {
    const li = button.closest("li"), list = li.parentElement, item = li.closest("[data-item]");
    if (button.dataset.move === "up" && li.previousElementSibling) li.previousElementSibling.before(li);
    if (button.dataset.move === "down" && li.nextElementSibling) li.nextElementSibling.after(li);
    item.dataset.touched = "yes";
    number(list);
    const place = [...list.children].indexOf(li) + 1;
    item.querySelector(".said").textContent = `${li.querySelector(".text").textContent.trim()}: now place ${place} of ${list.children.length}`;
    (button.disabled ? li.querySelector(".moves button:not([disabled])") : button).focus();
    remember(item);
  }

  function remember(item) {
    state.given[item.dataset.item] = response(item);
    save();
  }

  for (const item of items) {
    restore(item, state.given[item.dataset.item]);
    for (const list of item.querySelectorAll(".steps")) number(list);
    item.addEventListener("input", () => remember(item));
    item.addEventListener("submit", (event) => event.preventDefault());
    item.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.move) move(button);
      else if (button.classList.contains("check")) check(item);
      else if (button.classList.contains("again")) again(item);
    });
    item.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input[type=text]")) { event.preventDefault(); check(item); }
    });
    if (state.checked[item.dataset.item]) check(item, true);
  }
  document.getElementById("restart").addEventListener("click", () => {
    try { localStorage.removeItem(place); } catch { /* nothing was kept */ }
    location.hash = "";
    location.reload();
  });
  document.getElementById("works").hidden = false;
  summarize();
})();
