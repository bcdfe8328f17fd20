// Reading and writing: keeps the reader's place, shows what a term or a citation means, and saves what is written.
// A text is called saved only when the server has said so; what could not be sent is kept in this browser and sent again.
(() => {
  "use strict";
  if (!window.fetch || !window.FormData) return;
  document.documentElement.classList.add("scripted");

  const post = (url, data, keepalive) => fetch(url, { method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "same-origin", keepalive: Boolean(keepalive) });
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
      this.changed = new Map(); this.timer = 0; this.sending = false; this.tries = 0; this.stopped = false;
      this.restore();
      const react = (event) => { if (event.target.form === form && event.target.name && event.target.type !== "hidden") this.note(event.target, event.type === "change"); };
      document.addEventListener("input", react);
      document.addEventListener("change", react);
      form.addEventListener("submit", () => { this.leaving = true; this.forget(); });
      window.addEventListener("beforeunload", (event) => { if (this.changed.size && !this.leaving) event.preventDefault(); });
      document.addEventListener("visibilitychange", () => { if (document.hidden && this.changed.size) this.send(true); });
      window.addEventListener("online", () => { if (this.changed.size) this.send(); });
    }
    controls() { return [...this.form.elements].filter((c) => c.name && c.name !== "csrf_token" && c.type !== "submit"); }
    box(name) {
      let found = null;
      for (const box of document.querySelectorAll("[data-state]")) if (box.dataset.state === "" || name === `note-${box.dataset.state}` || name.startsWith(`note-${box.dataset.state}-`)) found = box;
      return found;
    }
    say(text, bad) { for (const name of this.changed.keys()) this.tell(name, text, bad); }
    tell(name, text, bad) {
      const box = this.box(name);
      if (!box) return;
      if (box.textContent !== text) box.textContent = text;
      box.classList.toggle("bad", Boolean(bad));
    }
    note(control, soon) {
      if (this.leaving) return;
      this.changed.set(control.name, (this.changed.get(control.name) || 0) + 1);
      this.keep();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), soon ? 150 : 1200);
    }
    keep() {
      const values = {};
      for (const c of this.controls()) {
        if (c.type === "radio" || c.type === "checkbox") { values[c.name] = values[c.name] || []; if (c.checked) values[c.name].push(c.value); } else values[c.name] = [c.value];
      }
      memory.set(this.store, { at: Date.now(), changed: [...this.changed.keys()], values });
    }
    forget() { memory.drop(this.store); }
    restore() {
      const kept = memory.get(this.store);
      if (!kept || !Array.isArray(kept.changed)) return;
      for (const name of kept.changed) {
        const given = kept.values[name];
        if (!given) continue;
        for (const c of this.controls()) {
          if (c.name !== name) continue;
          if (c.type === "radio" || c.type === "checkbox") c.checked = given.includes(c.value); else c.value = given[0] || "";
        }
        this.changed.set(name, 1);
      }
      for (const c of this.controls()) {  // based on what the page showed when it was written
        if (c.type === "hidden" && kept.values[c.name] && kept.changed.some((n) => c.name === "base" || n === c.name.replace(/^base-/, "note-") || n.startsWith(`${c.name.replace(/^base-/, "note-")}-`))) c.value = kept.values[c.name][0];
      }
      if (this.changed.size) setTimeout(() => this.send(), 300);
    }
    async send(keepalive) {
      if (this.sending || this.stopped || !this.changed.size) return;
      this.sending = true;
      const sent = new Map(this.changed);
      this.say(this.words.saving);
      let status = 0, answer = null;
      try {
        const response = await post(this.url, new FormData(this.form), keepalive);
        status = response.status;
        answer = await response.json();
      } catch { if (status < 300) status = 0; }
      this.sending = false;
      if (answer && answer.bases) return this.took(answer, sent);
      if (status === 401) { this.say(this.words.out, true); this.stopped = true; return; }
      if ([400, 404, 405, 413].includes(status)) { this.say(this.words.refused, true); return; }
      this.say(this.words.waiting, true);
      this.tries += 1;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), Math.min(30000, 1000 * 2 ** Math.min(this.tries, 5)));
    }
    took(answer, sent) {
      this.tries = 0;
      for (const c of this.controls()) if (c.type === "hidden" && answer.bases[c.name] !== undefined) c.value = answer.bases[c.name];
      const problems = answer.problems || {};
      const at = new Date(answer.saved_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      let later = false;
      for (const [name, version] of sent) {
        const problem = problems[name] || Object.entries(problems).find(([p]) => p === "" || name.startsWith(`${p}-`))?.[1];
        if (this.changed.get(name) !== version) { later = true; continue; }
        if (problem) { this.tell(name, problem, true); continue; }
        this.tell(name, `${this.words.saved} ${at}`);
        this.changed.delete(name);
      }
      if (this.changed.size) this.keep(); else this.forget();
      if (later) this.send();
    }
  }
  for (const form of document.querySelectorAll("form[data-autosave]")) new Draft(form);

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
      try { if ((await post(notes.dataset.place, data, leaving)).ok) sent = wanted; } catch { /* the next section tries again */ }
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
