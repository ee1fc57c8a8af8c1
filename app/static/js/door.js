/* The door of a meal when the network drops: a tick that could not be sent is kept on this device, and sent again, in
   its order, once there is a network. Each form has a word of its own (`once`), so that what did arrive, and whose
   answer was lost, is done once. What is refused then is said, and stays said until it is read, on the next page too.
   Without scripts the browser's own « send again » is as safe. */
(function () {
  "use strict";

  const KEY = "reseau-door";
  const note = document.getElementById("hors-ligne");
  if (!note || !window.fetch || !window.localStorage) return;
  const REFUSED = "reseau-door-refused";
  let sending = false;

  function listed(store, key) {
    try {
      return JSON.parse(store.getItem(key)) || [];
    } catch (broken) {
      return [];
    }
  }

  function kept() {
    return listed(localStorage, KEY);
  }

  function refused() {
    return listed(sessionStorage, REFUSED);
  }

  function readButton() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button hollow";
    button.textContent = note.dataset.read;
    button.addEventListener("click", function () {
      sessionStorage.removeItem(REFUSED);
      show();
      document.getElementById("accueil").focus();
    });
    const row = document.createElement("p");
    row.className = "buttons";
    row.append(button);
    return row;
  }

  function keep(items) {
    if (items.length) localStorage.setItem(KEY, JSON.stringify(items));
    else localStorage.removeItem(KEY);
    show();
  }

  function show() {
    const items = kept();
    const faults = refused();
    const said = faults.slice();
    if (items.length) said.unshift(items.length === 1 ? note.dataset.unsentOne : note.dataset.unsentMore);
    note.hidden = said.length === 0;
    const lines = document.createElement("div");
    lines.replaceChildren(...said.map(function (words) {
      const line = document.createElement("p");
      line.textContent = words;
      return line;
    }));
    if (faults.length) lines.append(readButton());
    note.replaceChildren(lines);
    for (const old of document.querySelectorAll(".unsent")) old.remove();
    for (const item of items) {
      const line = document.querySelector('#accueil li[data-id="' + Number(item.fields.booking) + '"] .buttons');
      if (!line) continue;
      const words = document.createElement("p");
      words.className = "unsent state";
      words.textContent = note.dataset.unsentLine;
      line.before(words);
    }
  }

  function ofTheDoor(form) {
    return form && form.method === "post" && /^\/repas\/\d+\/accueil/.test(new URL(form.action).pathname);
  }

  document.addEventListener("htmx:error", function (event) {
    const source = event.detail.ctx && event.detail.ctx.sourceElement;
    const form = source && source.closest("form");
    if (!ofTheDoor(form)) return;
    const fields = {};
    for (const [name, value] of new FormData(form)) if (name !== "_csrf_token") fields[name] = value;
    const items = kept();
    if (!items.some(function (item) { return item.fields.once === fields.once; })) {
      items.push({ action: new URL(form.action).pathname, fields: fields });
    }
    keep(items);
  });

  async function send(item) {
    const body = new URLSearchParams(item.fields);
    const token = document.querySelector('input[name="_csrf_token"]');
    if (token) body.set("_csrf_token", token.value);
    const answer = await fetch(item.action, {
      method: "POST",
      body: body,
      headers: { "HX-Request": "true", "HX-Request-Type": "partial" },
    });
    if (answer.status >= 500 || answer.status === 429) throw new Error("later");
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere && !elsewhere.startsWith("/repas/")) {  /* signed out meanwhile: in again, then on */
      window.location.assign(elsewhere);
      throw new Error("later");
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.status >= 400) {
      const why = page.querySelector("#accueil .message span:not(.sr), .message span, .notice");
      const words = why ? why.textContent.trim() : answer.statusText;
      sessionStorage.setItem(REFUSED, JSON.stringify(refused().concat(words)));
    }
    const list = page.getElementById("accueil");
    if (answer.ok && !list && !elsewhere) throw new Error("later");  /* the page of some Wi-Fi, not of the door */
    const meal = window.location.pathname.split("/")[2];
    if (list && item.action.split("/")[2] === meal) {  /* what waited from another meal is done, and shown there */
      document.getElementById("accueil").replaceWith(document.adoptNode(list));
      window.htmx.process(document.getElementById("accueil"));
    }
  }

  async function flush() {
    if (sending || !kept().length) return;
    sending = true;
    try {
      while (kept().length) {
        await send(kept()[0]);
        keep(kept().slice(1));
      }
    } catch (away) {  /* still no network */
      show();
    } finally {
      sending = false;
    }
  }

  window.addEventListener("online", flush);
  document.addEventListener("htmx:after:swap", function () { show(); flush(); });
  setInterval(flush, 5000);
  show();
  flush();
})();
