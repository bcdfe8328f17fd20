"use strict";
(() => {
  const stage = document.querySelector("main");
  const frames = [...document.querySelectorAll(".frame")];
  const last = frames.length - 1;
  const speaker = location.hash === "#speaker";
  let at = 0;
  let other = speaker ? window.opener : null;

  const clamp = (n) => Math.max(0, Math.min(last, n));

  function fit(frame, box) {
    const width = frame.offsetWidth, height = frame.offsetHeight;
    const scale = Math.min(box.clientWidth / width, box.clientHeight / height);
    return { scale, x: -width * scale / 2, y: -height * scale / 2 };
  }

  function show(n, tell = true) {
    at = clamp(n);
    frames.forEach((frame, i) => { frame.hidden = i !== at; });
    const frame = frames[at];
    const { scale, x, y } = fit(frame, stage);
    frame.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    document.getElementById("where").textContent = `Slide ${at + 1} of ${last + 1}`;
    if (!speaker) history.replaceState(null, "", `#${at + 1}`);
    if (tell && other && !other.closed) other.postMessage({ coursewright: "show", at }, "*");
  }

  function present() {
    stage.classList.add("live");
    document.querySelector(".controls").hidden = false;
    show(clamp((parseInt(location.hash.slice(1), 10) || 1) - 1), false);
    addEventListener("resize", () => show(at, false));
  }

  // ---- the speaker's window: this slide, the next, the notes, the clock -------------------------------
  function assist() {
    document.body.textContent = "";
    document.body.className = "speaker";
    const part = (name) => { const made = document.createElement("div"); made.className = name; document.body.append(made); return made; };
    const now = part("now"), next = part("next"), notes = part("notes-pane"), clock = part("clock");
    notes.tabIndex = 0;
    const started = Date.now();
    setInterval(() => { const s = Math.floor((Date.now() - started) / 1000); clock.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`; }, 500);
    const put = (box, frame) => {
      box.textContent = "";
      if (!frame) return;
      const copy = frame.cloneNode(true);
      copy.hidden = false;
      box.append(copy);
      const scale = Math.min(box.clientWidth / copy.offsetWidth, (innerHeight * 0.55) / copy.offsetHeight);
      copy.style.transform = `scale(${scale})`;
      box.style.height = `${copy.offsetHeight * scale}px`;
    };
    const draw = () => {
      put(now, frames[at]);
      put(next, frames[at + 1]);
      const words = frames[at].querySelector(".notes-text");
      notes.innerHTML = words ? words.innerHTML : "";
      document.title = `Slide ${at + 1} of ${last + 1}`;
    };
    window.go = (n, tell = true) => { at = clamp(n); draw(); if (tell && other && !other.closed) other.postMessage({ coursewright: "show", at }, "*"); };
    addEventListener("resize", draw);
    if (other) other.postMessage({ coursewright: "where" }, "*");
    draw();
  }

  const go = (n) => (speaker ? window.go(n) : show(n));
  addEventListener("message", (event) => {
    if (event.source !== other || !event.data) return;
    if (event.data.coursewright === "show" && Number.isInteger(event.data.at)) { if (speaker) window.go(event.data.at, false); else show(event.data.at, false); }
    if (event.data.coursewright === "where") other.postMessage({ coursewright: "show", at }, "*");
  });

  const help = () => { const box = document.querySelector(".help"); if (box) box.hidden = !box.hidden; };
  const assistant = () => { if (!speaker) other = window.open(location.href.split("#")[0] + "#speaker", "speaker", "width=1100,height=760"); };
  const whole = () => { if (document.fullscreenElement) document.exitFullscreen(); else document.documentElement.requestFullscreen(); };
  const keys = {
    ArrowRight: () => go(at + 1), ArrowDown: () => go(at + 1), PageDown: () => go(at + 1), " ": () => go(at + 1), Enter: () => go(at + 1),
    ArrowLeft: () => go(at - 1), ArrowUp: () => go(at - 1), PageUp: () => go(at - 1), Backspace: () => go(at - 1),
    Home: () => go(0), End: () => go(last), s: assistant, f: whole, "?": help, h: help, Escape: () => { const box = document.querySelector(".help"); if (box) box.hidden = true; },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, a, .notes-pane") && [" ", "Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    const action = keys[event.key] || keys[event.key.toLowerCase()];
    if (action) { event.preventDefault(); action(); }
  });
  let from = null;
  addEventListener("touchstart", (event) => { from = event.touches.length === 1 ? [event.touches[0].clientX, event.touches[0].clientY] : null; }, { passive: true });
  addEventListener("touchend", (event) => {
    if (!from) return;
    const dx = event.changedTouches[0].clientX - from[0], dy = event.changedTouches[0].clientY - from[1];
    if (Math.abs(dx) > 40 && Math.abs(dx) > 2 * Math.abs(dy)) go(dx < 0 ? at + 1 : at - 1);
    from = null;
  }, { passive: true });

  if (speaker) { assist(); return; }
  const on = (id, action) => document.getElementById(id).addEventListener("click", action);
  on("back", () => go(at - 1)); on("on", () => go(at + 1)); on("speak", assistant); on("full", whole); on("helps", help);
  present();
})();
