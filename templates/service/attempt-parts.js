// Parts of the page of an attempt: what an item holds, asking the server, copies of answers in this browser, a choice of two, the time.
window.coursewright = (() => {
  "use strict";
  const marks = (control) => control.type === "radio" || control.type === "checkbox";
  // as the server takes text: no control characters, nothing around it
  const clean = (text) => text.replace(/[\u0000-\u001f]+/g, " ").replace(/^[\s\u0085\ufeff]+|[\s\u0085\ufeff]+$/g, "");

  /** The same for equal values, whatever the order of their fields. */
  function keyOf(values) {
    return JSON.stringify(Object.entries(values).filter(([, list]) => list.length).map(([name, list]) => [name, [...list].sort()]).sort());
  }

  class Fields {
    constructor(section) {
      this.section = section;
      this.id = section.dataset.item;
      this.number = section.dataset.number;
      this.name = `i${this.number}`;
      this.base = section.querySelector(`[name="${this.name}-base"]`);
      this.steps = section.querySelector(".steps");
      this.said = section.querySelector(".said");
      this.clear = section.querySelector(".clear");
      if (this.steps) this.placeSteps();
      this.showClear();
    }
    get fixed() { return this.section.classList.contains("opened"); }
    get typing() { return this.section.contains(document.activeElement) && document.activeElement.type === "text"; }
    controls() {
      return [...this.section.querySelectorAll("input, select")].filter((c) => c.name && c !== this.base && c.name !== `${this.name}-mine`);
    }
    answers() { return this.controls().filter((c) => !/-(flag|sure)$/.test(c.name)); }
    answered() { return this.answers().some((c) => (marks(c) ? c.checked : clean(c.value) !== "")); }
    flagged() { return this.section.querySelector(`[name="${this.name}-flag"]`).checked; }

    /** What is on the page, a list for each field that holds something. */
    values() {
      const made = {};
      for (const c of this.controls()) {
        const value = marks(c) ? (c.checked ? c.value : "") : clean(c.value);
        if (value !== "") (made[c.name] = made[c.name] || []).push(value);
      }
      return made;
    }
    /** What the server put on the page, whatever was done to it since. */
    shown() {
      const made = {};
      for (const c of this.controls()) {
        const chosen = c.options ? [...c.options].find((o) => o.defaultSelected) : null;
        const value = marks(c) ? (c.defaultChecked ? c.value : "") : c.options ? (chosen ? chosen.value : "") : clean(c.defaultValue);
        if (value !== "") (made[c.name] = made[c.name] || []).push(value);
      }
      return made;
    }
    fill(values) {
      for (const c of this.controls()) {
        const given = values[c.name] || [];
        if (marks(c)) c.checked = given.includes(c.value);
        else if (clean(c.value) !== (given[0] || "")) c.value = given[0] || "";
      }
      if (this.steps) this.placeSteps();
      this.showClear();
    }
    /** An answer as the server keeps it, as values. */
    of(kept) {
      const made = {}, response = kept.response;
      if (response) {
        if (response.choice) made[this.name] = response.choice;
        if (response.text !== undefined) made[this.name] = [response.text];
        for (const [prompt, choice] of Object.entries(response.match || {})) made[`${this.name}-${prompt}`] = [choice];
        (response.order || []).forEach((id, k) => { made[`${this.name}-${id}`] = [String(k + 1)]; });
      }
      if (kept.confidence) made[`${this.name}-sure`] = [String(kept.confidence)];
      if (kept.flagged) made[`${this.name}-flag`] = ["1"];
      return made;
    }
    /** Values in words, for somebody who has to choose between two answers. */
    describe(values) {
      const of = (c) => (values[c.name] || [])[0];
      if (this.steps) {
        return [...this.steps.children].map((li) => [Number(of(li.querySelector("select"))), li.querySelector(".letter").textContent])
          .filter(([place]) => place).sort((a, b) => a[0] - b[0]).map(([, letter]) => letter).join(", ") || "–";
      }
      const parts = this.answers().map((c) => {
        if (marks(c)) return (values[c.name] || []).includes(c.value) ? c.closest("label").querySelector(".letter").textContent : "";
        if (!c.options) return of(c) ? `“${of(c)}”` : "";
        const chosen = [...c.options].find((o) => o.value && o.value === of(c));
        return chosen ? `${c.labels[0].textContent.trim()}: ${chosen.textContent.trim()}` : "";
      });
      return parts.filter(Boolean).join("; ") || "–";
    }

    // one mark can be taken back
    showClear() { if (this.clear) this.clear.hidden = this.fixed || !this.answered(); }
    unmark() {
      for (const c of this.answers()) c.checked = false;
      this.answers()[0].focus();
      this.showClear();
    }

    // steps stand in the order of their places
    placeSteps() {
      const all = [...this.steps.children];
      if (!this.shownOrder) this.shownOrder = all;
      const place = (li) => Number(li.querySelector("select").value) || all.length + 1;
      const focused = document.activeElement;
      [...this.shownOrder].sort((a, b) => place(a) - place(b)).forEach((li, k) => { if (this.steps.children[k] !== li) this.steps.insertBefore(li, this.steps.children[k]); });
      if (this.steps.contains(focused)) focused.focus();
      [...this.steps.children].forEach((li, k) => {
        const [up, down] = li.querySelectorAll("[data-move]");
        up.disabled = k === 0;
        down.disabled = k === all.length - 1;
      });
    }
    /** Put a step at a place (from 0); the others make room. The first move gives all of them a place. */
    moveStep(li, to, words) {
      const order = [...this.steps.children].filter((other) => other !== li);
      order.splice(to, 0, li);
      order.forEach((other, k) => { other.querySelector("select").value = String(k + 1); });
      const focused = document.activeElement;
      this.placeSteps();
      if (li.contains(focused)) (focused.disabled ? li.querySelector("[data-move]:not([disabled])") : focused).focus();
      this.said.textContent = words.moved.replace("{step}", li.querySelector(".words").textContent.trim()).replace("{n}", to + 1).replace("{all}", order.length);
    }
  }

  const GIVE_UP_MS = 15000;

  /** Ask the server: status 0 where no answer came that is one of ours. */
  async function ask(url, options, html) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), GIVE_UP_MS);
    try {
      const response = await fetch(url, { headers: { Accept: html ? "text/html" : "application/json" }, credentials: "same-origin", signal: stop.signal, ...options });
      const wait = Math.min(120, Number(response.headers.get("Retry-After")) || 0);
      const body = html ? await response.text() : await response.json().catch(() => null);
      const foreign = response.ok && !html && !body; // a hotel's page in place of ours
      return { status: foreign ? 0 : response.status, wait, answer: html ? null : body, page: html ? body : "" };
    } catch { return { status: 0, wait: 0, answer: null, page: "" }; } finally { clearTimeout(timer); }
  }

  /** Copies of answers that are not saved yet, in this browser: under the attempt's name, which no other person has. */
  class Copies {
    constructor(store) { this.store = store; this.may = true; this.works = true; }
    keep(item) {
      if (!this.may) return;
      const copy = { base: item.base.value, values: item.values(), mine: [...item.mine].slice(-50), at: Date.now() };
      try { localStorage.setItem(this.store + item.id, JSON.stringify(copy)); } catch { this.works = false; }
    }
    of(item) {
      try { return JSON.parse(localStorage.getItem(this.store + item.id) || "null"); } catch { return null; }
    }
    /** Drop the copy; with `sent` only the one that was saved, not a newer one of another tab. */
    forget(item, sent) {
      const copy = this.of(item);
      if (sent && copy && keyOf(copy.values) !== sent) return;
      try { localStorage.removeItem(this.store + item.id); } catch { /* nothing was kept */ }
    }
  }

  /** A box that says something and offers buttons: pairs of a label and what it does. */
  function choiceBox(text, choices) {
    const box = document.createElement("div"), said = document.createElement("p"), buttons = document.createElement("p");
    box.className = "problem choice-of-two";
    box.setAttribute("role", "alert");
    box.tabIndex = -1;
    said.textContent = text;
    buttons.className = "actions";
    for (const [label, act] of choices) {
      const button = document.createElement("button");
      button.type = "button"; button.className = "button second"; button.textContent = label;
      button.addEventListener("click", act);
      buttons.append(button);
    }
    box.append(said, buttons);
    return box;
  }
  /** The time that is left: counted here, put right by what the server says. ask: asks it; over: what to do at the end. */
  class Countdown {
    constructor(words, askServer, over) {
      this.box = document.getElementById("time");
      this.said = document.getElementById("time-said");
      this.announced = new Set();
      Object.assign(this, { words, askServer, over, endsAt: Infinity, last: Date.now(), turning: 0, asked: 0 });
      this.set(words.left === undefined ? null : Number(words.left));
    }
    /** Seconds that are left, as the server says; null where there is no end, or none that is near. */
    set(left) { if (left !== undefined) this.endsAt = left === null ? Infinity : Date.now() + left * 1000; }
    start() {
      this.stop();
      this.turning = setInterval(() => this.tick(), 1000);
      this.tick();
    }
    stop() { clearInterval(this.turning); }
    get left() { return Math.max(0, Math.round((this.endsAt - Date.now()) / 1000)); }
    async tick() {
      const { words } = this, slept = Date.now() - this.last > 10000;
      this.last = Date.now();
      if (slept) this.askServer();
      const { left } = this;
      this.box.hidden = left === Infinity;
      this.box.textContent = left === Infinity ? "" : left >= 60 ? words.minutes.replace("{m}", Math.ceil(left / 60)) : words.seconds.replace("{s}", left);
      this.box.className = left < 300 ? "bad" : "";
      for (const [at, text] of [[300, words.five], [60, words.one]]) {
        if (left <= at && left > at - 20 && !this.announced.has(at)) { this.announced.add(at); this.said.textContent = text; }
      }
      if (left > 0 || Date.now() - this.asked < 5000) return;
      this.asked = Date.now();
      await this.askServer(); // this clock may have been turned, or the time have been extended
      if (this.left === 0) this.over();
    }
  }
  /** What is jumped to, or has the focus, never lies under a bar that sticks to the top. */
  function keepClear(bar) {
    new ResizeObserver(() => {
      const sticks = getComputedStyle(bar).position === "sticky", focused = document.activeElement;
      document.documentElement.style.scrollPaddingTop = sticks ? `${bar.offsetHeight + 8}px` : "";
      const under = sticks && focused.closest(".items") && focused.getBoundingClientRect().top < bar.getBoundingClientRect().bottom;
      if (under && focused.getBoundingClientRect().bottom > 0) (focused.closest("label") || focused).scrollIntoView({ block: "nearest" });
    }).observe(bar);
  }
  return { Fields, keyOf, ask, Copies, choiceBox, Countdown, keepClear };
})();
