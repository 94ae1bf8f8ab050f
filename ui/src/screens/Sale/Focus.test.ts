// The focus of the till: wherever it went, the next product is not lost and no letter does anything else.

import { screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { click, enter, open, press, settle, write } from "../testing";
import { code, sell } from "./till";

test("it is back in the code field after the paper is asked for", async () => {
  const shop = await open("sale");
  await sell("Pan", "350");
  await press("F10");
  screen.getByRole("button", { name: "Imprimir" }).focus();
  await click("button", "Imprimir");
  expect(code()).toHaveFocus();
  shop.printer = { state: "failed", word: "No impreso", why: "" };
  shop.push([{ ...shop.rows[0]!, paper: { copy: "original", ...shop.printer } }]);
  await settle();
  screen.getByRole("button", { name: "Ya no hace falta" }).focus();
  await click("button", "Ya no hace falta");
  expect(code()).toHaveFocus();
});

test("it goes to the next answer when a note was issued, and to the code field after it", async () => {
  const shop = await open("sale");
  await sell("Pan", "350");
  await press("F10");
  screen.getByRole("button", { name: "Anular esta venta" }).focus();
  await click("button", "Anular esta venta");
  vi.spyOn(shop, "issue").mockRejectedValueOnce(new Error("no"));
  const yes = screen.getByRole("button", { name: "Emitir la nota de crédito" });
  yes.focus();
  await click("button", "Emitir la nota de crédito");
  await click("button", "Emitir la nota de crédito");
  expect(screen.getByRole("button", { name: "Entendido" })).toHaveFocus();
  await click("button", "Entendido");
  expect(code()).toHaveFocus();
});

test("Esc in an empty code field leaves it there", async () => {
  await open("sale");
  await press("Escape");
  expect(code()).toHaveFocus();
});

test("the room's key and its button bring it back", async () => {
  await open("sale");
  code().blur();
  await press("1", { altKey: true, code: "Digit1" });
  expect(code()).toHaveFocus();
  code().blur();
  await click("button", "Venta");
  expect(code()).toHaveFocus();
});

test("a letter on no field is the beginning of a product, and no shortcut", async () => {
  await open("sale");
  const theme = document.documentElement.dataset.theme;
  for (const key of ["t", "u", "+", "3"]) {
    code().blur();
    await press(key);
    expect(code()).toHaveFocus();
  }
  expect(code()).toHaveValue("tu+3");
  expect(document.documentElement.dataset.theme).toBe(theme);
  expect(screen.queryByText("En pausa")).toBeNull();
  await write("Pan");
  await enter("Pan");
  await enter("350");
  expect(screen.getByLabelText("Cantidad de Pan")).toHaveValue("1");
});

test("a way of payment that has no such field leaves the focus on the charge", async () => {
  const shop = await open("sale");
  for (const [first, then] of [["F6", "F7"], ["F6", "F8"], ["F6", "F9"]] as const) {
    await enter("+350");
    await press(first);
    await enter("");
    expect(screen.getByLabelText("Recibido")).toHaveFocus();
    await press(then);
    expect(screen.getByRole("button", { name: /^Cobrar/ })).toHaveFocus();
    await click("button", /^Cobrar/);
  }
  expect(shop.issued.size).toBe(3);
  await enter("+350");
  await press("F6", { shiftKey: true });
  expect(screen.getByLabelText("Débito", { selector: ".input" })).toHaveFocus();
  await press("F6");
  expect(screen.getByLabelText("Recibido")).toHaveFocus();
});
