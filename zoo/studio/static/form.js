// The form of a model: one field a column, of its kind; and what was filled in.

import { element } from "./common.js";

export function fieldOf(field, place) {
  const id = `field-${place}`;
  const make = { number: numberInput, category: categoryInput, date: dateInput, text: textInput, picture: pictureInput };
  const [input, ...more] = make[field.kind](field, id);
  const wide = field.kind === "text" || field.kind === "picture" ? "field wide" : "field";
  const hint = field.hint ? element("small", { id: `${id}-hint` }, field.hint) : null;
  if (hint) (input.querySelector("input") || input).setAttribute("aria-describedby", `${id}-hint`);
  return element("label", { class: wide, for: id }, element("span", {}, field.name), input, ...more, hint);
}

const named = (field, id, kind = "text") => ({ id, name: `${kind}:${field.name}` });

function numberInput(field, id) {
  const kind = field.plain ? { type: "number", step: "any" } : { type: "text", inputmode: "decimal" };
  return [element("input", { ...named(field, id), ...kind, value: field.usual, placeholder: "none" })];
}

function categoryInput(field, id) {
  if (field.menu) {
    const options = ["", ...field.known].map((each) =>
      element("option", { value: each, selected: each === field.usual }, each || "(none)"),
    );
    return [element("select", named(field, id), ...options)];
  }
  const list = element("datalist", { id: `${id}-known` }, ...field.known.map((each) => element("option", { value: each })));
  return [element("input", { ...named(field, id), list: `${id}-known`, autocomplete: "off", placeholder: "none" }), list];
}

function dateInput(field, id) {
  return [element("input", { ...named(field, id), type: field.plain ? "date" : "text", value: field.usual })];
}

function textInput(field, id) {
  return [element("textarea", { ...named(field, id), rows: 5, spellcheck: "false" })];
}

function pictureInput(field, id) {
  const input = element("input", { ...named(field, id, "file"), type: "file", accept: "image/*" });
  const drop = element("div", { class: "drop" }, input);
  const over = (on) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", on);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    input.files = event.dataTransfer.files;
    input.form.requestSubmit();
  });
  input.addEventListener("change", () => input.files.length && alone(input) && input.form.requestSubmit());
  return [drop];
}

// Whether it is the form's only field: then it is asked as soon as it is filled.
const alone = (input) => input.form.querySelectorAll("[name]").length === 1;

// Puts the values of a shown row into the form.
export function fill(form, values) {
  for (const input of form.querySelectorAll("[name^='text:']")) {
    const value = values[input.name.slice(5)];
    input.value = value === undefined ? "" : value;
    if (input.tagName === "SELECT" && input.selectedIndex < 0) input.value = "";
  }
  for (const input of form.querySelectorAll("[type=file]")) input.value = "";
}
