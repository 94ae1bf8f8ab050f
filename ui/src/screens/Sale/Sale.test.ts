import { screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { unreachable, Problem } from "../../lib/port";
import { click, enter, expectAccessible, open, press, settle, write } from "../testing";

const code = () => screen.getByLabelText(/Código o descripción|Nombre del producto/);
const charged = () => screen.getByTestId("done");

async function sell(name: string, price: string): Promise<void> {
  await enter(name);
  await enter(price);
}

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

  test("a scanner that fires with the focus elsewhere writes into the code field", async () => {
    await open("sale");
    (document.activeElement as HTMLElement).blur();
    for (const key of "780") document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle();
    expect(code()).toHaveFocus();
    expect(code()).toHaveValue("78");
  });
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
    expect(code()).toBeDisabled();
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
    await sell("Palta", "1996");
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

describe("a factura", () => {
  const RECEIVER = ["76.192.083-9", "Comercial Sur SpA", "Ferretería", "Los Boldos 12", "Osorno"];

  test("checks the RUT as it is typed", async () => {
    await open("sale");
    await press("F3");
    expect(screen.getByLabelText("RUT")).toHaveFocus();
    await write("76192083-1");
    expect(screen.getByLabelText("RUT")).toBeInvalid();
    expect(screen.getByText(/El RUT no cuadra/)).toBeVisible();
    await write("76192083-9");
    expect(screen.getByLabelText("RUT")).toBeValid();
  });

  test("is not charged without its client, and takes shelf prices", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Cemento", "5990");
    await press("F3");
    await press("F10");
    expect(screen.getByText("Complete los datos del cliente para la factura")).toBeVisible();
    expect(screen.getByLabelText("RUT")).toHaveFocus();
    for (const text of RECEIVER) await enter(text);
    expect(screen.getByLabelText("Recibido")).toHaveFocus();
    await press("Enter");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({
      Encabezado: {
        IdDoc: { TipoDTE: 33, MntBruto: 1, FmaPago: 1 },
        Receptor: { RUTRecep: "76192083-9", RznSocRecep: "Comercial Sur SpA", GiroRecep: "Ferretería", DirRecep: "Los Boldos 12", CmnaRecep: "Osorno" },
      },
    });
    expect(within(charged()).getByText("Factura")).toBeVisible();
  });

  test("remembers its client by the RUT", async () => {
    await open("sale");
    await press("F3");
    for (const text of RECEIVER) await enter(text);
    screen.getByLabelText("Código o descripción").focus();
    await sell("Cemento", "5990");
    await press("F10");
    await press("F3");
    await write("761920839");
    expect(screen.getByLabelText("Razón social")).toHaveValue("Comercial Sur SpA");
    expect(screen.getByText("Datos de su última factura")).toBeVisible();
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
