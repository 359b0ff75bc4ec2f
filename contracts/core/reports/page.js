// Filters the claims. What is chosen stands in the address, so that a view can be sent to somebody.
"use strict";
const form = document.getElementById("filter");
const claims = [...document.querySelectorAll("#claims details.claim")].map((row) => (
  { row, text: row.textContent.toLowerCase(), verdict: row.dataset.verdict, source: row.dataset.source }));

function apply() {
  const chosen = new FormData(form);
  const words = chosen.get("q").toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = chosen.getAll("verdict"), sources = chosen.getAll("source");
  let shown = 0;
  for (const { row, text, verdict, source } of claims) {
    const fits = (!verdicts.length || verdicts.includes(verdict)) && (!sources.length || sources.includes(source))
      && words.every((word) => text.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  for (const vendor of document.querySelectorAll(".vendor")) {
    vendor.hidden = shown < claims.length && !vendor.querySelector("details.claim:not([hidden])");
  }
  document.getElementById("shown").value = `${shown} of ${claims.length} claims`;
}

function keep() {
  const chosen = [...new FormData(form)].filter(([, value]) => value);
  const address = chosen.length ? `#${new URLSearchParams(chosen)}` : location.pathname + location.search;
  try { history.replaceState(null, "", address); } catch { /* a page that was opened in a frame may not */ }
}

function take() {
  if (!location.hash.includes("=")) return;
  const wanted = new URLSearchParams(location.hash.slice(1));
  form.elements.q.value = wanted.get("q") ?? "";
  for (const box of form.querySelectorAll("[type=checkbox]")) box.checked = wanted.getAll(box.name).includes(box.value);
}

form.hidden = false;
form.addEventListener("input", () => { apply(); keep(); });
form.addEventListener("reset", () => setTimeout(() => { apply(); keep(); }));
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => { take(); apply(); });
addEventListener("beforeprint", () => {
  for (const row of document.querySelectorAll("details.failed, details.error")) row.open = true;
});
take();
apply();
