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

  for (const time of document.querySelectorAll("time[datetime*=T]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(moment);
  }
})();
