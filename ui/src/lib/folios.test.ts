import { expect, test } from "vitest";

import { documentName, idsIn, inNames } from "./folios";
import { isFound } from "./rows.svelte";
import type { RowView } from "./types";

test("a document is called by its type and number, and by its id where its type is not known", () => {
  expect(["T61F300001", "T99F1", "algo"].map(documentName)).toEqual(["Nota de crédito 300.001", "T99F1", "algo"]);
});

test.each([
  ["Boleta 1.200", "T39F1200"],
  ["rosa nota de  CRÉDITO 300.001 emitir", "rosa T61F300001 emitir"],
  ["Boleta exenta 7, factura 12", "T41F7, T33F12"],
  ["1.200", "1200"],
  ["boleta", "boleta"],
  ["boleta 12-05-2026 y 12.05.2026", "boleta 12-05-2026 y 12.05.2026"],
  ["la factura 12.05.2026", "la factura 12.05.2026"],
  ["192.168.1.50 76.192.083-9", "192.168.1.50 76.192.083-9"],
])("«%s» is looked for as «%s»", (words, wanted) => expect(idsIn(words)).toBe(wanted));

test("in an answer's sentences documents are called by name, and what is exact stays as it is", () => {
  const heard = "<FOLIO>T39F1</FOLIO>";
  const answer = { id: "T39F1", timeline: [{ title: "Anulado", text: "por T61F1.", heard }], errors: [{ path: "T39F1", message: "T39F1200 ya lo anula T61F1: T9xF" }], note: null };
  expect(inNames(answer)).toEqual({
    id: "T39F1",
    timeline: [{ title: "Anulado", text: "por Nota de crédito 1.", heard }],
    errors: [{ path: "T39F1", message: "Boleta 1.200 ya lo anula Nota de crédito 1: T9xF" }],
    note: null,
  });
});

test("a sum is found as it is shown", () => {
  const row = { id: "T39F1", folio: 1, kind: "Boleta", receiver: "", receiver_id: "66666666-6", total: 14488, track: null } as RowView;
  for (const words of ["14.488", "$14.488", "$ 14.488", "14488"]) expect(isFound(row, words), words).toBe(true);
  expect(isFound(row, "$ 14.489")).toBe(false);
});
