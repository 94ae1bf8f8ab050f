import { screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import type { DemoShop } from "../../lib/demo";
import { Problem } from "../../lib/port";
import type { SaleBody } from "../../lib/sale-json";
import { enter, expectAccessible, open, press, reopen, settle, write } from "../testing";
import { charged, code, sell } from "./till";

const WHY = "La venta supera $5.184.000, cerca de 135 UF: indique el RUT y el nombre del comprador. La UF de hoy se pone en Ajustes.";
const BUYER = { RUTRecep: "76192083-9", RznSocRecep: "Ana Soto" };

const section = () => screen.queryByRole("region", { name: "RUT y nombre del comprador" });
const tendered = () => screen.getByLabelText("Recibido");

/** The agent's own rule: above five millions it wants the buyer. With `unseen` its preview says nothing of it. */
function strict(shop: DemoShop, unseen = false) {
  const judge = (sale: object) => {
    const { Encabezado, Detalle } = sale as SaleBody;
    const total = Detalle.reduce((sum, line) => sum + Number(line.PrcItem) * Number(line.QtyItem), 0);
    if (total <= 5_000_000 || Encabezado.Receptor) return;
    const errors = [{ code: "large-sale-receiver", path: "Encabezado.Receptor.RUTRecep", message: WHY }];
    throw new Problem({ status: 422, code: "sale-refused", title: "Rechazado", detail: WHY, errors });
  };
  const [plainPreview, plainIssue] = [shop.preview.bind(shop), shop.issue.bind(shop)];
  const preview = vi.spyOn(shop, "preview").mockImplementation(async (sale) => {
    if (!unseen) judge(sale);
    return plainPreview(sale);
  });
  const issue = vi.spyOn(shop, "issue").mockImplementation(async (sale, key) => {
    judge(sale);
    return plainIssue(sale, key);
  });
  return { preview, issue };
}

test("a boleta that must name its buyer asks for it before it is charged, and goes on by Enter alone", async () => {
  const { preview, issue } = strict(await open("sale"));
  await sell("Cuaderno", "1000");
  await settle(300);
  expect(section()).toBeNull();
  await sell("Piano", "6000000");
  await settle(300);
  expect(within(section() as HTMLElement).getByText(WHY)).toBeVisible();
  expect(code()).toHaveFocus();
  await expectAccessible();
  vi.useFakeTimers();

  await press("Enter");
  expect(screen.getByLabelText("RUT")).toHaveFocus();
  await enter("76.192.083-9");
  expect(screen.getByLabelText("Nombre")).toHaveFocus();
  await enter("Ana Soto");
  expect(tendered()).toHaveFocus();
  // With the buyer the agent's own total is shown again.
  await settle(300);
  expect(preview.mock.calls.at(-1)?.[0]).toMatchObject({ Encabezado: { Receptor: BUYER }, Timbre: { Pagos: [{ Medio: "efectivo", Monto: 6_001_000 }] } });
  await press("Enter");
  expect(issue).toHaveBeenCalledTimes(1);
  expect(issue.mock.calls[0]?.[0]).toMatchObject({
    Encabezado: { IdDoc: { TipoDTE: 39 }, Receptor: BUYER },
    Timbre: { Pagos: [{ Medio: "efectivo", Monto: 6_001_000 }] },
  });
  expect(Object.keys((issue.mock.calls[0]?.[0] as SaleBody).Encabezado.Receptor ?? {})).toEqual(["RUTRecep", "RznSocRecep"]);
  expect(within(charged()).getByText("$ 6.001.000")).toBeVisible();
  expect(section()).toBeNull();
});

test("the agent's refusal at the charge asks for the buyer, keeps the sale, and the last Enter charges", async () => {
  const { issue } = strict(await open("sale"), true);
  await sell("Piano", "6000000");
  tendered().focus();
  await write("6.000.000");
  await press("F10");
  expect(screen.queryByTestId("sale-problem")).toBeNull();
  expect(within(section() as HTMLElement).getByText(WHY)).toBeVisible();
  expect(screen.getByText("Escriba el RUT y el nombre del comprador")).toBeVisible();
  expect(screen.getByLabelText("RUT")).toHaveFocus();
  expect(tendered()).toHaveValue("6.000.000");
  // Pressed again nothing goes out: it would be refused again.
  await press("F10");
  expect(issue).toHaveBeenCalledTimes(1);
  await enter("761920839");
  await enter("Ana Soto");
  expect(issue).toHaveBeenCalledTimes(2);
  expect(issue.mock.calls[1]?.[0]).toMatchObject({ Encabezado: { Receptor: BUYER } });
  expect(issue.mock.calls[1]?.[1]).not.toBe(issue.mock.calls[0]?.[1]);
  expect(charged()).toBeVisible();
});

test("a sale that became small again wants no buyer", async () => {
  const { issue } = strict(await open("sale"));
  await sell("Piano", "6000000");
  await settle(300);
  expect(section()).toBeVisible();
  screen.getByLabelText("Cantidad de Piano").focus();
  await write("0,5");
  await settle(300);
  expect(section()).toBeNull();
  await press("F10");
  expect(issue.mock.calls[0]?.[0]).not.toHaveProperty("Encabezado.Receptor");
  expect(charged()).toBeVisible();
});

test("who bought before is known by the RUT, in the factura too, and after a window that was closed", async () => {
  const shop = await open("sale");
  strict(shop);
  for (const again of [false, true]) {
    await (again ? enter("Piano") : sell("Piano", "6000000"));
    await settle(300);
    await press("Enter");
    // This window remembers by itself.
    const documents = vi.spyOn(shop, "documents").mockRejectedValue(new Error("not asked"));
    await write("76192083-9");
    await settle();
    documents.mockRestore();
    if (again) {
      expect(screen.getByLabelText("Nombre")).toHaveValue("Ana Soto");
      expect(screen.getByText("Datos de su última compra")).toBeVisible();
    }
    await press("Enter");
    if (!again) await enter("Ana Soto");
    expect(tendered()).toHaveFocus();
    await press("Enter");
    expect(charged()).toBeVisible();
    if (!again) await reopen(shop);
  }
  expect(shop.issued.size).toBe(2);
  // What this window forgot the agent knows.
  localStorage.clear();
  await reopen(shop);
  await press("F2", { shiftKey: true });
  await write("76192083-9");
  await settle();
  expect(screen.getByLabelText("Nombre")).toHaveValue("Ana Soto");
  await press("F3");
  expect(screen.getByLabelText("Razón social")).toHaveValue("Ana Soto");
});

test("a small boleta names its buyer where somebody wishes it, whole or not at all", async () => {
  const shop = await open("sale");
  const issue = vi.spyOn(shop, "issue");
  await sell("Pan", "350");
  await press("F2", { shiftKey: true });
  expect(screen.getByLabelText("RUT")).toHaveFocus();
  await write("76192083-9");
  await press("F10");
  expect(issue).not.toHaveBeenCalled();
  expect(screen.getByLabelText("Nombre")).toHaveFocus();
  // Taken back, it is a boleta as any other.
  await press("F2", { shiftKey: true });
  expect(section()).toBeNull();
  await press("F10");
  expect(issue.mock.calls[0]?.[0]).not.toHaveProperty("Encabezado.Receptor");

  await press("F2", { shiftKey: true });
  expect(screen.getByLabelText("RUT")).toHaveValue("");
  await enter("76192083-9");
  await enter("Ana Soto");
  code().focus();
  await enter("Pan");
  await press("F10");
  expect(issue.mock.calls[1]?.[0]).toMatchObject({ Encabezado: { Receptor: BUYER } });
  await enter("Pan");
  await press("F10");
  expect(issue.mock.calls[2]?.[0]).not.toHaveProperty("Encabezado.Receptor");
});
