import { screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { enter, open, press, settle, write } from "../testing";
import { Problem } from "../../lib/port";
import { PREVIEW_MS } from "../../lib/sale.svelte";
import { charged, code, sell } from "./till";

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

  test("shows nothing of what was said of the boleta that it was", async () => {
    const shop = await open("sale");
    const held = { code: "grant-stopped", path: "", message: "El rango de folios está detenido." };
    const preview = shop.preview.bind(shop);
    vi.spyOn(shop, "preview").mockImplementation(async (sale) => ({ ...(await preview(sale)), warnings: [held] }));
    vi.spyOn(shop, "issue").mockRejectedValueOnce(new Problem({ status: 503, code: "grant-stopped", title: "", detail: "", errors: [held] }));
    await sell("Cemento", "5990");
    await settle(PREVIEW_MS);
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("El rango de folios está detenido.");
    await press("F3");
    await settle(PREVIEW_MS);
    expect(screen.queryByText(/rango de folios/)).toBeNull();
  });

  test("never takes another client's data", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue");
    const other = ["77.218.450-6", "Constructora SpA", "Obras", "Calle 2", "Temuco"];
    for (const receiver of [RECEIVER, other]) {
      await press("F3");
      for (const text of receiver) await enter(text);
      code().focus();
      await (receiver === RECEIVER ? sell("Cemento", "5990") : enter("Cemento"));
      await press("F10");
    }
    await press("F3");
    await write("761920839");
    expect(screen.getByLabelText("Razón social")).toHaveValue("Comercial Sur SpA");
    await write("76192083");
    expect(screen.getByLabelText("Razón social")).toHaveValue("");
    await write("761920839");
    await write("772184506");
    for (const [field, value] of [["Razón social", "Constructora SpA"], ["Giro", "Obras"], ["Dirección", "Calle 2"], ["Comuna", "Temuco"]] as const) {
      expect(screen.getByLabelText(field)).toHaveValue(value);
    }
    await write("123456785");
    expect(screen.getByLabelText("Razón social")).toHaveValue("");
    expect(issue).toHaveBeenCalledTimes(2);
  });

  test("keeps what was typed by hand while the RUT is mended", async () => {
    await open("sale");
    await press("F3");
    await write("76192083-1");
    screen.getByLabelText("Razón social").focus();
    await write("Comercial Norte");
    screen.getByLabelText("RUT").focus();
    await write("76192083-9");
    expect(screen.getByLabelText("Razón social")).toHaveValue("Comercial Norte");
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
