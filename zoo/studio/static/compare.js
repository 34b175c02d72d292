// Two models on the rows that both were judged on.

import { busy, byId, command, element, job, notice } from "./common.js";

byId("comparing")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  busy(form.querySelector("button"), async () => {
    const found = await job(byId("compare-job"), "/compare", { first: form.first.value, second: form.second.value });
    byId("compared").replaceChildren(...(found ? shown(found) : []));
  });
});

function shown(found) {
  const notes = found.notes.map((each) => element("p", { class: "quiet" }, each));
  return [...found.outputs.map((output) => panel(found, output)), ...notes, command(found.command)];
}

function panel(found, output) {
  const [first, second] = found.models;
  const counts = output.counts;
  const right = counts
    ? notice(`Right: both ${counts.both_right}, only ${first} ${counts.first_only}, only ${second} ${counts.second_only}, neither ${counts.neither}.`)
    : null;
  const heads = ["row", "truth", first, second, "gain"].map((each) => element("th", { scope: "col" }, each));
  const rows = output.disagreements.map((row) =>
    element("tr", {}, ...[row.name, row.true, row.first, row.second, row.gain.toPrecision(3)].map((each) => element("td", {}, each))),
  );
  return element(
    "section",
    { class: "panel" },
    element("h2", {}, output.output),
    element("p", {}, output.sentence),
    right,
    element("div", { class: "scroll" }, element("table", {}, element("caption", {}, "Rows on which they differ most"), element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows))),
  );
}
