// Predictions and explanations as elements.

import { bar, command, downloads, element, notice, number, percent } from "./common.js";

const NOTHING = 1e-6; // of the largest value of an explanation

export function prediction(found, truth = {}) {
  return found.outputs.map((output) => {
    const true_label = truth[output.name];
    const right = true_label ? element("p", { class: "true-label" }, `truth: ${true_label}`) : null;
    const block = element("div", { class: "output-block" }, element("h3", { class: "quiet" }, output.name));
    if (output.kind === "number") {
      const unit = output.unit ? ` ${output.unit}` : "";
      block.append(element("p", { class: "output-said" }, `${number(output.value)}${unit}`));
      if (output.low !== null) {
        block.append(element("p", { class: "true-label" }, `80 % of such lie from ${number(output.low)} to ${number(output.high)}${unit}`));
      }
      if (right) block.append(right);
      return block;
    }
    const share = output.share === null ? "" : ` · ${percent(output.share)}`;
    block.append(element("p", { class: "output-said" }, `${words(output.said)}${share}`));
    if (right) block.append(right);
    block.append(element("ul", { class: "bars" }, ...output.labels.map(labelBar)));
    const rest = output.of > output.labels.length ? `of ${output.of.toLocaleString("en")} labels; ` : "";
    block.append(element("p", { class: "true-label" }, `${rest}decided by: ${output.decided_by}`));
    return block;
  });
}

export const words = (label) => label.replaceAll("_", " ");

function labelBar({ label, share }) {
  return element("li", {}, element("span", { class: "name", title: label }, words(label)), bar(share), element("span", { class: "value" }, percent(share)));
}

export function explanation(found) {
  if (found.error) {
    return element("figure", { class: "shown" }, element("h3", {}, found.method), notice(found.error, true));
  }
  const address = `/explanations/${found.key}`;
  const content = { picture: layers, text: text, table: parts, senses: parts }[found.sense];
  const settings = Object.entries(found.settings).map(([name, value]) => `${name} ${value}`).join(", ");
  const measured = Object.entries(found.faithfulness).map(([name, value]) => `${name.replaceAll("_", " ")} ${number(value)}`).join(", ");
  return element(
    "figure",
    { class: found.sense === "picture" ? "shown" : "shown wide" },
    element("h3", {}, found.method),
    settings ? element("p", { class: "quiet" }, settings) : null,
    content ? content(found, address) : null,
    element("figcaption", { class: "summary" }, found.summary),
    measured ? element("p", { class: "quiet" }, measured) : null,
    element("p", { class: "downloads" }, ...downloads({ PNG: `${address}/explanation.png`, CSV: `${address}/explanation.csv`, JSON: `${address}/explanation.json` })),
    command(found.command),
  );
}

function layers(found, address) {
  const size = { width: found.width, height: found.height };
  const base = element("img", { ...size, class: "grey", src: `${address}/base.png`, alt: "The picture as the model sees it" });
  const over = element("img", { ...size, class: "over", src: `${address}/map.png`, alt: found.summary });
  return element("div", { class: "layers" }, base, over);
}

function text(found) {
  const spans = found.parts.map(({ part, value, share }) => {
    const span = element("span", { title: `${part.trim()}: ${number(value)}` }, part);
    const name = share >= 0 ? "--for" : "--against";
    span.style.backgroundColor = `color-mix(in srgb, var(${name}) ${Math.round(70 * Math.abs(share))}%, transparent)`;
    return span;
  });
  return element("p", { class: "words" }, ...spans.flatMap((span) => [span, " "]));
}

function parts(found) {
  const order = [...found.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 30);
  return element("ul", { class: "bars long" }, ...order.map(({ part, value, share, cell }) =>
    element("li", {}, element("span", { class: "name", title: part }, cell ? `${part} = ${cell}` : part), bar(share, true), element("span", { class: "value" }, Math.abs(share) < NOTHING ? "0" : number(value)))));
}
