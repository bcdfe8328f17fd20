// On every page: moments in the reader's own time zone, and no answer left behind in a browser that others use.
(() => {
  "use strict";
  const PREFIX = "coursewright:/", KEPT_MS = 7 * 24 * 3600 * 1000;
  const meta = (name) => document.querySelector(`meta[name="${name}"]`);

  function drop(unwanted) {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX) && unwanted(key)) localStorage.removeItem(key);
  }
  function old(key) {
    try { return !(JSON.parse(localStorage.getItem(key)).at > Date.now() - KEPT_MS); } catch { return true; }
  }
  try {
    const done = meta("answers-done");
    drop(old);
    if (done) drop((key) => key.startsWith(`coursewright:${done.content}`));
    if (meta("signed-out")) {
      drop(() => true);
      localStorage.setItem("coursewright:out", String(Date.now())); // tells the other tabs to keep nothing either
      localStorage.removeItem("coursewright:out");
    }
  } catch { /* a browser that keeps nothing has nothing to drop */ }

  const format = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  const said = (text) => {
    const moment = new Date(text);
    return Number.isNaN(moment.getTime()) ? "" : format.format(moment);
  };
  for (const time of document.querySelectorAll("time[datetime*=T]")) time.textContent = said(time.dateTime) || time.textContent;
  for (const own of document.querySelectorAll("[data-own-time]")) { // beside a field in UTC: the same moment in the reader's own zone
    const field = document.getElementById(own.dataset.ownTime);
    const say = () => { own.textContent = field.value && said(`${field.value}Z`) ? own.dataset.words.replace("{time}", said(`${field.value}Z`)) : ""; };
    field.addEventListener("input", say);
    say();
  }
  for (const form of document.querySelectorAll("form[data-afterwards]")) form.addEventListener("submit", () => { document.getElementById(form.dataset.afterwards).hidden = false; });
})();
