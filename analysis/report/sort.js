// Sorts a table by the column whose heading is pressed: ascending, descending, and back to the original order.
"use strict";
const NUMBER = /^(?:exactly |< )?([+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)/;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function values(rows, column) {
  const texts = rows.map((row) => row.cells[column].textContent.trim());
  const numbers = texts.map((text) => NUMBER.exec(text)).map((match) => match && Number(match[1].replaceAll(",", "")));
  const words = texts.map((text) => (text === "" || text === "–" ? null : text));
  // A column is numeric if most of its cells begin with a number; other texts, such as "= test", then go last.
  return numbers.filter((number) => number !== null).length * 2 > words.filter((text) => text !== null).length ? numbers : words;
}

function compare(a, b) {
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

function sort(table, head, column, rows) {
  const next = NEXT[head.getAttribute("aria-sort")], sign = next === "descending" ? -1 : 1;
  const keys = new Map(values(rows, column).map((value, index) => [rows[index], value]));
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", next);
  const sorted = next === "none" ? rows : [...rows].sort((one, two) => {
    const [a, b] = [keys.get(one), keys.get(two)];
    return a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b);
  });
  table.tBodies[0].append(...sorted);
}

for (const table of document.querySelectorAll("table")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    if (!head.textContent) button.setAttribute("aria-label", `column ${column + 1}`);
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, column, rows));
    head.setAttribute("aria-sort", "none");
    head.append(button);
  });
}
