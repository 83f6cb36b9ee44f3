// What the browser does by itself: the business clock and countdowns, the new-case sound and mark,
// the state of the connection, and pictures that are not here yet. Nothing is fetched from abroad.
(() => {
  "use strict";
  const settings = JSON.parse(document.getElementById("console-settings").textContent);
  const words = settings.words;
  const SILENT_MS = 15000; // three pulses missed: what the page shows may be old
  const pulse = { businessMs: settings.business_ms, speed: settings.speed, healthy: true };
  let pulsedAt = performance.now();
  let fresh = 0;
  const title = document.title;

  const businessNow = () => pulse.businessMs + (performance.now() - pulsedAt) * pulse.speed;

  const duration = (ms) => {
    let minutes = Math.max(1, Math.round(Math.abs(ms) / 60000));
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    minutes %= 60;
    const parts = days ? [[days, "day"], [hours, "hour"]] : [[hours, "hour"], [minutes, "minute"]];
    return parts
      .filter(([number]) => number)
      .map(([number, unit]) => (number === 1 ? words[unit] : words[`${unit}s`]).replace("{}", number))
      .join(settings.joint);
  };

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const clockText = new Intl.DateTimeFormat(settings.language === "en" ? "en-GB" : settings.language, {
    timeZone: "Asia/Shanghai",
    month: "short",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });

  const speedText = () => {
    if (pulse.speed === 1) return "";
    return pulse.speed === 0 ? words.paused : words.speed.replace("{}", pulse.speed);
  };

  const connection = () => {
    if (window.socket && !window.socket.connected) return "lost";
    if (performance.now() - pulsedAt > SILENT_MS) return "lost";
    return pulse.healthy ? "live" : "stale";
  };

  const tick = () => {
    const now = businessNow();
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = Number(element.dataset.due) - now;
      const overdue = left < 0;
      setText(element, (overdue ? words.over : words.left).replace("{}", duration(left)));
      element.closest("[data-timed]")?.classList.toggle("is-overdue", overdue);
    }
    for (const element of document.querySelectorAll("[data-since]")) {
      const pattern = words[element.dataset.pattern || "ago"];
      setText(element, pattern.replace("{}", duration(now - Number(element.dataset.since))));
    }
    const clock = document.getElementById("business-clock");
    if (clock) setText(clock, clockText.format(new Date(now)));
    const speed = document.getElementById("clock-speed");
    if (speed) {
      setText(speed, speedText());
      speed.hidden = !speedText();
    }
    const state = document.getElementById("connection");
    if (state && state.dataset.state !== connection()) {
      state.dataset.state = connection();
      setText(state.querySelector("span"), words[`connection_${connection()}`]);
    }
  };

  // --- the sound: browsers allow it only after somebody has pressed something -------------------
  const WANTED = "huanwei.sound";
  let audio = null;
  const wanted = () => localStorage.getItem(WANTED) === "on";

  const beep = () => {
    if (!wanted() || audio?.state !== "running") return;
    for (const [start, hertz] of [[0, 880], [0.22, 1175]]) {
      const tone = audio.createOscillator();
      const level = audio.createGain();
      const at = audio.currentTime + start;
      tone.frequency.value = hertz;
      level.gain.setValueAtTime(0, at);
      level.gain.linearRampToValueAtTime(0.25, at + 0.02);
      level.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
      tone.connect(level).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.21);
    }
  };

  const showSound = () => {
    const button = document.getElementById("sound");
    if (!button) return;
    const blocked = wanted() && audio?.state !== "running";
    const state = !wanted() ? "off" : blocked ? "blocked" : "on";
    button.dataset.state = state;
    button.setAttribute("aria-pressed", String(state === "on"));
    setText(button.querySelector("span"), words[`sound_${state}`]);
  };

  const allowSound = async () => {
    audio ??= new AudioContext();
    await audio.resume();
    showSound();
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("#sound");
    if (button) {
      const turnOn = button.dataset.state !== "on";
      localStorage.setItem(WANTED, turnOn ? "on" : "off");
      if (turnOn) {
        await allowSound();
        beep();
      }
      showSound();
    } else if (wanted() && audio?.state !== "running") {
      await allowSound(); // any press anywhere allows the sound that was chosen before
    }
    if (event.target.closest("[data-dismiss]")) {
      event.target.closest(".new-case").remove();
    }
  });

  // --- new cases --------------------------------------------------------------------------------
  const MOST_SHOWN = 3;
  const showNew = (notice) => {
    const shelf = document.getElementById("new-cases");
    if (!shelf) return;
    const row = document.createElement("div");
    row.className = "new-case";
    const link = document.createElement("a");
    link.href = notice.href;
    link.textContent = notice.text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.textContent = "×";
    close.setAttribute("aria-label", words.dismiss);
    row.append(link, close);
    shelf.prepend(row);
    while (shelf.children.length > MOST_SHOWN) shelf.lastElementChild.remove();
  };

  const showTitle = () => {
    document.title = fresh ? `(${fresh}) ${title}` : title;
  };
  for (const seen of ["focus", "pointerdown", "keydown"]) {
    window.addEventListener(seen, () => {
      fresh = 0;
      showTitle();
    });
  }

  // --- small conveniences -----------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.submit();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  const RETRY_MS = 3000;
  document.addEventListener(
    "error",
    (event) => {
      const picture = event.target;
      if (!picture.matches?.("img[data-picture]")) return;
      picture.closest("figure").classList.add("is-missing");
      setTimeout(() => {
        if (picture.isConnected) picture.src = `${picture.dataset.picture}?again=${Date.now()}`;
      }, RETRY_MS);
    },
    true,
  );
  document.addEventListener(
    "load",
    (event) => {
      if (event.target.matches?.("img[data-picture]")) {
        event.target.closest("figure").classList.remove("is-missing");
      }
    },
    true,
  );

  window.huanwei = {
    openReviews(count) {
      const place = document.getElementById("open-reviews");
      if (place) setText(place, count ? String(count) : "");
    },
    pulse(businessMs, speed, healthy) {
      Object.assign(pulse, { businessMs, speed, healthy });
      pulsedAt = performance.now();
      tick();
    },
    newCases(notices) {
      notices.forEach(showNew);
      fresh += notices.length;
      showTitle();
      beep();
    },
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.documentElement.lang = settings.language;
    showSound();
    tick();
    setInterval(tick, 1000);
  });
})();
