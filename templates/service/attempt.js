// The page of an attempt: each answer is sent as it is given, and called saved only when the server has said so.
// What could not be sent is kept in this browser and sent again. Without this script the page works by its buttons.
(() => {
  "use strict";
  const form = document.getElementById("attempt");
  if (!form || !window.fetch || !window.FormData) return;
  const words = form.dataset;
  const saveUrl = form.getAttribute("action");
  const store = `coursewright:${saveUrl}:`;
  const items = new Map();
  const savedBox = document.getElementById("saved");
  let closed = false, signedOut = false, leaving = false;

  document.documentElement.classList.add("scripted");
  for (const el of document.querySelectorAll(".with-script")) el.hidden = false;
  for (const el of document.querySelectorAll(".no-script")) el.hidden = true;

  class Item {
    constructor(section) {
      this.section = section;
      this.id = section.dataset.item;
      this.number = section.dataset.number;
      this.base = section.querySelector(`[name="i${this.number}-base"]`);
      this.stateBox = section.querySelector(".item-state");
      this.dirty = false; this.sending = false; this.version = 0; this.timer = 0; this.tries = 0;
    }
    get fixed() { return this.section.classList.contains("opened"); }
    controls() { return [...this.section.querySelectorAll("input, select, textarea")].filter((c) => c.name && c !== this.base && c.name !== `i${this.number}-mine`); }
    values() {
      const made = {};
      for (const c of this.controls()) {
        if ((c.type === "radio" || c.type === "checkbox")) { made[c.name] = made[c.name] || []; if (c.checked) made[c.name].push(c.value); }
        else made[c.name] = [c.value];
      }
      return made;
    }
    fill(values) {
      for (const c of this.controls()) {
        const given = values[c.name] || [];
        if (c.type === "radio" || c.type === "checkbox") c.checked = given.includes(c.value);
        else c.value = given[0] === undefined ? "" : given[0];
      }
      this.mark();
    }
    answered() {
      return this.controls().some((c) => !/-(flag|sure)$/.test(c.name) && ((c.type === "radio" || c.type === "checkbox") ? c.checked : c.value.trim() !== ""));
    }
    mark() {
      const link = document.getElementById(`to-${this.number}`);
      const flag = this.section.querySelector(`[name="i${this.number}-flag"]`);
      const answered = this.answered();
      if (link) {
        link.classList.toggle("answered", answered);
        link.classList.toggle("flagged", Boolean(flag && flag.checked));
      }
      count();
    }
    say(text) { if (this.stateBox && this.stateBox.textContent !== text) this.stateBox.textContent = text; }
    changed(soon) {
      if (this.fixed || closed) return;
      this.dirty = true; this.version += 1;
      keep(this);
      this.mark();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), soon ? 0 : 700);
      tell();
    }
    async send(overwrite) {
      if (this.sending || closed || signedOut) return;
      this.sending = true;
      const version = this.version;
      const data = new FormData();
      for (const [name, list] of Object.entries(this.values())) for (const value of list) data.append(name, value);
      data.append(this.base.name, this.base.value);
      if (overwrite) data.append(`i${this.number}-mine`, "1");
      data.append("csrf_token", form.querySelector('[name="csrf_token"]').value);
      this.say(words.saving);
      let answer = null, status = 0;
      const stop = new AbortController();
      const clock = setTimeout(() => stop.abort(), 15000);
      try {
        const response = await fetch(`${saveUrl}?item=${encodeURIComponent(this.id)}`, { method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "same-origin", signal: stop.signal });
        status = response.status;
        answer = await response.json();
      } catch (error) { if (status === 200) status = 0; }
      clearTimeout(clock);
      this.sending = false;
      if (answer && answer.left !== undefined && answer.left !== null) setClock(answer.left);
      if (status === 200 && answer) return this.took(answer, version);
      if (status === 409 && answer) return this.refused(answer);
      if (status === 401) { signedOut = true; this.say(words.out); tell(); return; }
      if (status === 400 || status === 404 || status === 413) { this.say(words.refused); tell(); return; }
      this.say(words.waiting);
      this.tries += 1;
      this.timer = setTimeout(() => this.send(), Math.min(30000, 1000 * 2 ** Math.min(this.tries, 5)));
      tell();
    }
    took(answer, version) {
      const kept = answer.answers[this.id];
      if (kept) this.base.value = kept.revision;
      this.tries = 0;
      if (this.version === version) {
        this.dirty = false;
        forget(this);
        const at = kept ? new Date(kept.saved_at) : new Date();
        this.say(`${words.saved} ${at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
      } else this.send();
      tell();
    }
    refused(answer) {
      const problem = answer.problems[this.id];
      if (problem === "conflict") return this.conflict(answer.answers[this.id]);
      if (problem === "submitted" || problem === "time-over") {
        closed = true;
        this.say(words.closed);
        tell();
        leave();
        return;
      }
      this.say(words.refused);
      this.dirty = false; forget(this); tell();
    }
    conflict(kept) {
      const mine = this.values();
      this.base.value = kept.revision;
      this.fill(fieldsOf(this, kept));
      this.dirty = false; forget(this);
      this.stateBox.textContent = "";
      const box = document.createElement("span");
      box.className = "problem";
      box.textContent = `${words.elsewhere} `;
      const use = document.createElement("button");
      use.type = "button"; use.className = "button second"; use.textContent = words.mine;
      use.addEventListener("click", () => { this.fill(mine); this.dirty = true; this.version += 1; keep(this); this.send(true); });
      const leaveIt = document.createElement("button");
      leaveIt.type = "button"; leaveIt.className = "button second"; leaveIt.textContent = words.theirs;
      leaveIt.addEventListener("click", () => { this.say(words.saved); });
      box.append(use, " ", leaveIt);
      this.stateBox.append(box);
      tell();
    }
    kept(answer) {
      // what the server keeps, after the page was away
      if (this.dirty || this.sending || this.fixed || String(answer.revision) === this.base.value) return;
      this.base.value = answer.revision;
      this.fill(fieldsOf(this, answer));
    }
  }

  function fieldsOf(item, kept) {
    const n = item.number, made = {};
    const r = kept.response;
    if (r) {
      if (r.choice) made[`i${n}`] = r.choice;
      if (r.text !== undefined) made[`i${n}`] = [r.text];
      if (r.match) for (const [p, c] of Object.entries(r.match)) made[`i${n}-${p}`] = [c];
      if (r.order) r.order.forEach((id, k) => { made[`i${n}-${id}`] = [String(k + 1)]; });
    }
    made[`i${n}-sure`] = [kept.confidence ? String(kept.confidence) : ""];
    made[`i${n}-flag`] = kept.flagged ? ["1"] : [];
    return made;
  }

  function keep(item) {
    try { localStorage.setItem(store + item.id, JSON.stringify({ base: item.base.value, values: item.values() })); } catch (error) { /* full or forbidden: the page still holds it */ }
  }
  function forget(item) { try { localStorage.removeItem(store + item.id); } catch (error) { /* nothing was kept */ } }

  function count() {
    const all = items.size;
    let n = 0;
    for (const item of items.values()) if (item.answered()) n += 1;
    document.getElementById("answered").textContent = words.answered.replace("{n}", n).replace("{all}", all);
  }

  function tell() {
    const open = [...items.values()].filter((item) => item.dirty);
    let text = "";
    if (closed) text = words.closed;
    else if (signedOut) text = words.out;
    else if (open.some((item) => item.tries > 0)) text = words.waiting;
    else if (open.length) text = words.saving;
    else text = words.allSaved;
    if (savedBox.textContent !== text) savedBox.textContent = text;
    savedBox.className = closed || signedOut || open.some((item) => item.tries > 0) ? "bad" : open.length ? "" : "good";
  }

  for (const section of form.querySelectorAll(".item")) {
    const item = new Item(section);
    items.set(item.id, item);
    section.addEventListener("change", (event) => { if (event.target.name && !/-(mine|base)$/.test(event.target.name)) item.changed(true); });
    section.addEventListener("input", (event) => { if (event.target.type === "text") item.changed(false); });
  }

  // what an earlier visit could not send
  for (const item of items.values()) {
    let found = null;
    try { found = JSON.parse(localStorage.getItem(store + item.id) || "null"); } catch (error) { found = null; }
    if (!found || item.fixed) { if (found) forget(item); continue; }
    if (JSON.stringify(found.values) === JSON.stringify(item.values())) { forget(item); continue; }
    item.fill(found.values);
    item.base.value = found.base;
    item.dirty = true; item.version += 1;
    item.send();
  }
  count();
  tell();

  async function refresh() {
    if (closed) return;
    for (const item of items.values()) if (item.dirty) { signedOut = false; item.send(); }
    try {
      const response = await fetch(words.state, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!response.ok) return;
      const answer = await response.json();
      if (answer.state !== "open") { closed = true; tell(); leave(); return; }
      if (answer.left !== null) setClock(answer.left);
      for (const [id, kept] of Object.entries(answer.answers)) if (items.has(id)) items.get(id).kept(kept);
      tell();
    } catch (error) { /* no connection: nothing has changed here */ }
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  window.addEventListener("online", refresh);
  window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  form.addEventListener("submit", () => { leaving = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && !closed && [...items.values()].some((item) => item.dirty)) event.preventDefault();
  });

  // the time: counted here, put right by what the server says
  const clockBox = document.getElementById("time"), said = document.getElementById("time-said");
  let end = null;
  const announced = new Set();
  function setClock(left) { end = performance.now() + left * 1000; }
  function leave() {
    leaving = true;
    setTimeout(() => { location.href = words.home; }, 1500);
  }
  if (clockBox && words.left !== undefined) {
    setClock(Number(words.left));
    const tick = () => {
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      clockBox.textContent = left >= 60 ? words.minutes.replace("{m}", Math.ceil(left / 60)) : words.seconds.replace("{s}", left);
      clockBox.className = left < 300 ? "bad" : "";
      for (const [at, text] of [[300, words.five], [60, words.one]]) if (left <= at && left > at - 20 && !announced.has(at)) { announced.add(at); said.textContent = text; }
      if (left === 0 && !closed) {
        closed = false;
        for (const item of items.values()) if (item.dirty) item.send();
        clearInterval(turning);
        setTimeout(() => { closed = true; tell(); leave(); }, 1500);
      }
    };
    const turning = setInterval(tick, 1000);
    tick();
  }
})();
