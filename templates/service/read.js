// Reading and writing: keeps the reader's place, shows what a term or a citation means, and saves what is written.
// A text is called saved only when the server has said so; what could not be sent is kept in this browser and sent again.
(() => {
  "use strict";
  if (!window.fetch || !window.FormData) return;
  document.documentElement.classList.add("scripted");

  const LIMIT_MS = 15000;

  /** What the server says within the limit; status 0: nothing came. */
  async function ask(url, options) {
    const limit = new AbortController(), timer = setTimeout(() => limit.abort(), LIMIT_MS);
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", signal: limit.signal, ...options });
      return { status: response.status, text: await response.text() };
    } catch { return { status: 0, text: "" }; } finally { clearTimeout(timer); }
  }
  const memory = {
    get(name) { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* private browsing keeps nothing */ } },
    drop(name) { try { localStorage.removeItem(name); } catch { /* as above */ } },
  };

  // What is written: forms with data-autosave.
  class Draft {
    constructor(form) {
      this.form = form; this.words = form.dataset; this.url = form.getAttribute("action");
      this.store = `coursewright:${this.url}:${form.dataset.owner}`;
      this.changed = new Map(); this.timer = 0; this.sending = null; this.tries = 0;
      this.pending = null; // what was sent and not answered: sent again as it was before anything newer, so that our own words are never somebody else's
      this.may = true; // whether a copy may stay in this browser
      this.out = false; this.renewed = false; this.held = false; this.leaving = false; this.pressed = false; this.submitted = false;
      this.restore();
      const react = (event) => { if (event.target.form === form && event.target.name && event.target.type !== "hidden") this.note(event.target, event.type === "change"); };
      const resend = () => { if (!this.leaving) this.send(document.hidden); };
      document.addEventListener("input", react);
      document.addEventListener("change", react);
      form.addEventListener("submit", (event) => this.press(event));
      window.addEventListener("beforeunload", (event) => { if (this.changed.size && !this.leaving) event.preventDefault(); });
      document.addEventListener("visibilitychange", resend);
      window.addEventListener("online", resend);
      window.addEventListener("focus", () => { if (this.out) resend(); });
      window.addEventListener("pageshow", (event) => { this.leaving = false; if (event.persisted) resend(); });
      window.addEventListener("storage", (event) => { if (event.key === "coursewright:out") { this.may = false; this.forget(); } });
    }
    controls() { return [...this.form.elements].filter((c) => c.name && c.name !== "csrf_token" && c.type !== "submit"); }
    box(name) {
      let found = null;
      for (const box of document.querySelectorAll("[data-state]")) if (box.dataset.state === "" || name === `note-${box.dataset.state}` || name.startsWith(`note-${box.dataset.state}-`)) found = box;
      return found;
    }
    say(text, bad) { for (const name of this.changed.keys()) this.tell(name, text, bad); }
    tell(name, text, bad) {
      const box = this.box(name), link = Boolean(bad && this.out);
      if (!box) return;
      if (box.textContent !== text || Boolean(box.firstElementChild) !== link) {
        box.textContent = link ? "" : text;
        if (link) box.append(Object.assign(document.createElement("a"), { textContent: text, href: this.page, target: "_blank", rel: "noopener" }));
      }
      box.classList.toggle("bad", Boolean(bad));
    }
    note(control, soon) {
      if (this.submitted) return;
      this.leaving = this.held = false;
      this.changed.set(control.name, (this.changed.get(control.name) || 0) + 1);
      this.keep();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), soon ? 150 : 1200);
    }
    values() {
      const values = {};
      for (const c of this.controls()) {
        if (c.type === "radio" || c.type === "checkbox") { values[c.name] = values[c.name] || []; if (c.checked) values[c.name].push(c.value); } else values[c.name] = [c.value];
      }
      return values;
    }
    keep(handed) {
      if (this.may) memory.set(this.store, { at: Date.now(), changed: [...this.changed.keys()], values: this.values(), sent: this.pending && this.pending.fields, handed });
    }
    forget() { memory.drop(this.store); }
    restore() {
      const kept = memory.get(this.store);
      if (!kept || !Array.isArray(kept.changed)) return;
      const shown = this.values();
      const open = kept.changed.filter((name) => kept.values[name] && shown[name]);
      for (const name of open) this.changed.set(name, 1);
      if (document.querySelector(".problem, .problems")) { this.held = true; return; } // a page that says what was not kept shows what was sent; its reader decides
      for (const name of open) if (JSON.stringify(kept.values[name]) === JSON.stringify(shown[name])) this.changed.delete(name);
      if (!this.changed.size) { this.forget(); return; }
      for (const c of this.controls()) {
        const given = kept.values[c.name];
        if (!this.changed.has(c.name)) continue;
        if (c.type === "radio" || c.type === "checkbox") c.checked = given.includes(c.value); else c.value = given[0] || "";
      }
      for (const c of this.controls()) {  // based on what the page showed when it was written
        if (c.type === "hidden" && kept.values[c.name] && open.some((n) => c.name === "base" || n === c.name.replace(/^base-/, "note-") || n.startsWith(`${c.name.replace(/^base-/, "note-")}-`))) c.value = kept.values[c.name][0];
      }
      if (kept.sent) this.pending = { fields: kept.sent, versions: new Map() };
      this.say(this.words.saving);
      setTimeout(() => this.send(), 300);
    }
    /** A button of the form. What is on its way is waited for: its answer says what the page is based on. The copy stays until a page shows that it was taken. */
    async press(event) {
      if ((this.pending || this.out) && !this.leaving && !this.pressed) {
        event.preventDefault();
        this.pressed = true;
        await this.send();
        if (!this.out) this.form.requestSubmit(event.submitter);
        this.pressed = false;
        return;
      }
      this.leaving = true;
      clearTimeout(this.timer);
      if (!this.changed.size) return;
      this.pending = this.taken();
      this.keep(Boolean(event.submitter) && event.submitter.value === "submit");
    }
    taken() { return { fields: [...new FormData(this.form)].filter(([name]) => name !== "csrf_token"), versions: new Map(this.changed) }; }
    get page() { return this.url.replace(/\/notes$/, ""); }

    /** Send what is not saved, unless that is under way. */
    send(keepalive) {
      if (this.sending || this.held || this.submitted || !this.changed.size) return this.sending;
      this.sending = this.tryOnce(keepalive).then((more) => { this.sending = null; if (more) this.send(); });
      return this.sending;
    }
    /** Whether there is more to send at once. */
    async tryOnce(keepalive) {
      clearTimeout(this.timer);
      if (!this.pending) this.pending = this.taken();
      this.keep();
      this.say(this.words.saving);
      const { fields, versions } = this.pending;
      const body = new URLSearchParams([["csrf_token", this.form.querySelector('[name="csrf_token"]').value], ...fields]);
      const reply = await ask(this.url, { method: "POST", body, keepalive: Boolean(keepalive) });
      let { status } = reply, answer = null;
      try { answer = JSON.parse(reply.text); } catch { /* no word of ours */ }
      if (status >= 400 && status < 500) { this.pending = null; this.keep(); } // answered: not taken
      if (status === 409 && answer && answer.problems) return this.closed(answer.problems[""]);
      if (answer && answer.bases) return this.took(answer, versions);
      if (status === 400 && answer && answer.error === "stale" && !this.renewed) { // somebody signed in anew in another tab
        this.renewed = true;
        status = await this.renew();
        if (status === 200) return true;
      }
      this.renewed = false;
      this.out = status === 401;
      if (this.out) { this.say(this.may ? this.words.out : this.words.refused, true); return false; }
      if ([400, 404, 405, 413].includes(status)) { this.say(this.words.refused, true); return false; }
      this.say(this.may ? this.words.waiting : this.words.refused, true);
      this.tries += 1;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), Math.min(30000, 1000 * 2 ** Math.min(this.tries, 5)));
      return false;
    }
    /** Take a fresh token from the page as it is now. 401 also where it is another person's. */
    async renew() {
      const { status, text } = await ask(this.page, {});
      if (status !== 200) return status;
      const form = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("form[data-autosave]")].find((f) => f.dataset.owner === this.words.owner);
      if (!form) return 401;
      for (const field of document.querySelectorAll('[name="csrf_token"]')) field.value = form.querySelector('[name="csrf_token"]').value;
      return 200;
    }
    closed(text) {
      this.say(text, true);
      this.submitted = true;
      this.changed.clear();
      this.forget();
      return false;
    }
    took(answer, sent) {
      this.tries = 0; this.pending = null; this.out = this.renewed = false; this.may = true;
      for (const c of this.controls()) if (c.type === "hidden" && answer.bases[c.name] !== undefined) c.value = answer.bases[c.name];
      const problems = answer.problems || {};
      const at = new Date(answer.saved_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      let later = false;
      for (const [name, version] of this.changed) {
        const problem = problems[name] || Object.entries(problems).find(([p]) => p === "" || name.startsWith(`${p}-`))?.[1];
        if (sent.get(name) !== version) { later = true; continue; }
        if (problem) { this.tell(name, problem, true); continue; }
        this.tell(name, `${this.words.saved} ${at}`);
        this.changed.delete(name);
      }
      if (this.changed.size) this.keep(); else this.forget();
      return later;
    }
  }
  for (const form of document.querySelectorAll("form[data-autosave]")) new Draft(form);
  if (!document.querySelector("form[data-autosave]")) { // handed in: what was kept of it until then may go
    const ours = `coursewright:${location.pathname}:`;
    try { for (const key of Object.keys(localStorage)) if (key.startsWith(ours) && memory.get(key)?.handed) memory.drop(key); } catch { /* nothing is kept */ }
  }

  // The place: the section at the reading line, sent when the reader stays there.
  const sections = [...document.querySelectorAll("[data-section]")];
  const notes = document.getElementById("notes");
  if (sections.length && "IntersectionObserver" in window) {
    const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
    let here = "", sent = "", timer = 0, last = 0, scrolled = document.documentElement.scrollHeight <= window.innerHeight * 1.2;
    const send = async (leaving) => {
      clearTimeout(timer);
      timer = 0;
      if (!notes || !here || here === sent || !scrolled) return;
      const wanted = here, data = new FormData();
      data.append("csrf_token", notes.querySelector('[name="csrf_token"]').value);
      data.append("section", wanted);
      last = Date.now();
      if ((await ask(notes.dataset.place, { method: "POST", body: data, keepalive: Boolean(leaving) })).status === 200) sent = wanted; // else the next section tries again
    };
    const soon = () => { if (!timer) timer = setTimeout(send, Math.max(1500, last + 4000 - Date.now())); };
    const show = (id) => {
      here = id;
      for (const [anchor, link] of links) if (anchor === `sec-${id}`) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      soon();
    };
    const seen = new Set();
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) seen.add(entry.target); else seen.delete(entry.target);
      const now = sections.filter((s) => seen.has(s)).pop();
      if (now && now.dataset.section !== here) show(now.dataset.section);
    }, { rootMargin: "-20% 0px -70% 0px" });
    sections.forEach((s) => watch.observe(s));
    window.addEventListener("scroll", () => { if (!scrolled) { scrolled = true; soon(); } }, { passive: true });
    window.addEventListener("pagehide", () => send(true));
    document.addEventListener("visibilitychange", () => { if (document.hidden) send(true); });
  }

  // Terms and citations: what they mean, at the pointer or the focus. Esc sends it away.
  const card = document.createElement("div");
  card.className = "card"; card.hidden = true;
  card.setAttribute("aria-hidden", "true");  // a term is described by its definition already
  document.body.append(card);
  let about = null, waiting = 0, touched = null;
  const hide = () => { clearTimeout(waiting); card.hidden = true; about = null; };
  const open = (link) => {
    clearTimeout(waiting);
    const told = document.getElementById(link.dataset.about);
    if (!told) return;
    about = link;
    card.textContent = told.textContent.trim().replace(/\s+/g, " ");
    card.lang = link.closest("[lang]").lang;
    card.hidden = false;
    const box = link.getBoundingClientRect(), wide = document.documentElement.clientWidth;
    card.style.left = `${window.scrollX + Math.max(16, Math.min(box.left, wide - card.offsetWidth - 16))}px`;
    const above = box.bottom + card.offsetHeight + 8 > window.innerHeight && box.top > card.offsetHeight + 8;
    card.style.top = `${window.scrollY + (above ? box.top - card.offsetHeight - 6 : box.bottom + 6)}px`;
  };
  const later = (link) => { clearTimeout(waiting); waiting = setTimeout(() => (link ? open(link) : hide()), link ? 150 : 250); };
  const of = (event) => (event.target.closest ? event.target.closest("a[data-about]") : null);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (event.target.closest && event.target.closest(".card")) { clearTimeout(waiting); return; }
    const link = of(event);
    if (link && link !== about) later(link); else if (link) clearTimeout(waiting); else if (!link && (about || waiting)) later(null);
  });
  document.addEventListener("pointerdown", (event) => { const link = of(event); touched = event.pointerType === "touch" && link && link !== about ? link : null; if (!link && about) hide(); });
  document.addEventListener("click", (event) => { const link = of(event); if (link && link === touched) { event.preventDefault(); open(link); } touched = null; });
  document.addEventListener("focusin", (event) => { const link = of(event); if (link) open(link); });
  document.addEventListener("focusout", (event) => { if (of(event) === about) hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && about) hide(); });
})();
