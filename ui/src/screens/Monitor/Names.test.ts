// How the panel names things: documents in the list and its search, and folios beside the counters.

import { screen, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { open, press, settle, write } from "../testing";

const rows = () => screen.queryAllByRole("row").slice(1);
const list = () => screen.getByRole("table", { name: "Documentos" });

test("a document is found as it is named, by type and folio, and has its whole name for who points at it", async () => {
  const shop = await open("monitor");
  const one = { ...shop.rows[3]!, id: "T61F1234567", series: "61", kind: "Nota de crédito", folio: 1_234_567 };
  await press("/");
  await write("Nota de credito 1.234.567");
  await settle(300);
  expect(rows()).toHaveLength(0);
  // One that comes now joins what was asked for.
  shop.rows = [one, ...shop.rows];
  shop.push([one]);
  await settle();
  expect(within(list()).getByRole("button", { name: "Nota de crédito 1.234.567" })).toHaveAttribute("title", "Nota de crédito 1.234.567");
});

test("folios that are stopped are not told to be few", async () => {
  const shop = await open("monitor");
  shop.loaded = [{ ...shop.loaded[0]!, stopped: "se anularon" }];
  shop.push([]);
  await settle();
  expect(screen.getByText("Están detenidos: vea por qué en Folios")).toBeInTheDocument();
  shop.loaded = [{ ...shop.loaded[0]!, stopped: null, left: 0, next: 101 }];
  shop.push([]);
  await settle();
  expect(screen.getByText("No quedan: cargue un CAF")).toBeInTheDocument();
});
