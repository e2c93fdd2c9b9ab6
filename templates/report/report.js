// Tables that are sorted and searched. Of our own, since the libraries that do this bring some hundred kilobytes and styles set from scripts, which the page's
// security policy refuses. Without scripts every table is whole, in its first order.
"use strict";
(() => {
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const body = (table) => table.tBodies[0];

  // What a cell is sorted by: `data-value` where that is not what is written (numbers; days as 2026-03-04). A blank comes last both ways.
  function key(row, place, kind) {
    const cell = row.cells[place];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return text === "" ? null : kind === "number" || kind === "share" ? Number(text) : text;
  }

  function compare(one, other, kind) {
    if (kind === "number" || kind === "share") return one - other;
    if (kind === "date") return one < other ? -1 : one > other ? 1 : 0;
    return words.compare(one, other);
  }

  function sort(table, header) {
    const place = header.cellIndex, kind = header.dataset.kind;
    const turn = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of header.parentNode.cells) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
    const rows = [...body(table).rows].map((row) => [key(row, place, kind), row]);
    rows.sort(([one], [other]) => (one === null || other === null ? (one === null) - (other === null) : turn * compare(one, other, kind)));
    body(table).append(...rows.map(([, row]) => row));
  }

  function sortable(table) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.setAttribute("aria-sort", "none");
      header.append(button);
    }
  }

  // Every word that is typed has to stand somewhere in the row.
  function search(table, text, told) {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body(table).rows) {
      const said = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => said.includes(word));
      shown += !row.hidden;
    }
    told.textContent = wanted.length ? `${shown} of ${body(table).rows.length} shown` : "";
  }

  function searchable(table) {
    const form = document.createElement("div"), label = document.createElement("label"), box = document.createElement("input"), told = document.createElement("span");
    form.className = "search";
    label.textContent = `Search ${table.dataset.search}`;
    label.htmlFor = box.id = `${table.id}-search`;
    box.type = "search";
    box.autocomplete = "off";
    told.setAttribute("aria-live", "polite");
    told.id = `${table.id}-shown`;
    box.addEventListener("input", () => search(table, box.value, told));
    form.append(label, box, told);
    table.closest(".scroll").before(form);
  }

  for (const table of document.querySelectorAll("table[data-sorted]")) sortable(table);
  for (const table of document.querySelectorAll("table[data-search]")) searchable(table);

  // On paper nothing can be opened: the tables behind the charts are printed, and close again.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
