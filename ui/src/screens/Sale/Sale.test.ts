import { screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { unreachable, Problem } from "../../lib/port";
import { remember } from "../../lib/memory";
import { click, enter, expectAccessible, listen, open, press, scan, settle, write } from "../testing";
import { charged, code, sell } from "./till";

describe("putting a sale together", () => {
  test("Enter adds, and the focus is back in the code field", async () => {
    await open("sale");
    expect(code()).toHaveFocus();
    await enter("3*Pan amasado");
    expect(screen.getByLabelText("Precio")).toHaveFocus();
    await enter("350");
    expect(code()).toHaveFocus();
    expect(code()).toHaveValue("");
    expect(screen.getByLabelText("Cantidad de Pan amasado")).toHaveValue("3");
    expect(screen.getByText("$ 350 c/u")).toBeVisible();
    expect(screen.getAllByText("$ 1.050")).not.toHaveLength(0);
  });

  test("what was sold before needs no price again", async () => {
    await open("sale");
    await sell("Pan amasado", "350");
    await enter("2*Pan amasado");
    expect(code()).toHaveFocus();
    expect(screen.getByLabelText("Cantidad de Pan amasado")).toHaveValue("3");
  });

  test("a part of its name finds what was sold before, and nothing is taken from the list that nobody chose", async () => {
    await open("sale");
    await sell("Leche entera 1 L", "1150");
    await sell("Té de hierbas en leche", "1790");
    await sell("Té de hierbas en leche", "1790");
    code().focus();
    await write("3*lech");
    const list = () => screen.getByRole("listbox", { name: "Vendidos antes" });
    const [first, second] = within(list()).getAllByRole("option");
    expect(first).toHaveTextContent("Té de hierbas en leche$ 1.790");
    expect(second).toHaveTextContent("Leche entera 1 L$ 1.150");
    await press("ArrowDown");
    await press("ArrowDown");
    expect(within(list()).getByRole("option", { selected: true })).toHaveTextContent("Leche entera 1 L");
    expect(code()).toHaveAttribute("aria-activedescendant", "sale-maybe-1");
    await press("Enter");
    expect(screen.getByLabelText("Cantidad de Leche entera 1 L")).toHaveValue("4");
    expect(code()).toHaveValue("");
    expect(code()).toHaveFocus();
    // What is typed and not in the list is another product, as ever.
    await enter("leche");
    expect(screen.getByLabelText("Precio")).toHaveFocus();
    expect(screen.queryByRole("listbox")).toBeNull();
    await enter("900");
    expect(screen.getByLabelText("Cantidad de leche")).toHaveValue("1");
    await write("hierb");
    await click("option", /Té de hierbas/);
    expect(screen.getByLabelText("Cantidad de Té de hierbas en leche")).toHaveValue("3");
    await write("ente");
    await expectAccessible();
  });

  test("an unknown bar code asks for its name and price, once", async () => {
    await open("sale");
    await enter("2*7801234567890");
    expect(screen.getByText("Código nuevo 7801234567890: escriba su nombre y su precio")).toBeVisible();
    await enter("Leche entera");
    await enter("1190");
    await enter("7801234567890");
    expect(screen.getByLabelText("Cantidad de Leche entera")).toHaveValue("3");
  });

  test("a quantity is corrected in its line; what is no quantity is not taken", async () => {
    await open("sale");
    await sell("Pan", "350");
    const field = screen.getByLabelText("Cantidad de Pan");
    field.focus();
    await enter("1,5");
    expect(code()).toHaveFocus();
    expect(screen.getAllByText("$ 525")).not.toHaveLength(0);
    field.focus();
    await enter("0");
    expect(field).toBeInvalid();
    expect(screen.getAllByText("$ 525")).not.toHaveLength(0);
  });

  test("a price with cents is refused in plain words", async () => {
    await open("sale");
    await enter("Pan");
    await enter("350,5");
    expect(screen.getByText("Escriba el precio en pesos, sin centavos")).toBeVisible();
    expect(screen.getByText("Escanee o escriba el primer producto")).toBeVisible();
  });

  test("a quantity alone asks for its code, and one that is none is said to be none", async () => {
    await open("sale");
    await enter("3*");
    expect(screen.getByText("Escriba el código o la descripción después de 3*")).toBeVisible();
    await enter("0*Pan");
    expect(screen.getByText(/^La cantidad va de 0,001 a 999999/)).toBeVisible();
    await enter("1.000*Clavo");
    expect(screen.getByText(/Use coma: 1,25; mil se escribe 1000$/)).toBeVisible();
  });

  test("a scanner that fires with the focus elsewhere writes into the code field", async () => {
    await open("sale");
    (document.activeElement as HTMLElement).blur();
    for (const key of "780") document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle();
    expect(code()).toHaveFocus();
    expect(code()).toHaveValue("780");
  });
});

describe("a scanner", () => {
  test("in the money field writes no money and charges nothing", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await enter("");
    await write("20");
    await scan("7801234567890");
    expect(screen.getByLabelText("Recibido")).toHaveValue("20");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByText(/Código nuevo 7801234567890/)).toBeVisible();
  });

  test("in a quantity or a client's field adds its product there and then", async () => {
    await open("sale");
    await enter("7801234567890");
    await enter("Leche");
    await enter("1190");
    await press("F3");
    expect(screen.getByLabelText("RUT")).toHaveFocus();
    await scan("7801234567890");
    expect(screen.getByLabelText("RUT")).toHaveValue("");
    expect(screen.getByLabelText("Cantidad de Leche")).toHaveValue("2");
    screen.getByLabelText("Cantidad de Leche").focus();
    await scan("7801234567890");
    expect(screen.getByLabelText("Cantidad de Leche")).toHaveValue("3");
    expect(code()).toHaveFocus();
  });

  test("what was scanned once is found by its name, with its code", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await enter("7801234567890");
    await enter("Leche entera 1L");
    await enter("1190");
    await enter("leche entera 1l");
    expect(screen.getByLabelText("Cantidad de Leche entera 1L")).toHaveValue("2");
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Detalle: [{ CdgItem: { VlrCodigo: "7801234567890" }, QtyItem: 2, PrcItem: 1190 }] });
  });

  test("the price of a known code is corrected without losing its name", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await enter("7801234567890");
    await enter("Leche");
    await enter("1190");
    await press("F10");
    await write("7801234567890");
    screen.getByLabelText("Precio").focus();
    await enter("1290");
    expect(screen.getByLabelText("Cantidad de Leche")).toHaveValue("1");
    await press("F10");
    expect(issue.mock.calls[1]?.[0]).toMatchObject({
      Detalle: [{ CdgItem: { VlrCodigo: "7801234567890" }, NmbItem: "Leche", PrcItem: 1290 }],
    });
  });

  test("an unknown code asks for its name although a price is there", async () => {
    await open("sale");
    await write("7801234567890");
    screen.getByLabelText("Precio").focus();
    await enter("1290");
    expect(screen.getByText(/Código nuevo 7801234567890/)).toBeVisible();
    code().focus();
    await scan("7809999999999");
    expect(screen.getByText(/Escriba primero el nombre del código 7801234567890/)).toBeVisible();
    await enter("Leche");
    expect(screen.getByLabelText("Cantidad de Leche")).toHaveValue("1");
    expect(screen.getByText(/\$ 1.290 c\/u · 7801234567890/)).toBeVisible();
  });
});

describe("what is charged is what is seen", () => {
  test("a quantity counts as it is typed, without leaving its field", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Pan", "350");
    screen.getByLabelText("Cantidad de Pan").focus();
    await write("3");
    expect(screen.getAllByText("$ 1.050")).not.toHaveLength(0);
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Detalle: [{ QtyItem: 3 }] });
  });

  test("a quantity that is none stands in the way", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    screen.getByLabelText("Cantidad de Pan").focus();
    await write("0");
    code().focus();
    await press("F10");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByLabelText("Cantidad de Pan")).toHaveFocus();
    expect(screen.getByText("Corrija la cantidad que está marcada")).toBeVisible();
    await press("Escape");
    await press("F10");
    expect(shop.issued.size).toBe(1);
  });

  test("what was typed and not added stands in the way, and a cleared sale leaves nothing typed", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await write("Palta");
    await press("F10");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByText(/Hay algo escrito que no está en la venta/)).toBeVisible();
    expect(code()).toHaveFocus();
    await click("button", "Descartar esta venta");
    await click("button", "Descartar la venta");
    expect(code()).toHaveValue("");
  });

  test("a held Enter neither adds twice nor charges", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    for (let i = 0; i < 5; i++) await press("Enter", { repeat: true });
    expect(code()).toHaveFocus();
    await enter("");
    for (let i = 0; i < 5; i++) await press("Enter", { repeat: true });
    expect(shop.issued.size).toBe(0);
  });

  test("behind a question no key acts", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await click("button", "Descartar esta venta");
    await press("F10");
    await press("1", { altKey: true, code: "Digit1" });
    await press("Enter", { ctrlKey: true });
    expect(shop.issued.size).toBe(0);
    expect(screen.getByRole("dialog")).toBeVisible();
  });
});

test("a refusal names the product, once, and no path", async () => {
  const shop = await open("sale");
  const errors = [
    { code: "price", path: "Detalle[0].PrcItem", message: "El precio no puede ser negativo." },
    { code: "price", path: "Detalle[0].PrcItem", message: "El precio no puede ser negativo." },
  ];
  const detail = "Detalle[0].PrcItem: El precio no puede ser negativo.";
  vi.spyOn(shop, "issue").mockRejectedValueOnce(new Problem({ status: 422, code: "price", title: "", detail, errors }));
  await sell("Pan", "350");
  const heard = listen();
  await press("F10");
  expect(screen.getByTestId("sale-problem").textContent).toBe("No se emitió. Pan: El precio no puede ser negativo.");
  expect(heard()).toContain("No se emitió. Pan: El precio no puede ser negativo.");
  await expectAccessible();
});

test("a refusal is gone with what it was about", async () => {
  const shop = await open("sale");
  const refused = () => vi.spyOn(shop, "issue").mockRejectedValueOnce(new Problem({ status: 422, code: "price", title: "", detail: "La venta supera el límite.", errors: [] }));
  await sell("Pan", "350");
  await sell("Piano", "9000000");
  refused();
  await press("F10");
  expect(screen.getByTestId("sale-problem")).toBeVisible();
  await click("button", "Quitar Piano");
  expect(screen.queryByTestId("sale-problem")).toBeNull();
  refused();
  await press("F10");
  screen.getByLabelText("Cantidad de Pan").focus();
  await write("2");
  await settle();
  expect(screen.queryByTestId("sale-problem")).toBeNull();
  refused();
  await press("F10");
  await press("F3");
  expect(screen.queryByTestId("sale-problem")).toBeNull();
});

test("what one company sells, another does not know", async () => {
  remember("training.76.192.083-9.item.pan", { name: "Pan", price: 350 });
  await open("sale", { environment: "production" });
  await enter("Pan");
  expect(screen.getByLabelText("Precio")).toHaveFocus();
});

describe("charging", () => {
  test("Enter, money, Enter: folio, total and change, and the next sale is ready", async () => {
    const shop = await open("sale");
    await sell("Pan amasado", "1990");
    await enter("");
    expect(screen.getByLabelText("Recibido")).toHaveFocus();
    await write("5000");
    expect(screen.getByText("$ 3.010")).toBeVisible();
    await press("Enter");
    expect(within(charged()).getByText("48.212")).toBeVisible();
    expect(within(charged()).getByText("$ 3.010")).toBeVisible();
    expect(within(charged()).getByText("$ 1.990")).toBeVisible();
    expect(within(charged()).getByText("Por enviar")).toBeVisible();
    expect(within(charged()).getByText(/ENTRENAMIENTO/)).toBeVisible();
    expect(code()).toHaveFocus();
    expect([...shop.issued.values()]).toHaveLength(1);
    await expectAccessible();
  });

  test("the sale goes in the SII's own tags, with the till's block beside", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Palta", "4990");
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toEqual({
      Encabezado: { IdDoc: { TipoDTE: 39 } },
      Detalle: [{ NmbItem: "Palta", QtyItem: 1, PrcItem: 4990 }],
      Timbre: { Pagos: [{ Medio: "efectivo", Monto: 4990 }], Vuelto: 0 },
    });
    expect(issue.mock.calls[0]?.[1]).toMatch(/^[\da-f-]{36}$/);
  });

  test("pressed twice it issues once", async () => {
    const shop = await open("sale");
    const real = shop.issue.bind(shop);
    let answer = () => {};
    const issue = vi.spyOn(shop, "issue").mockImplementation(async (sale, key) => {
      await new Promise<void>((done) => (answer = done));
      return real(sale, key);
    });
    await sell("Pan", "350");
    await press("F10");
    await press("F10");
    expect(issue).toHaveBeenCalledOnce();
    answer();
    await settle();
    expect(shop.issued.size).toBe(1);
    await press("F10");
    expect(issue).toHaveBeenCalledOnce();
  });

  test("a lost answer is asked for again with the same key", async () => {
    const shop = await open("sale");
    const real = shop.issue.bind(shop);
    const issue = vi.spyOn(shop, "issue").mockImplementationOnce(async (sale, key) => {
      await real(sale, key);
      throw unreachable("sin respuesta");
    });
    await sell("Pan", "350");
    await press("F10");
    expect(screen.getByText("No llegó la respuesta. Pregunte otra vez: la venta no se emite dos veces.")).toBeVisible();
    expect(screen.getByLabelText("Cantidad de Pan")).toBeDisabled();
    await click("button", /Preguntar otra vez/);
    expect(issue.mock.calls[1]).toEqual(issue.mock.calls[0]);
    expect(shop.issued.size).toBe(1);
    expect(within(charged()).getByText("Esta venta ya estaba emitida: es la misma.")).toBeVisible();
  });

  test("a refusal says why, keeps the sale, and the next try is another one", async () => {
    const shop = await open("sale");
    const view = { status: 422, code: "no-folio", title: "Sin folios", detail: "No quedan folios de boleta.", errors: [] };
    const issue = vi.spyOn(shop, "issue").mockRejectedValueOnce(new Problem(view));
    await sell("Pan", "350");
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("No se emitió. No quedan folios de boleta.");
    await press("F10");
    expect(issue.mock.calls[1]?.[1]).not.toBe(issue.mock.calls[0]?.[1]);
    expect(charged()).toBeVisible();
  });

  test("too little money does not charge, and says how much is missing", async () => {
    const shop = await open("sale");
    await sell("Pan", "1990");
    await enter("");
    await enter("1000");
    expect(screen.getByText("Faltan $ 990")).toBeVisible();
    expect(shop.issued.size).toBe(0);
  });

  test("cash is rounded to the ten, cards are not", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Palta", "1996");
    expect(screen.getByText("A pagar en efectivo")).toBeVisible();
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Timbre: { Pagos: [{ Medio: "efectivo", Monto: 2000 }], Vuelto: 0, Redondeo: 4 } });
    await enter("Palta");
    await press("F7");
    expect(screen.queryByText("A pagar en efectivo")).toBeNull();
    await press("F10");
    expect(issue.mock.calls[1]?.[0]).toMatchObject({ Timbre: { Pagos: [{ Medio: "debito", Monto: 1996 }], Vuelto: 0 } });
    expect(within(charged()).getByText("Débito")).toBeVisible();
  });

  test("the agent's total wins over the plain sum", async () => {
    const shop = await open("sale");
    vi.spyOn(shop, "preview").mockResolvedValue({ totals: { MntTotal: 1234 }, warnings: [], xml: "" });
    await sell("Pan", "350");
    await settle(300);
    expect(screen.getByText("$ 1.234")).toBeVisible();
  });

  test("the state of the last sale moves on by itself", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    const [row] = shop.rows;
    shop.push([{ ...row!, state: "ACEPTADO", since: new Date(Date.now() + 1000).toISOString() }]);
    await settle();
    expect(within(charged()).getByText("Aceptado")).toBeVisible();
    expect(within(charged()).getByRole("img", { name: "Aceptado por el SII" })).toBeVisible();
  });
});

test("a sale is put away only after asking", async () => {
  await open("sale");
  await sell("Pan", "350");
  await click("button", "Descartar esta venta");
  expect(screen.getByRole("button", { name: "Cancelar" })).toHaveFocus();
  await click("button", "Descartar la venta");
  expect(screen.getByText("Escanee o escriba el primer producto")).toBeVisible();
  expect(code()).toHaveFocus();
});

test("anyone can use it", async () => {
  await open("sale");
  await sell("Pan", "350");
  await press("F3");
  await expectAccessible();
});
