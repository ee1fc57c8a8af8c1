/* What a page gains when scripts run. Everything works without it: forms post, links lead somewhere.
   Nothing here is evaluated from text, so the strictest content policy lets it run. */
(function () {
  "use strict";

  const root = document.documentElement;
  root.classList.add("js");
  if (navigator.clipboard && window.isSecureContext) root.classList.add("can-copy");

  /* Focus: the server marks one element with data-focus, here it receives the focus, once. */
  function focusMarked() {
    const marked = document.querySelector("[data-focus]");
    if (!marked) return;
    marked.removeAttribute("data-focus");
    marked.focus();
  }
  focusMarked();
  document.addEventListener("htmx:after:swap", focusMarked);

  /* A form sent once is not sent twice. The button keeps the focus, so it is not disabled: aria says it. */
  const SENT = new Map();

  function release(form) {
    const sent = SENT.get(form);
    if (!sent) return;
    SENT.delete(form);
    clearTimeout(sent.timer);
    if (sent.button) sent.button.removeAttribute("aria-disabled");
  }

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post") return;
    if (SENT.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const button = event.submitter;
    if (button) button.setAttribute("aria-disabled", "true");
    SENT.set(form, { button: button, timer: setTimeout(release, 10000, form) });
  }, true);

  document.addEventListener("htmx:finally:request", function (event) {
    const source = event.detail.ctx.sourceElement;
    const form = source && source.closest("form");
    if (form) release(form);
  });

  /* Coming back with the browser's button finds the page as it was: give the buttons back. */
  window.addEventListener("pageshow", function () {
    for (const form of Array.from(SENT.keys())) release(form);
  });

  /* data-print prints the page; data-copy="words" copies them and says so in the status beside it. */
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-print], [data-copy]");
    if (!button) return;
    if (button.hasAttribute("data-print")) {
      window.print();
      return;
    }
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      const status = button.nextElementSibling;
      if (status && status.getAttribute("role") === "status") status.textContent = button.dataset.copied;
    });
  });
})();
