// The page of one model: give, ask, explain, change, fool, errors, graph.

import { ask, busy, byId, command, downloads, element, job, notice, number, percent } from "./common.js";
import { fieldOf, fill } from "./form.js";
import { Painting } from "./paint.js";
import { explanation, prediction, words } from "./show.js";

const here = `/models/${byId("studio").dataset.model}`;
const USUALLY_CHOSEN = 2; // methods
let about = null;
let current = null; // the sample that the page is about
let original = null; // the one that was painted on

const tools = () => ({
  tool: document.querySelector("input[name=tool]:checked").value,
  colour: byId("colour").value,
  size: Number(byId("size").value),
});
const painting = new Painting(byId("canvas"), tools);

function say(error) {
  byId("sample-error").textContent = error ? error.message : "";
  byId("sample-error").hidden = !error;
}


async function open() {
  try {
    about = await ask(`${here}/about`);
  } catch (error) {
    byId("about").replaceChildren(notice(error.message, true));
    return;
  }
  const size = about.parameters === null ? "" : ` · ${about.parameters.toLocaleString("en")} parameters`;
  byId("about").textContent = `predicts ${about.outputs.map((each) => each.name).join(", ")}${size}`;
  byId("fields").replaceChildren(...about.fields.map(fieldOf));
  byId("example-form").hidden = byId("errors").hidden = !about.trained;
  byId("methods").replaceChildren(
    ...about.methods.map((name, place) =>
      element("label", { class: "check" }, element("input", { type: "checkbox", value: name, checked: place < USUALLY_CHOSEN }), name),
    ),
  );
  byId("why-output").replaceChildren(...about.outputs.map((each) => element("option", { value: each.output }, each.name)));
  const layers = about.layers.map((each, place) => element("option", { value: place ? each : "" }, place ? each : `${each} (the last)`));
  byId("why-layer").replaceChildren(...layers);
  byId("layer-field").hidden = layers.length < 2;
  showLabels();
}

function showLabels() {
  const output = about.outputs.find((each) => each.output === byId("why-output").value);
  byId("why-labels").replaceChildren(...(output ? output.labels : []).map((each) => element("option", { value: each })));
  byId("why-label").value = "";
}

// Shows a sample that the server knows, and what was predicted.
function show(found) {
  current = found;
  const pictures = Object.values(found.pictures);
  byId("says-nothing").hidden = true;
  byId("says").hidden = false;
  const texts = about.fields.filter((each) => each.kind === "text" && found.row !== null && found.values[each.name]);
  byId("said-of").replaceChildren(
    ...pictures.map((address) => element("img", { class: "shown-picture", src: address, alt: found.title })),
    ...texts.map((each) => element("p", { class: "shown-text", tabindex: 0 }, found.values[each.name])),
    element("p", { class: "quiet" }, found.title),
  );
  byId("prediction").replaceChildren(...prediction(found.prediction, found.true));
  const address = `/samples/${found.sample}`;
  byId("prediction-downloads").replaceChildren(
    ...downloads({
      CSV: `${address}/prediction.csv`,
      JSON: `${address}/prediction.json`,
      ...(found.command.endsWith("row.csv") ? { "row.csv": `${address}/row.csv` } : {}),
    }),
  );
  byId("prediction-command").replaceChildren(...(found.command ? [command(found.command)] : []));
  byId("why").hidden = about.methods.length === 0;
  for (const section of document.querySelectorAll(".needs-picture")) section.hidden = pictures.length !== 1;
  byId("explanations").replaceChildren();
  byId("why-job").replaceChildren();
  byId("opacity-field").hidden = true;
  byId("fooled")?.replaceChildren();
}

// Shows a sample anew: one to paint on, if it has a picture.
async function showNew(found) {
  show(found);
  original = found;
  byId("before-after").replaceChildren();
  const pictures = Object.values(found.pictures);
  if (pictures.length === 1) await painting.open(pictures[0]);
}

byId("sample-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const filled = new FormData();
  for (const [name, value] of form) if (!(value instanceof File) || value.name) filled.append(name, value);
  busy(byId("ask"), async () => {
    say(null);
    try {
      await showNew(await ask(`${here}/samples`, filled));
    } catch (error) {
      say(error);
    }
  });
});

async function showExample(row) {
  say(null);
  try {
    const found = await ask(`${here}/examples`, { row });
    byId("example-row").value = found.row + 1;
    byId("example-row").max = found.rows;
    fill(byId("sample-form"), found.values);
    await showNew(found);
    return true;
  } catch (error) {
    say(error);
    return false;
  }
}

byId("example-form").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(byId("example-show"), () => showExample(Math.max(0, Number(byId("example-row").value) - 1)));
});
byId("example-any").addEventListener("click", (event) => busy(event.target, () => showExample(-1)));

byId("why-output").addEventListener("change", showLabels);
byId("why-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const methods = [...byId("methods").querySelectorAll("input:checked")].map((each) => each.value);
  if (!methods.length) {
    byId("why-job").replaceChildren(notice("Choose a method.", true));
    return;
  }
  const wanted = {
    sample: current.sample,
    methods,
    output: byId("why-output").value,
    label: byId("why-label").value,
    layer: byId("why-layer").value,
    check: byId("why-check").checked,
  };
  busy(event.submitter || event.target.querySelector("button"), async () => {
    const found = await job(byId("why-job"), `${here}/explanations`, wanted);
    if (!found || current.sample !== wanted.sample) return;
    byId("explanations").replaceChildren(...found.map(explanation));
    byId("opacity-field").hidden = !found.some((each) => each.sense === "picture");
    setOpacity();
  });
});

function setOpacity() {
  for (const over of document.querySelectorAll(".layers .over")) over.style.opacity = byId("opacity").value / 100;
}
byId("opacity").addEventListener("input", setOpacity);

byId("undo").addEventListener("click", () => painting.undo());
byId("restore").addEventListener("click", () => painting.restore());
byId("ask-again").addEventListener("click", (event) =>
  busy(event.target, async () => {
    const filled = new FormData(byId("sample-form"));
    const picture = about.fields.find((each) => each.kind === "picture").name;
    for (const each of about.fields) if (each.kind === "picture") filled.delete(`file:${each.name}`);
    const asked = JSON.stringify([...filled]); // the other fields
    const base = original;
    try {
      if (base.asked !== asked) {
        // The canvas is smaller than the file: only strokes must differ between the two.
        const plain = new FormData();
        for (const [name, value] of filled) plain.append(name, value);
        plain.append(`file:${picture}`, await painting.file("picture.png", false));
        base.before = (await ask(`${here}/samples`, plain)).prediction;
        base.asked = asked;
      }
      filled.append(`file:${picture}`, await painting.file("changed.png"));
      const found = await ask(`${here}/samples`, filled);
      if (original !== base) return;
      show(found);
      byId("before-after").replaceChildren(changes(base.before, found.prediction));
    } catch (error) {
      byId("before-after").replaceChildren(notice(error.message, true));
    }
  }),
);

function said(output) {
  if (output.kind === "number") return `${number(output.value)} ${output.unit || ""}`.trim();
  return output.share === null ? output.said : `${output.said} (${percent(output.share)})`;
}

function changes(before, after) {
  const rows = before.outputs.map((output, place) =>
    element("tr", {}, element("th", { scope: "row" }, output.name), element("td", {}, said(output)), element("td", {}, said(after.outputs[place]))),
  );
  const head = element("tr", {}, ...["output", "before", "as painted"].map((each) => element("th", { scope: "col" }, each)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

byId("strength")?.addEventListener("input", () => (byId("strength-told").textContent = `${byId("strength").value}/255`));
byId("fool-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = { sample: current.sample, method: byId("attack-method").value, strength: byId("strength").value / 255 };
  busy(event.submitter || event.target.querySelector("button"), async () => {
    const found = await job(byId("fool-job"), `${here}/attacks`, wanted);
    if (found && current.sample === wanted.sample) byId("fooled").replaceChildren(...fooled(found));
  });
});

function fooled(found) {
  const notes = found.notes.map((each) => element("p", { class: "quiet" }, each));
  if (!found.fooled) {
    const told = `The prediction stays: no change of at most ${number(255 * found.strength)}/255 of a pixel's range was found.`;
    return [element("div", { class: "shown wide" }, notice(told), ...notes, command(found.command))];
  }
  const told = `${words(found.before.label)} (${percent(found.before.share)}) became ${words(found.after.label)} (${percent(found.after.share)}).`;
  const figure = (key, caption) =>
    element("figure", { class: "shown" }, element("div", { class: "layers" }, element("img", { src: `/pictures/${key}.png`, alt: caption })), element("figcaption", { class: "summary" }, caption));
  return [
    figure(found.changed, told),
    figure(found.difference, "What was changed, eight times as strong, around grey."),
    element("div", { class: "shown wide" }, ...notes, command(found.command)),
  ];
}

byId("show-errors").addEventListener("click", (event) =>
  busy(event.target, async () => {
    const found = await job(byId("errors-job"), `${here}/errors`, {});
    if (!found) return;
    const links = element("p", { class: "downloads" }, ...downloads({ CSV: `${here}/errors.csv` }));
    byId("errors-table").replaceChildren(links, ...found.outputs.map((each) => errorTable(each, found)));
  }),
);

function errorTable(output, found) {
  const pictures = about.fields.some((each) => each.kind === "picture");
  const heads = [pictures ? "picture" : null, "row", "truth", "predicted", "loss", ""].filter((each) => each !== null);
  const rows = output.errors.map((error) => {
    const look = element("button", { type: "button", "aria-label": `Look at row ${error.row + 1}` }, "Look");
    look.addEventListener("click", async () => {
      if (await showExample(error.row)) byId("says-title").scrollIntoView();
    });
    const guess = error.probability ? `${error.predicted} (${percent(error.probability[1])})` : error.predicted;
    const thumbnail = () => element("img", { src: `${here}/rows/${error.row}.png`, alt: `row ${error.row + 1}`, loading: "lazy", width: 56, height: 56 });
    return element(
      "tr",
      {},
      pictures ? element("td", { class: "thumb" }, thumbnail()) : null,
      element("td", {}, error.text && !pictures ? `${error.row + 1}: ${error.text}` : String(error.row + 1)),
      element("td", {}, error.true),
      element("td", {}, guess),
      element("td", { class: "number" }, number(error.loss)),
      element("td", { class: "do" }, look),
    );
  });
  const caption = `${output.output}: the worst ${output.errors.length.toLocaleString("en")} of ${found.rows.toLocaleString("en")} rows of ${found.name}`;
  const head = element("tr", {}, ...heads.map((each) => element("th", { scope: "col", class: each === "loss" ? "number" : null }, each)));
  return element("div", { class: "scroll" }, element("table", { class: "errors" }, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...rows)));
}

byId("show-graph").addEventListener("click", (event) => {
  const open_now = byId("graph").childElementCount === 0;
  event.target.setAttribute("aria-expanded", String(open_now));
  event.target.textContent = open_now ? "Hide the graph" : "Show the graph";
  const image = element("img", { src: `${here}/graph.svg`, alt: `The graph of ${about ? about.name : "the model"}` });
  image.addEventListener("error", () => byId("graph").replaceChildren(notice("This model has no graph that can be drawn.", true)));
  byId("graph").replaceChildren(...(open_now ? [image] : []));
});

byId("models")?.addEventListener("change", (event) => (location.href = `/models/${event.target.value}`));
open();
