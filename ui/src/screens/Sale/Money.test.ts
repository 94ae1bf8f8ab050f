import { screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { named } from "../../lib/folios";
import { capital } from "../../lib/format";
import { click, enter, expectAccessible, open, press, reopen, settle, write } from "../testing";
import { aloud, charged, code, sell } from "./till";

describe("what has no code", () => {
  test("is sold at an open price, typed after a + or by itself", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await enter("2*+1990");
    expect(code()).toHaveFocus();
    screen.getByLabelText("Precio").focus();
    await enter("500");
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({
      Detalle: [
        { NmbItem: "Varios", QtyItem: 2, PrcItem: 1990 },
        { NmbItem: "Varios", QtyItem: 1, PrcItem: 500 },
      ],
    });
  });
});

test.each([
  ["+0", "", /^Después de \+ va el precio/],
  ["+1,5", "", /^Después de \+ va el precio/],
  ["+abc", "1990", /^Después de \+ va el precio/],
  ["-5", "1990", /^No se vende con un precio o una cantidad bajo cero/],
])("«%s» is told what is wrong with it and becomes no product, with the price «%s» too", async (typed, price, said) => {
  await open("sale");
  screen.getByLabelText("Precio").focus();
  await write(price);
  code().focus();
  await enter(typed);
  expect(screen.getByText(said)).toBeVisible();
  expect(code()).toHaveFocus();
  expect(code()).toHaveValue(typed);
  screen.getByLabelText("Precio").focus();
  await press("Enter");
  expect(code()).toHaveFocus();
  expect(screen.queryByRole("button", { name: /^Quitar / })).toBeNull();
  await expectAccessible();
});

describe("a discount", () => {
  test("on a line is a part of it, and the document says so", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Queso", "5000");
    await click("button", "Descuento a Queso");
    expect(screen.getByLabelText("Descuento")).toHaveFocus();
    await write("10%");
    expect(screen.getByText("De $ 5.000 queda en $ 4.500")).toBeVisible();
    await press("Enter");
    expect(screen.getAllByText("$ 4.500")).not.toHaveLength(0);
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Detalle: [{ PrcItem: 5000, DescuentoPct: 10 }] });
  });

  test("on the whole sale is opened by its key, and taken away again", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Queso", "5000");
    await press("F4");
    await enter("500");
    expect(screen.getAllByText("$ 4.500")).not.toHaveLength(0);
    await press("F4");
    await click("button", "Quitar el descuento");
    await press("F4");
    await enter("1.000");
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({
      DscRcgGlobal: { TpoMov: "D", TpoValor: "$", ValorDR: 1000 },
      Timbre: { Pagos: [{ Medio: "efectivo", Monto: 4000 }] },
    });
  });

  test("larger than what it is taken from is not taken", async () => {
    await open("sale");
    await sell("Pan", "350");
    await press("F4");
    await enter("400");
    expect(screen.getByText("El descuento no puede pasar de $ 350")).toBeVisible();
    await press("Escape");
  });

  test("that grew larger than its line stands in the way of the charge", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    screen.getByLabelText("Cantidad de Pan").focus();
    await write("2");
    await press("F4");
    await enter("600");
    screen.getByLabelText("Cantidad de Pan").focus();
    await write("1");
    await press("F10");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByRole("dialog", { name: "Descuento a Pan" })).toBeVisible();
  });
});

describe("the payment", () => {
  test("in cash says the legal rounding apart", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Pan", "1996");
    expect(screen.getByText("Redondeo (Ley 20.956)")).toBeVisible();
    expect(screen.getByText("A pagar en efectivo")).toBeVisible();
    await press("F7");
    expect(screen.queryByText("Redondeo (Ley 20.956)")).toBeNull();
    await press("F6");
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Timbre: { Pagos: [{ Medio: "efectivo", Monto: 2000 }], Redondeo: 4, Vuelto: 0 } });
  });

  test("by several means: cash is the rest", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Pan", "3000");
    await press("F6", { shiftKey: true });
    expect(screen.getByLabelText("Débito", { selector: ".number" })).toHaveFocus();
    await enter("1000");
    await enter("");
    await enter("500");
    expect(screen.getByLabelText("Efectivo (el resto)")).toHaveFocus();
    await enter("2000");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({
      Timbre: {
        Pagos: [
          { Medio: "efectivo", Monto: 2000 },
          { Medio: "debito", Monto: 1000 },
          { Medio: "transferencia", Monto: 500 },
        ],
        Vuelto: 500,
      },
    });
    expect(within(charged()).getByText("Vuelto").nextElementSibling).toHaveTextContent("$ 500");
  });

  test("of more by card than there is to pay is not taken", async () => {
    const shop = await open("sale");
    await sell("Pan", "3000");
    await press("F6", { shiftKey: true });
    await write("3001");
    await press("F10");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByText("Los medios suman más que lo que hay que pagar")).toBeVisible();
    expect(screen.getByLabelText("Débito", { selector: ".number" })).toHaveFocus();
  });

  test("with a tip: beside the sale, never in it", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    await sell("Menú", "8990");
    await press("F8");
    await press("F4", { shiftKey: true });
    expect(screen.getByLabelText("Propina")).toHaveFocus();
    await write("900");
    expect(screen.getByText("$ 9.890")).toBeVisible();
    await press("F10");
    expect(issue.mock.calls[0]?.[0]).toMatchObject({ Timbre: { Pagos: [{ Medio: "credito", Monto: 9890 }], Propina: 900, Vuelto: 0 } });
    expect(within(charged()).getByText("$ 8.990")).toBeVisible();
    expect(within(charged()).getByText("Propina")).toBeVisible();
  });
});

describe("a tip", () => {
  test("is put to the sale by Enter, which charges nothing; the next one does", async () => {
    const shop = await open("sale");
    await sell("Menú", "8990");
    await press("F4", { shiftKey: true });
    await enter("5x");
    expect(screen.getByLabelText("Propina")).toHaveFocus();
    await enter("500");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByLabelText("Recibido")).toHaveFocus();
    await enter("10000");
    expect(shop.issued.size).toBe(1);
    await sell("Menú", "8990");
    await press("F8");
    await press("F4", { shiftKey: true });
    await enter("500");
    expect(shop.issued.size).toBe(1);
    expect(screen.getByRole("button", { name: /Cobrar/ })).toHaveFocus();
  });

  test("is asked for in no other sale than the one that it was opened in", async () => {
    await open("sale");
    await sell("Menú", "8990");
    await press("F4", { shiftKey: true });
    await click("button", "Descartar esta venta");
    await click("button", "Descartar la venta");
    await sell("Menú", "8990");
    expect(screen.queryByLabelText("Propina")).toBeNull();
  });
});

test("what is left for the cash is said while the other means are written", async () => {
  await open("sale");
  await sell("Pan", "6974");
  await press("F6", { shiftKey: true });
  expect(screen.getByText("Efectivo: faltan $ 6.970")).toBeVisible();
  await enter("1000");
  expect(screen.getByText("Efectivo: faltan $ 5.970")).toBeVisible();
  screen.getByLabelText("Efectivo (el resto)").focus();
  await write("6000");
  expect(screen.queryByText(/Efectivo: faltan/)).toBeNull();
  expect(screen.getByText("$ 30")).toBeVisible();
  await press("F4", { shiftKey: true });
  await write("x");
  expect(screen.getByLabelText("Propina")).toBeInvalid();
  await expectAccessible();
});

describe("the last sale", () => {
  test("is heard with its folio, its total and what to hand back, once, and that it has no paper", async () => {
    const shop = await open("sale");
    const region = document.querySelector("h1 + [aria-live=polite]");
    expect(aloud()).toEqual([]);
    await sell("Pan", "350");
    screen.getByLabelText("Recibido").focus();
    await write("1000");
    await press("F10");
    const said = `Venta emitida: ${named(shop.rows[0]!)}, $ 350. Vuelto $ 650.`;
    expect(aloud()).toEqual([said]);
    const [words] = region!.children;
    shop.push([{ ...shop.rows[0]!, state: "ENVIANDO", paper: { copy: "original", state: "failed", word: "No impreso", why: "la tapa está abierta" } }]);
    await settle();
    expect(aloud()).toEqual([said, "No impreso: la tapa está abierta. La venta vale igual: el documento está emitido y guardado."]);
    expect(region!.children[0]).toBe(words);
    // It is no news to who comes back to it, nor to who reads the page anew.
    await press("2", { altKey: true, code: "Digit2" });
    await press("1", { altKey: true, code: "Digit1" });
    expect(charged()).toBeVisible();
    expect(aloud()).toEqual([]);
    await reopen(shop);
    expect(charged()).toBeVisible();
    expect(aloud()).toEqual([]);
    await sell("Leche", "990");
    await press("F10");
    expect(aloud()).toEqual([`Venta emitida: ${named(shop.rows[0]!)}, $ 990.`]);
  });

  test("says what was collected: its total, the rounding and the tip", async () => {
    await open("sale");
    await sell("Menú", "8954");
    await press("F4", { shiftKey: true });
    await enter("500");
    await press("F10");
    const said = within(charged());
    for (const [what, much] of [["Total", "$ 8.954"], ["Propina", "$ 500"], ["Redondeo", "−$ 4"], ["Cobrado", "$ 9.450"]]) {
      expect(said.getByText(what!).nextElementSibling).toHaveTextContent(much!);
    }
  });

  test("says how much was paid by which means", async () => {
    await open("sale");
    await sell("Menú", "6500");
    await press("F6", { shiftKey: true });
    await write("3000");
    screen.getByLabelText("Efectivo (el resto)").focus();
    await write("5000");
    await press("F10");
    const said = within(charged());
    for (const [what, much] of [["Efectivo", "$ 3.500"], ["Débito", "$ 3.000"], ["Vuelto", "$ 1.500"]]) {
      expect(said.getByText(what!).nextElementSibling).toHaveTextContent(much!);
    }
  });

  test("does not say that the next one may begin where none may", async () => {
    const shop = await open("sale");
    await sell("Menú", "8954");
    await press("F10");
    expect(within(charged()).getByText("Lista para la próxima venta")).toBeVisible();
    shop.stopped = { code: "clock-behind", text: "El reloj de este equipo está atrasado." };
    shop.push([]);
    await settle();
    expect(within(charged()).queryByText("Lista para la próxima venta")).toBeNull();
  });

  test("tells what money to hand back when it is annulled, and no change any more", async () => {
    const shop = await open("sale");
    await sell("Menú", "8954");
    await press("F4", { shiftKey: true });
    await enter("500");
    await press("F10");
    await click("button", "Anular esta venta");
    const words = "Devuelva $ 9.450 en efectivo, que es lo que se cobró con el redondeo. Ahí va también la propina de $ 500.";
    expect(screen.getByText(words)).toBeVisible();
    await click("button", "Emitir la nota de crédito");
    expect(screen.getByText(words)).toBeVisible();
    await press("Escape");
    await click("button", "Entendido");
    expect(within(charged()).queryByText("Vuelto")).toBeNull();
    expect(within(charged()).getByText("Por devolver (efectivo)").nextElementSibling).toHaveTextContent("$ 9.450");
    expect(screen.queryByRole("button", { name: "Anular esta venta" })).toBeNull();
    const [, row] = shop.rows;
    shop.push([{ ...row!, state: "ACEPTADO", annulled_by: "T61F1" }]);
    await settle();
    expect(within(charged()).getByText("Anulado")).toBeVisible();
    expect(within(charged()).queryByRole("img", { name: "Aceptado por el SII" })).toBeNull();
  });

  test("that nobody says the payment of is paid back in rounded cash, if it was paid so", async () => {
    const shop = await open("sale");
    vi.spyOn(shop, "sale").mockResolvedValue("{}");
    await sell("Pan", "356");
    await press("F10");
    await click("button", "Anular esta venta");
    expect(screen.getByText("Si se pagó en efectivo, devuelva $ 360.")).toBeVisible();
  });

  test("is annulled by a note, from where it stands", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    await click("button", "Anular esta venta");
    await click("button", "Emitir la nota de crédito");
    expect(screen.getByText(/Se emitió la Nota de crédito/)).toBeVisible();
    expect(shop.rows[0]?.series).toBe("61");
  });
});

describe("whom a factura is for", () => {
  test("is known by an earlier one though this window remembers nothing", async () => {
    const shop = await open("sale");
    await shop.issue(
      {
        Encabezado: {
          IdDoc: { TipoDTE: 33 },
          Receptor: { RUTRecep: "76354771-K", RznSocRecep: "Panadería Los Aromos Ltda.", GiroRecep: "Panadería", DirRecep: "Los Aromos 12", CmnaRecep: "Ñuñoa" },
        },
        Detalle: [{ NmbItem: "Harina", QtyItem: 1, PrcItem: 900 }],
      },
      "otra-caja",
    );
    await press("F3");
    await write("76.354.771-k");
    await press("Tab");
    expect(screen.getByLabelText("Comuna")).toHaveValue("Ñuñoa");
    expect(screen.getByText("Datos de su última factura")).toBeVisible();
  });
});

describe("what stands in the way of any charge", () => {
  test.each([
    ["store", "el disco está lleno; no se pudo escribir", "No se puede guardar"],
    ["locked", "La emisión y el envío están detenidos: parece una copia antigua.", "No se emite ni se envía nada"],
    ["certificate-expired", "El certificado digital venció el 1-11-2026.", "No se puede firmar"],
    ["clock-behind", "El reloj de este equipo está atrasado.", "El reloj de este equipo está mal"],
  ])("%s has a screen of its own, and nothing is charged", async (why, text, title) => {
    const shop = await open("sale");
    await sell("Pan", "350");
    shop.stopped = { code: why, text };
    shop.push([]);
    await press("Tab");
    expect(screen.getByRole("heading", { name: title })).toBeVisible();
    expect(screen.getByText(capital(text))).toBeVisible();
    await press("F10");
    expect(shop.issued.size).toBe(0);
    await expectAccessible();
  });

  test("a lock says that what was issued waits too, and leads to where it is lifted", async () => {
    const shop = await open("sale");
    shop.stopped = { code: "locked", text: "Parece una copia antigua." };
    shop.locked = { reason: "anchor-ahead", text: "Parece una copia antigua.", folios: [] };
    shop.push([]);
    await press("Tab");
    expect(screen.getByText(/Lo ya emitido está guardado y tampoco se envía al SII: sale al desbloquear/)).toBeVisible();
    await click("button", "Ir a Ajustes");
    await click("button", "Desbloquear la emisión");
    expect(screen.getByRole("dialog")).toHaveTextContent("Lo que quedó por enviar vuelve a salir, y antes se le pregunta al SII si ya lo tiene.");
  });

  test("no folios of one kind leaves the other, and shows where to load them", async () => {
    const shop = await open("sale");
    shop.folios[39] = 0;
    shop.push([]);
    await press("Tab");
    expect(screen.getByRole("heading", { name: "No quedan folios de boleta" })).toBeVisible();
    await press("F3");
    expect(screen.queryByTestId("blocked")).toBeNull();
    await press("F2");
    await click("button", "Ir a Folios");
    expect(screen.getByRole("heading", { name: "Folios" })).toBeVisible();
  });
});
