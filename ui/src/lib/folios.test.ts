import { expect, test } from "vitest";

import { documentName } from "./folios";
import { isFound } from "./rows.svelte";
import type { FoliosView, RowView } from "./types";

test("a document is called by its type and number, and by its id where its type is not known", () => {
  const kinds = [{ series: "61", name: "Nota de crédito" }] as FoliosView[];
  expect(["T61F300001", "T39F1", "algo"].map((id) => documentName(id, kinds))).toEqual(["Nota de crédito 300.001", "T39F1", "algo"]);
});

test("a sum is found as it is shown", () => {
  const row = { id: "T39F1", folio: 1, kind: "Boleta", receiver: "", receiver_id: "66666666-6", total: 14488, track: null } as RowView;
  for (const words of ["14.488", "$14.488", "$ 14.488", "14488"]) expect(isFound(row, words), words).toBe(true);
  expect(isFound(row, "$ 14.489")).toBe(false);
});
