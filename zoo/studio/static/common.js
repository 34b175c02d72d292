// What all pages share: elements, requests, jobs. Texts are set as texts, never as HTML.

const formToken = document.querySelector("meta[name=form-token]").content;

export const byId = (id) => document.getElementById(id);

// element("li", {class: "x", onclick: f}, "text", child): properties that start with "on" are listeners.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// JSON of an address; an Error with the server's sentence where it refuses.
export async function ask(address, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["X-Form-Token"] = formToken;
    if (body instanceof FormData) options.body = body;
    else {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
  }
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    throw new Error("The studio does not reply: is 'zoo studio' still running, and the file below the limit of size?");
  }
  let found = {};
  try {
    found = await reply.json();
  } catch {
    if (reply.ok) throw new Error("The studio's reply cannot be read.");
  }
  if (!reply.ok) throw new Error(found.error || `The studio refused (${reply.status}).`);
  return found;
}

// Does a button's work, once at a time. It stays focused, which a disabled one would not.
export async function busy(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return undefined;
  button.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Starts a job, shows its progress and a cancel button in `place`; its result, or null where it was cancelled.
export async function job(place, address, body) {
  const progress = element("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const doing = element("span", { class: "quiet", role: "status" }, "begins …");
  const cancel = element("button", { type: "button" }, "Cancel");
  place.replaceChildren(element("div", { class: "job" }, progress, element("div", { class: "job-line" }, cancel, doing)));
  try {
    const { job: key } = await ask(address, body);
    cancel.addEventListener("click", () => ask(`/jobs/${key}/cancel`, {}).catch(() => {}));
    for (let wait = 80; ; wait = Math.min(wait * 1.4, 1000)) {
      const found = await ask(`/jobs/${key}`);
      progress.value = found.share;
      doing.textContent = `${found.doing || found.state} · ${found.seconds.toFixed(0)} s`;
      if (found.state === "done") {
        place.replaceChildren();
        return found.result;
      }
      if (found.state === "failed") throw new Error(found.error);
      if (found.state === "cancelled") {
        place.replaceChildren(notice("Cancelled."));
        return null;
      }
      await pause(wait);
    }
  } catch (error) {
    place.replaceChildren(notice(error.message, true));
    return null;
  }
}

export function notice(sentence, wrong = false) {
  return element("p", { class: wrong ? "notice wrong" : "notice", role: wrong ? "alert" : "status" }, sentence);
}

export const percent = (share) => `${(100 * share).toFixed(share > 0.0995 || share === 0 ? 1 : 2)} %`;

export function number(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return value.toPrecision(4);
  return String(Number(value.toPrecision(5)));
}

// The command line that gives the same, with a button that copies it; null where there is none.
export function command(words) {
  if (!words) return null;
  const code = element("code", { tabindex: 0, "aria-label": "The same on the command line" }, words);
  const copy = element("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(words);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = "Selected";
    }
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return element("div", { class: "command" }, code, copy);
}

// A bar from 0 to `share`; of a signed one from the middle.
export function bar(share, signed = false) {
  const inner = element("span");
  const track = element("div", { class: signed ? "track signed" : "track", "aria-hidden": "true" }, inner);
  if (!signed) inner.style.width = `${100 * Math.max(share, 0)}%`;
  else {
    inner.className = share >= 0 ? "for" : "against";
    inner.style.left = `${share >= 0 ? 50 : 50 + 50 * share}%`;
    inner.style.right = `${share >= 0 ? 50 - 50 * share : 50}%`;
  }
  return track;
}

export function downloads(links) {
  return Object.entries(links).map(([name, address]) => element("a", { href: address, download: "" }, name));
}
