// Keeps the page as it is now: asks for it once a second and puts in the parts that changed.
"use strict";
{
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  const parts = (page) => new Map([...page.querySelectorAll("[data-part]")].map((part) => [part.id, part]));
  const sent = new Map([...parts(document)].map(([id, part]) => [id, part.innerHTML]));
  let paused = false;
  let etag = "";

  const say = (text, state) => {
    if (live.textContent !== text) live.textContent = text;
    live.className = state;
  };

  const put = (part, html) => {
    const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    const left = part.querySelector(".scroll")?.scrollLeft ?? 0;
    const focused = part.contains(document.activeElement);
    part.replaceChildren(...html.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    const scroll = part.querySelector(".scroll");
    if (scroll) scroll.scrollLeft = left;
    if (focused) scroll?.focus({ preventScroll: true });
  };

  const selecting = () => {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed;
  };

  const look = async () => {
    const answer = await fetch("/", { headers: etag ? { "if-none-match": etag } : {} });
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(`${answer.status}`);
    const fresh = parts(new DOMParser().parseFromString(await answer.text(), "text/html"));
    for (const [id, part] of parts(document)) {
      const html = fresh.get(id);
      if (!html || html.innerHTML === sent.get(id)) continue;
      sent.set(id, html.innerHTML);
      put(part, html);
    }
    etag = answer.headers.get("etag") ?? "";
  };

  const tick = async () => {
    // What somebody is copying must not go away under the pointer.
    if (!paused && !document.hidden && !selecting()) {
      try {
        await look();
        if (!paused) say("live", "on");
      } catch {
        say("the emulator doesn't answer", "off");
      }
    }
    setTimeout(tick, 1000);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    say(paused ? "paused" : "live", paused ? "" : "on");
  });
  tick();
}
