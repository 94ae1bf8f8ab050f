import { screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { unreachable } from "../../lib/port";
import { click, enter, expectAccessible, listen, open, press, reopen, settle, write } from "../testing";
import { aloud, charged, sell } from "./till";

const declared = { stands: true, two_sales: false, since: "2026-11-01", who: "Ana" };

test("until the company declares otherwise a card gets its boleta; then it is recorded with no folio, apart from the documents", async () => {
  const shop = await open("sale");
  await sell("Pan", "1190");
  await press("F7");
  await press("F10");
  expect(charged()).toBeVisible();
  expect(shop.issued.size).toBe(1);

  await shop.setVouchers(declared);
  await settle();
  await sell("Queso", "2500");
  await press("F7");
  expect(screen.getByText("El voucher del terminal es la boleta: no se usa un folio.")).toBeVisible();
  await click("button", /Registrar/);
  expect(within(screen.getByTestId("recorded")).getByText("$ 2.500")).toBeVisible();
  expect(screen.queryByTestId("done")).toBeNull();
  expect(shop.issued.size).toBe(1);
  expect(shop.records).toHaveLength(1);
  await expectAccessible();
  vi.useFakeTimers();

  // Cash is a boleta as ever.
  await sell("Té", "900");
  await press("F6");
  await press("F10");
  expect(shop.issued.size).toBe(2);

  await press("5", { altKey: true, code: "Digit5" });
  const apart = within(screen.getByTestId("vouchers"));
  expect(apart.getByText("$ 2.500")).toBeVisible();
  await click("button", "Ver las ventas");
  expect(apart.getByText("Débito")).toBeVisible();
  await expectAccessible();
});

test("a sale that was typed twice is undone in the day: it stays on the list with a name, and counts no more", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  await sell("Queso", "2500");
  await press("F7");
  await click("button", /Registrar/);
  const [once] = shop.records;
  shop.records = [{ ...once!, key: "otra" }, once!];
  await settle();
  await press("5", { altKey: true, code: "Digit5" });
  const apart = within(screen.getByTestId("vouchers"));
  expect(apart.getByText("$ 5.000")).toBeVisible();
  await click("button", "Ver las ventas");
  const [last] = apart.getAllByRole("button", { name: /^Deshacer la venta de \$\s2\.500/ });
  last?.click();
  await settle();
  await expectAccessible();
  vi.useFakeTimers();
  screen.getByLabelText("Motivo").focus();
  await write("digitada dos veces");
  screen.getByLabelText("Quién lo decide").focus();
  await write("Rosa");
  await click("button", "Deshacer");
  await settle();
  expect(shop.records[0]?.undone).toMatchObject({ who: "Rosa", why: "digitada dos veces" });
  expect(apart.getByText("Deshecha por Rosa")).toBeVisible();
  expect(apart.getByText(/^1 /)).toBeVisible();
});

test("a card pays a part: its voucher is recorded, the rest gets a boleta, and both are said before and after", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  await sell("Pan", "3003");
  await press("F6", { shiftKey: true });
  await write("1000");
  // Seen, and not read again at each key.
  expect(screen.getByText(/En el terminal: \$ 1\.000.*una por \$ 2\.003/)).toBeVisible();
  expect(listen()()).not.toMatch(/En el terminal/);
  screen.getByLabelText("Efectivo (el resto)").focus();
  await write("5000");
  await press("F10");
  const done = within(charged());
  expect(done.getByText("Boleta por el resto").nextElementSibling).toHaveTextContent("$ 2.003");
  expect(done.getByText("Débito").nextElementSibling).toHaveTextContent("$ 1.000");
  expect(done.getByText("Efectivo").nextElementSibling).toHaveTextContent("$ 2.000");
  // 2.003 in cash are 2.000.
  expect(done.getByText("Vuelto").nextElementSibling).toHaveTextContent("$ 3.000");
  expect([shop.issued.size, shop.records.length]).toEqual([1, 1]);
  expect(shop.records[0]).toMatchObject({ total: 1000, rest: shop.rows[0]?.id });
  await expectAccessible();
});

test("a tip beside a card that pays a part is said to be a matter of two sales, and nothing is charged", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  await sell("Pan", "3000");
  await press("F6", { shiftKey: true });
  await write("1300");
  await press("F4", { shiftKey: true });
  await settle();
  screen.getByLabelText("Propina").focus();
  await write("300");
  await press("F10");
  expect(screen.getByText(/ponga la propina en una de ellas/)).toBeVisible();
  expect(screen.queryByText(/En el terminal/)).toBeNull();
  expect([shop.issued.size, shop.records.length]).toEqual([0, 0]);
  await press("F4", { shiftKey: true });
  await press("F10");
  expect([shop.issued.size, shop.records.length]).toEqual([1, 1]);
});

test("two equal sales by card are heard as two", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  const heard = [];
  for (let i = 0; i < 2; i++) {
    await enter("+990");
    await press("F7");
    await press("F10");
    expect(aloud()).toEqual(["Venta registrada: $ 990."]);
    heard.push(document.querySelector("h1 + [aria-live=polite] p"));
  }
  expect(heard[0]).not.toBe(heard[1]);
});

test("two cards that pay all of it leave no boleta", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  await sell("Pan", "3000");
  await press("F6", { shiftKey: true });
  await write("1000");
  screen.getByLabelText("Crédito").focus();
  await write("2000");
  await press("F10");
  expect(screen.getByTestId("recorded")).toBeVisible();
  expect([shop.issued.size, shop.records.length]).toEqual([0, 1]);
});

test("where cards pay all of the sale and cash the tip, the change is said", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  await sell("Pan", "3000");
  await press("F4", { shiftKey: true });
  await write("300");
  await press("F6", { shiftKey: true });
  screen.getByLabelText("Crédito").focus();
  await write("3000");
  screen.getByLabelText("Efectivo (el resto)").focus();
  await write("500");
  await press("F10");
  const recorded = within(screen.getByTestId("recorded"));
  expect(recorded.getByText("Vuelto").nextElementSibling).toHaveTextContent("$ 200");
  expect(shop.issued.size).toBe(0);
});

test("where such a sale is made in two it says to charge twice, and charges nothing", async () => {
  const shop = await open("sale");
  await shop.setVouchers({ ...declared, two_sales: true });
  await settle();
  await sell("Pan", "3000");
  await press("F6", { shiftKey: true });
  await write("1000");
  await press("F10");
  expect(screen.getByText(/cobre en dos ventas/)).toBeVisible();
  expect([shop.issued.size, shop.records.length]).toEqual([0, 0]);
});

test("a record whose answer is lost is asked for again by its key, and is there once", async () => {
  const shop = await open("sale");
  await shop.setVouchers(declared);
  await settle();
  const record = shop.record.bind(shop);
  const asked = vi.spyOn(shop, "record").mockImplementationOnce(async (sale, key) => {
    await record(sale, key);
    throw unreachable("sin respuesta");
  });
  await sell("Pan", "1190");
  await press("F8");
  await press("F10");
  expect(screen.getByText(/no se emite dos veces/)).toBeVisible();
  await reopen(shop);
  expect(screen.getByTestId("recorded")).toBeVisible();
  expect(new Set(asked.mock.calls.map(([, key]) => key)).size).toBe(1);
  expect(shop.records).toHaveLength(1);
  expect(shop.issued.size).toBe(0);
});

test("what the company declared is set in Ajustes, from a day on", async () => {
  const shop = await open("settings");
  await click("button", /Ventas con tarjeta/);
  await click("button", "Guardar");
  expect(shop.terms).toEqual([]);
  screen.getByLabelText("Quién lo decide").focus();
  await write("Ana");
  await click("button", "Guardar");
  expect(screen.getByRole("alert")).toHaveTextContent("Elija qué declaró la empresa.");
  await click("radio", /El voucher es la boleta/);
  await click("button", "Guardar");
  expect(shop.terms).toEqual([{ since: "2026-11-22", stands: true, two_sales: false }]);
  expect(screen.getByText("El voucher del terminal es la boleta")).toBeVisible();
  await expectAccessible();
});

test("without folios a sale by card goes on, and one in cash does not", async () => {
  const shop = await open("sale");
  shop.folios[39] = 0;
  shop.push([]);
  await sell("Pan", "3000");
  await press("F7");
  expect(screen.getByText("No quedan folios de boleta")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Cobrar con tarjeta" })).toBeNull();

  await press("F6");
  await shop.setVouchers(declared);
  await settle();
  await click("button", "Cobrar con tarjeta");
  expect(screen.queryByText("No quedan folios de boleta")).toBeNull();
  await press("F6");
  expect(screen.getByText("No quedan folios de boleta")).toBeVisible();
  await press("F7");
  await press("F10");
  expect(within(screen.getByTestId("recorded")).getByText("$ 3.000")).toBeVisible();
  expect([shop.issued.size, shop.records.length]).toEqual([0, 1]);

  // What can't be written can't be recorded either.
  shop.stopped = { code: "store", text: "El disco está lleno." };
  shop.push([]);
  await sell("Pan", "3000");
  await press("F7");
  expect(screen.getByText("El disco está lleno.")).toBeVisible();
});
