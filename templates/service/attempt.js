// The page of an attempt: each answer is sent as it is given, and called saved only when the server has said that it keeps
// exactly what is on the page. What could not be sent is kept in this browser and sent again. Without this script the page
// works by its buttons.
(() => {
  "use strict";
  const form = document.getElementById("attempt");
  if (!form || !window.fetch || !window.coursewright) return;
  const { Fields, keyOf, ask, Copies, choiceBox, Countdown, keepClear } = window.coursewright;
  const words = form.dataset;
  const saveUrl = form.getAttribute("action");
  const copies = new Copies(`coursewright:${saveUrl}:`);
  const items = new Map();
  const savedBox = document.getElementById("saved"), stopped = document.getElementById("stopped");
  const TYPING_MS = 600, AT_ONCE = 4;
  let closed = false, out = "", leaving = false; // out: "", "signed-out", "other" person
  let tries = 0, staleTries = 0, retryAt = 0, patience = 0, retryTimer = 0, inFlight = 0, sinceClean = 0, worked = false;
  const waiting = []; // those who wait for all to be saved

  document.documentElement.classList.add("scripted");

  class Item extends Fields {
    constructor(section) {
      super(section);
      this.stateBox = section.querySelector(".item-state");
      this.dirty = false; this.sending = false; this.refused = false; this.undecided = null; this.theirs = null;
      this.version = 0; this.due = 0; this.timer = 0; this.newer = null;
      this.mine = new Set(); // what this page held since the server last confirmed: none of it is somebody else's
      this.base.value = this.base.defaultValue;
    }
    say(text) { if (this.stateBox) this.stateBox.textContent = text; }
    mark() {
      const link = document.getElementById(`to-${this.number}`);
      const answered = this.answered(), flagged = this.flagged();
      link.classList.toggle("answered", answered);
      link.classList.toggle("flagged", flagged);
      link.querySelector(".what").textContent = (answered ? `, ${words.wordAnswered}` : "") + (flagged ? `, ${words.wordFlagged}` : "");
      this.showClear();
      count();
    }
    changed(typing) {
      if (this.fixed || closed) return;
      if (this.theirs) { this.undecided = this.values(); copies.keep(this); this.mark(); return; } // until somebody chooses
      this.decided();
      leaving = false;
      tries = Math.min(tries, 1); retryAt = patience; // a new answer is tried at once, unless the server asked for patience
      this.dirty = true; this.refused = false; this.newer = null; this.version += 1;
      this.mine.add(keyOf(this.values()));
      this.say("");
      copies.keep(this);
      this.mark();
      this.due = typing ? Date.now() + TYPING_MS : 0;
      clearTimeout(this.timer);
      this.timer = setTimeout(pump, typing ? TYPING_MS : 0);
      stopped.hidden = true;
      tell();
    }
    async send() {
      const version = this.version, sent = keyOf(this.values());
      const body = new URLSearchParams({ csrf_token: token(), [this.base.name]: this.base.value });
      for (const [name, list] of Object.entries(this.values())) for (const value of list) body.append(name, value);
      this.sending = true; inFlight += 1;
      this.mine.add(sent);
      const reply = await ask(`${saveUrl}?item=${encodeURIComponent(this.id)}`, { method: "POST", body, keepalive: true });
      this.sending = false; inFlight -= 1;
      if (closed) return;
      const kept = reply.answer && reply.answer.answers ? reply.answer.answers[this.id] : null;
      if (reply.status === 200 && reply.answer && reply.answer.answers) {
        tries = staleTries = 0;
        countdown.set(reply.answer.left);
        if (keyOf(kept ? this.of(kept) : {}) === sent) this.took(kept, version, sent);
        else this.refuse();
      } else if (reply.status === 409 && reply.answer && reply.answer.problems) {
        tries = 0;
        countdown.set(reply.answer.left);
        await this.contested(reply.answer.problems[this.id], kept, version);
      } else await failed(reply, this);
      settle();
    }
    took(kept, version, sent) {
      if (kept) this.base.value = kept.revision;
      copies.forget(this, sent);
      if (this.version !== version) { this.mine.delete(sent); copies.keep(this); return; }
      this.dirty = false; worked = true;
      this.mine.clear();
      const at = kept ? new Date(kept.saved_at) : new Date();
      this.say(`${words.saved} ${at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" })}`);
    }
    refuse() { this.refused = true; this.say(words.refused); }
    async contested(problem, kept, version) {
      if (problem === "opened") { copies.forget(this); await reload(this); return; }
      if (problem !== "conflict") { end(problem === "time-over" ? words.over : words.closed); return; }
      const theirs = this.of(kept);
      if (this.mine.has(keyOf(theirs))) { this.base.value = kept.revision; copies.keep(this); return; } // our own, of which no word came back
      this.undecided = this.values();
      this.dirty = false;
      if (this.typing || this.version !== version) { // nothing is put into a field that somebody is writing in
        this.theirs = { values: theirs, revision: kept.revision };
        this.say("");
        this.showChoice();
        return;
      }
      this.base.value = kept.revision; // the copy in this browser stays, with the revision that it had, until somebody decides
      this.fill(theirs);
      this.mark();
      this.say("");
      this.showChoice();
    }
    showChoice() {
      const { theirs } = this;
      if (theirs) {
        const settled = () => { this.base.value = theirs.revision; this.theirs = null; };
        this.section.append(choiceBox(words.elsewhereTyping.replace("{answer}", this.describe(theirs.values)), [
          [words.keepMine, () => { settled(); this.changed(false); this.focus(); }],
          [words.takeTheirs, () => { settled(); this.fill(theirs.values); this.mark(); this.decided(); copies.forget(this); this.say(words.saved); this.focus(); tell(); }],
        ]));
        return;
      }
      this.section.append(choiceBox(`${words.elsewhere} ${words.yours.replace("{answer}", this.describe(this.undecided))}`, [
        [words.mine, () => { this.fill(this.undecided); this.changed(false); this.focus(); }],
        [words.theirs, () => { this.decided(); copies.forget(this); this.say(words.saved); this.focus(); tell(); }],
      ]));
    }
    decided() {
      if (!this.undecided) return;
      this.undecided = null;
      this.section.querySelector(".choice-of-two").remove();
    }
    focus() { const first = this.answers().find((c) => c.checked) || this.answers()[0]; if (first) first.focus(); }
    /** What the server keeps, after the page was away: taken where nothing is under way here. */
    kept(answer) {
      if (this.fixed || this.dirty || this.sending || this.undecided || answer.revision <= Number(this.base.value)) return;
      if (this.typing) { this.newer = answer; return; }
      this.newer = null;
      this.base.value = answer.revision;
      const theirs = this.of(answer);
      if (keyOf(theirs) === keyOf(this.values())) return;
      this.fill(theirs);
      this.mark();
      this.say(words.updated);
    }
  }

  const token = () => form.querySelector('[name="csrf_token"]').value;
  const all = () => [...items.values()];

  async function failed(reply, item) {
    const { status, wait } = reply;
    if (status === 401) { out = "signed-out"; return; }
    if (status === 404) { out = "other"; return; }
    const stale = status === 400 && reply.answer && reply.answer.error === "stale"; // somebody signed in anew in another tab
    if (stale && staleTries < 2) { staleTries += 1; await refresh(); return; }
    if (item && !stale && status >= 400 && status < 500 && ![408, 425, 429].includes(status)) { item.refuse(); return; }
    staleTries = 0;
    tries += 1;
    const pause = Math.max(wait, Math.min(30, 2 ** (tries - 1))) * 1000 * (0.75 + Math.random() / 2);
    patience = Date.now() + wait * 1000;
    retryAt = Math.max(patience, Date.now() + pause);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(pump, retryAt - Date.now() + 5);
  }

  function pump() {
    if (closed || out || Date.now() < retryAt) return tell();
    for (const item of all()) {
      if (inFlight >= (tries ? 1 : AT_ONCE)) break;
      if (item.dirty && !item.sending && !item.refused && item.due <= Date.now() + 20) item.send();
    }
    return tell();
  }

  /** After each word from the server: send what is left, and let those go on who wait. */
  function settle() {
    pump();
    for (const entry of waiting.splice(0)) {
      const open = entry.those().some((item) => item.dirty), stuck = Boolean(closed || out || entry.those().some((item) => item.refused || item.undecided));
      if (open && !stuck && !tries) waiting.push(entry);
      else entry.resolve(!open && !stuck);
    }
  }

  /** Send all at once; whether everything on the page is saved, or those that are named. */
  async function flush(those = all) {
    if (out) await refresh();
    retryAt = 0;
    for (const item of all()) item.due = 0;
    return new Promise((resolve) => {
      waiting.push({ those, resolve });
      pump();
      if (!inFlight) settle();
    });
  }

  function count() {
    const n = all().filter((item) => item.answered()).length;
    document.getElementById("answered").textContent = words.answered.replace("{n}", n).replace("{all}", items.size);
  }

  let ending = "";
  function tell() {
    const open = all().filter((item) => item.dirty), link = { "signed-out": [words.signIn, words.signInUrl, true], other: [words.signIn, words.signInUrl, true] }[out];
    sinceClean = open.length ? sinceClean || Date.now() : 0;
    let text = "", bad = true;
    if (closed) text = ending;
    else if (out) text = out === "other" ? words.other : words.out;
    else if (all().some((item) => item.undecided)) text = words.decide;
    else if (all().some((item) => item.refused)) text = words.refusedSome;
    else if (open.length && tries) text = copies.works && copies.may ? words.waiting : words.unkept;
    else {
      bad = false;
      if (!open.length) text = worked || all().some((item) => item.answered()) ? words.allSaved : "";
      else if (Date.now() - sinceClean >= 400) text = words.saving; // a quick save is one announcement, not two
      else setTimeout(tell, 420);
    }
    savedBox.className = bad ? "bad" : open.length ? "" : "good";
    if (savedBox.dataset.text === text) return;
    savedBox.dataset.text = text;
    savedBox.textContent = text;
    if (closed || link) {
      const a = document.createElement("a");
      [a.textContent, a.href] = closed ? [words.toResult, words.home] : link;
      if (!closed) { a.target = "_blank"; a.rel = "noopener"; }
      savedBox.append(" ", a);
    }
  }

  // ---- items that this page has -----------------------------------------------------------------------
  function take(section) {
    const item = new Item(section);
    items.set(item.id, item);
    return item;
  }
  const itemOf = (node) => { const section = node.closest(".item"); return section && items.get(section.dataset.item); };
  for (const section of form.querySelectorAll(".item")) take(section);

  form.addEventListener("input", (event) => { const item = itemOf(event.target); if (item && event.target.type === "text") item.changed(true); });
  form.addEventListener("change", (event) => {
    const item = itemOf(event.target), control = event.target;
    if (!item || !control.name || /-(mine|base)$/.test(control.name)) return;
    if (control.type === "text" && !item.dirty) return;
    if (item.steps && item.steps.contains(control)) {
      if (control.value) item.moveStep(control.closest("li"), Number(control.value) - 1, words);
      else { for (const select of item.steps.querySelectorAll("select")) select.value = ""; item.placeSteps(); }
    }
    item.changed(false);
  });
  form.addEventListener("focusout", (event) => {
    const item = itemOf(event.target);
    if (item && item.newer) setTimeout(() => { if (item.newer) item.kept(item.newer); }, 0);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.type !== "text") return;
    event.preventDefault(); // a page's Enter would press its first button
    flush();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button"), item = button && itemOf(button);
    if (!item) return;
    if (button.dataset.move) {
      const li = button.closest("li");
      item.moveStep(li, [...item.steps.children].indexOf(li) + (button.dataset.move === "up" ? -1 : 1), words);
      item.changed(false);
    } else if (button.classList.contains("clear")) { item.unmark(); item.changed(false); }
  });

  // ---- checking an item, handing in, leaving ---------------------------------------------------------------
  /** Put an item as the server shows it now in the place of ours. */
  function replace(item, page) {
    const fresh = new DOMParser().parseFromString(page, "text/html").getElementById(item.section.id);
    if (!fresh || fresh.dataset.item !== item.id) return false;
    clearTimeout(item.timer);
    item.section.replaceWith(document.adoptNode(fresh));
    take(fresh).mark();
    return fresh.classList.contains("opened");
  }
  async function reload(item) {
    const reply = await ask(words.page, {}, true);
    if (reply.status !== 200) return failed(reply);
    if (!replace(item, reply.page)) return undefined;
    const note = document.createElement("p");
    note.className = "problem";
    note.setAttribute("role", "status");
    note.textContent = words.final;
    return items.get(item.id).section.append(note);
  }
  async function check(item) {
    if (!item.answered()) { item.say(words.first); item.focus(); return; }
    item.say("");
    if (!await flush(() => [item])) { item.say(words.checkLater); if (item.undecided) item.section.querySelector(".choice-of-two").focus(); return; }
    const body = new URLSearchParams({ csrf_token: token(), then: `open:${item.id}` });
    const reply = await ask(saveUrl, { method: "POST", body }, true);
    if (reply.status === 200 && replace(item, reply.page)) { items.get(item.id).section.querySelector(".result").focus(); return; }
    item.say(words.checkLater);
    if (reply.status === 200 || reply.status === 400) await refresh();
    else await failed(reply);
    tell();
  }
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    stopped.hidden = true;
    const then = event.submitter ? event.submitter.value : "";
    try {
      if (then.startsWith("open:")) await check(items.get(then.slice(5)));
      else if (then !== "review") await flush();
      else if (await flush() && await refresh()) { leaving = true; location.href = words.review; }
      else {
        const undecided = all().find((item) => item.undecided || item.refused);
        stopped.textContent = undecided ? words.decide : words.stopped;
        stopped.hidden = false;
        if (undecided) (undecided.section.querySelector(".choice-of-two") || undecided.section).focus();
      }
    } finally { busy = false; }
  });
  // a link or a form of the page's head waits a moment for what is under way
  const soon = (work) => Promise.race([work, new Promise((resolve) => { setTimeout(resolve, 2500); })]);
  document.addEventListener("click", async (event) => {
    const a = event.target.closest("a[href]");
    if (!a || event.defaultPrevented || a.target || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || a.getAttribute("href").startsWith("#")) return;
    if (!all().some((item) => item.dirty) || closed) return;
    event.preventDefault();
    await soon(flush());
    location.href = a.href;
  });
  for (const other of document.forms) {
    if (other !== form) other.addEventListener("submit", async (event) => {
      if (!all().some((item) => item.dirty) || closed) return;
      event.preventDefault();
      await soon(flush());
      if (event.submitter && event.submitter.name) other.append(Object.assign(document.createElement("input"), { type: "hidden", name: event.submitter.name, value: event.submitter.value }));
      other.submit();
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && !closed && all().some((item) => item.dirty || item.undecided)) { event.preventDefault(); event.returnValue = true; }
  });

  // ---- coming back ------------------------------------------------------------------------------------------
  /** What the server keeps, a fresh token, the time that is left. Whether it answered. */
  async function refresh() {
    if (closed) return false;
    const reply = await ask(words.state, {});
    if (closed) return false;
    if (reply.status !== 200) {
      if (reply.status === 401) out = "signed-out";
      else if (reply.status === 404) out = "other";
      else await failed(reply);
      tell();
      return false;
    }
    const { answer } = reply;
    for (const field of document.querySelectorAll('[name="csrf_token"]')) field.value = answer.csrf;
    if (answer.state !== "open") { end(countdown.left === 0 ? words.over : words.closed); return false; }
    if (!copies.may) { copies.may = true; for (const item of all()) if (item.dirty) copies.keep(item); }
    out = ""; tries = 0; retryAt = 0;
    for (const item of all()) item.refused = false;
    countdown.set(answer.left);
    for (const [id, kept] of Object.entries(answer.answers)) {
      const item = items.get(id);
      if (kept.opened && !item.fixed && !item.sending) { copies.forget(item); await reload(item); } else item.kept(kept);
    }
    settle();
    return true;
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    else { for (const item of all()) item.due = 0; pump(); } // perhaps the last that this page can do
  });
  window.addEventListener("pagehide", () => { for (const item of all()) item.due = 0; pump(); });
  window.addEventListener("online", refresh);
  window.addEventListener("focus", () => { if (out) refresh(); });
  window.addEventListener("pageshow", (event) => { leaving = false; if (event.persisted) refresh(); });
  window.addEventListener("storage", (event) => { if (event.key === "coursewright:out") copies.may = false; });
  setInterval(() => { if (out && !document.hidden) refresh(); }, 15000);

  // ---- the end ------------------------------------------------------------------------------------------------
  const countdown = new Countdown(words, refresh, over);
  /** No more answers are taken: stop, and show the result; stay, where something on the page was not taken. */
  function end(text) {
    if (closed) return;
    const lost = all().filter((item) => item.dirty || item.undecided).length;
    closed = true;
    countdown.stop();
    ending = lost ? `${text} ${words.lost.replace("{n}", lost)}` : text;
    lock(true);
    tell();
    settle();
    if (!lost) { leaving = true; setTimeout(() => { location.href = words.home; }, 1500); }
  }
  const lock = (locked) => { for (const set of form.querySelectorAll("fieldset")) set.disabled = locked; };
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  /** The time is over by this clock. Only the server ends an attempt: until it has said so, what is unsaved is sent, and where more time was
   *  given the page goes on. */
  async function over() {
    countdown.stop();
    lock(true);
    for (let turn = 0; !closed && countdown.left === 0; turn += 1) {
      if (turn) await pause(Math.min(5000, 500 * turn));
      const allIn = !out && await flush();
      if (closed || countdown.left > 0) break;
      if (allIn) await ask(words.review, { method: "POST", body: new URLSearchParams({ csrf_token: token(), overdue: "1" }) }, true);
      await refresh(); // an attempt that was handed in ends here
    }
    if (closed) return;
    lock(false);
    countdown.start();
    tell();
  }
  countdown.start();
  keepClear(document.getElementById("status"));

  // ---- what an earlier visit could not send, and what was done before this script ran --------------------------
  for (const item of all()) {
    const copy = copies.of(item), shown = keyOf(item.shown());
    const contested = item.section.querySelector(`[name="${item.name}-mine"]`);
    if (item.fixed || (copy && keyOf(copy.values) === shown)) { copies.forget(item); continue; }
    if (copy) {
      item.fill(copy.values);
      item.base.value = copy.base;
      item.mine = new Set(copy.mine);
    } else if (keyOf(item.values()) === shown && !contested) continue;
    if (contested) { item.section.querySelector(".contested").remove(); item.mine.clear(); }
    item.dirty = true; item.version += 1;
    item.mine.add(keyOf(item.values()));
    copies.keep(item);
  }
  for (const item of all()) item.mark();
  pump();
})();
