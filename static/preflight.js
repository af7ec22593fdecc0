// Keys, the side panel, the toast and the pause switch. Every page works without this file.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const remembered = (key) => { try { return localStorage.getItem(key) === "1"; } catch { return false; } };
  const remember = (key, on) => { try { localStorage.setItem(key, on ? "1" : "0"); } catch { /* private window */ } };

  // --- announcements -----------------------------------------------------------------------
  const say = (words) => { const spot = one("#announcer"); if (spot) spot.textContent = words; };

  // --- toast: ten seconds, longer while somebody is on it ------------------------------------
  let toastEnds = 0;
  const startToast = () => {
    clearTimeout(toastEnds);
    const toast = one("#toast");
    if (!toast || !toast.firstElementChild) return;
    toastEnds = setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) startToast(); else toast.replaceChildren();
    }, 10000);
  };
  const toastWords = (words) => {
    const box = document.createElement("div");
    box.textContent = words;
    one("#toast")?.replaceChildren(box);
    startToast();
  };

  // --- side panel ---------------------------------------------------------------------------
  const panel = () => one("#panel");
  let cameFrom = "";
  const openPanel = () => {
    const box = panel();
    if (!box) return;
    if (!box.open) { box.showModal(); box.scrollTop = 0; }
    (one("[data-focus]", box) || one("h2", box))?.focus();
  };
  document.addEventListener("close", (event) => {
    if (event.target === panel() && cameFrom) document.getElementById(cameFrom)?.focus();
  }, true);
  const rememberPlace = (element) => {
    cameFrom = element.closest("tr.case")?.querySelector("a.name")?.id || element.id || cameFrom;
  };

  // --- rows ---------------------------------------------------------------------------------
  const rows = () => all("tr.case");
  const currentRow = () => document.activeElement?.closest("tr.case");
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(currentRow());
    const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + step));
    one("a.name", list[next]).focus();
  };
  // A row's own button first; else the page's, which stands in no row.
  const press = (key) => {
    const row = currentRow() || rows()[0];
    const ofPage = all(`main [data-key="${key}"]`).find((button) => !button.closest("tr.case"));
    ((row && one(`[data-key="${key}"]`, row)) || ofPage)?.click();
  };
  // `g` and a letter goes to a page of the frame; the letter is awaited for a second and a half.
  let goEnds = 0;
  const go = (key) => {
    const isAwaited = Date.now() < goEnds;
    goEnds = 0;
    const link = isAwaited ? one(`nav [data-go="${CSS.escape(key)}"]`) : null;
    link?.click();
    return Boolean(link);
  };
  const deeds = {
    j: () => move(1),
    k: () => move(-1),
    d: () => press("d"),
    r: () => press("r"),
    o: () => press("o"),
    g: () => { goEnds = Date.now() + 1500; },
    u: () => (one("#toast [data-key=u]") || all("[data-key=u]").pop())?.click(),
    "?": () => one("#keys")?.showModal(),
    "/": () => (one("[data-search]") || one("[data-key='/']"))?.[one("[data-search]") ? "focus" : "click"](),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    if (remembered("keys-off") || one("dialog[open]")) return;
    if (go(event.key)) { event.preventDefault(); return; }
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (event.target.closest("a[hx-target='#panel-body']")) rememberPlace(event.target);
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      const field = document.getElementById(fill.dataset.fill);
      field.value = fill.dataset.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      event.preventDefault();
    }
    if (!button) return;
    const what = button.dataset.do;
    if (what === "close") button.closest("dialog")?.close();
    if (what === "next") move(1);
    if (what === "previous") move(-1);
    if (what === "keys") one("#keys")?.showModal();
    if (what === "print") window.print();
    if (what === "dismiss") one("#toast")?.replaceChildren();
  });

  // --- switches that this browser remembers ----------------------------------------------------
  const setUp = () => {
    all("[data-switch]").forEach((box) => {
      box.checked = remembered(box.dataset.switch);
      box.onchange = () => remember(box.dataset.switch, box.checked);
    });
  };

  // --- filters apply as they are chosen ---------------------------------------------------------
  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-instant]")) event.target.form.requestSubmit();
  });

  // --- htmx -------------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-live]") && (remembered("updates-paused") || document.hidden)) event.preventDefault();
  });
  // Settled, not swapped: only then has htmx taken charge of the panel's form.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "panel-body") openPanel();
    announceProgress();
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.id === "toast") startToast();
  });
  document.addEventListener("asked", () => { if (panel()?.open) panel().close(); });
  document.addEventListener("settled", () => {
    // The row that was done is a thin line now; go on with the one after it.
    const line = document.getElementById(cameFrom.replace("open-", "case-"));
    const behind = rows().filter((row) => line && line.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
    const next = behind[0] || rows()[0];
    if (panel()?.open) panel().close();
    (next ? one("a.name", next) : one("main"))?.focus();
  });
  document.addEventListener("htmx:responseError", () => toastWords("That did not work. Please reload the page and try again."));
  document.addEventListener("htmx:sendError", () => toastWords("No connection to the server. Nothing was changed."));

  // --- progress is announced at a quarter, a half, three quarters and the end --------------------
  let announced = null;
  const announceProgress = () => {
    const spot = one("[data-percent]");
    if (!spot) return;
    const step = Math.floor(Number(spot.dataset.percent) / 25);
    if (announced !== null && step > announced) say(`${step * 25} percent done`);
    announced = step;
  };

  const start = () => { setUp(); startToast(); announceProgress(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
