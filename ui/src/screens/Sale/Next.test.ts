// While a sale is being issued the next one begins: nothing that is entered is lost, and nothing of it
// gets into the one that is on its way.

import { fireEvent, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import type { DemoShop } from "../../lib/demo";
import { Problem, unreachable } from "../../lib/port";
import { click, enter, open, press, scan, settle, write } from "../testing";
import { aloud, charged, code, sell } from "./till";

const MILK = "7801234567890";
const waiting = () => screen.queryAllByText(/^Venta siguiente:/).map((one) => one.parentElement?.textContent.replace(/\s+/g, " ").trim());
const quantity = (name: string) => screen.queryByLabelText<HTMLInputElement>(`Cantidad de ${name}`)?.value ?? null;
const refusal = () => new Problem({ status: 422, code: "no", title: "", detail: "No se puede.", errors: [] });

/** A shop that knows the milk, and whose answers come one by one when the test says so. */
async function slow() {
  const shop = await open("sale");
  await enter(MILK);
  await enter("Leche");
  await enter("1190");
  await click("button", "Descartar esta venta");
  await click("button", "Descartar la venta");
  const real = shop.issue.bind(shop);
  const held: ((fault?: Problem) => void)[] = [];
  const issue = vi.spyOn(shop, "issue").mockImplementation(async (sale, key) => {
    const fault = await new Promise<Problem | undefined>((done) => held.push(done));
    if (fault) throw fault;
    return real(sale, key);
  });
  const answer = async (fault?: Problem) => {
    held.shift()?.(fault);
    await settle();
  };
  await sell("Pan", "350");
  await press("F10");
  return { issue, answer };
}

const goods = (issue: { mock: { calls: Parameters<DemoShop["issue"]>[] } }) => issue.mock.calls.map(([sale]) => (sale as { Detalle: { NmbItem: string; PrcItem: number }[] }).Detalle.map(({ NmbItem, PrcItem }) => `${NmbItem} ${PrcItem}`));

test("what is typed and scanned while a sale is being issued stands in the next one", async () => {
  const { issue, answer } = await slow();
  expect(code()).toHaveFocus();
  await enter("+888");
  await scan(MILK);
  expect(waiting()).toEqual(["Venta siguiente: Varios, Leche · $ 2.078"]);
  expect(quantity("Leche")).toBeNull();
  await answer();
  expect(screen.getByText(/Última venta: Boleta/)).toBeVisible();
  expect([quantity("Pan"), quantity("Varios"), quantity("Leche")]).toEqual([null, "1", "1"]);
  expect(waiting()).toEqual([]);
  expect(code()).toHaveFocus();
  await press("F10");
  await answer();
  expect(goods(issue)).toEqual([["Pan 350"], ["Varios 888", "Leche 1190"]]);
  expect(charged()).toBeVisible();
});

test("when it is refused it is back as it was, and the next one waits for it to end", async () => {
  const { issue, answer } = await slow();
  await enter("+888");
  await scan(MILK);
  await press("F10");
  expect(waiting()).toEqual(["Venta siguiente: Varios, Leche · $ 2.078 · se cobra al terminar la anterior"]);
  await answer(refusal());
  expect(screen.getByTestId("sale-problem")).toHaveTextContent("No se emitió. No se puede.");
  expect([quantity("Pan"), quantity("Leche")]).toEqual(["1", null]);
  expect(waiting()).toEqual(["Venta siguiente: Varios, Leche · $ 2.078"]);
  // What is entered now mends the sale that was refused.
  await scan(MILK);
  expect([quantity("Pan"), quantity("Leche")]).toEqual(["1", "1"]);
  await press("F10");
  await answer();
  expect([quantity("Pan"), quantity("Varios"), quantity("Leche")]).toEqual([null, "1", "1"]);
  expect(goods(issue)).toEqual([["Pan 350"], ["Pan 350", "Leche 1190"]]);
});

test("what waits for its turn can be taken back, by keys too, and with its last product the sale", async () => {
  const { issue, answer } = await slow();
  await enter("+888");
  await scan(MILK);
  await press("F10");
  await enter("+500");
  await settle(1_000);
  const back = screen.getByRole("button", { name: "Quitar Leche de la venta siguiente" });
  back.focus();
  expect(back).toHaveFocus();
  await click("button", "Quitar Leche de la venta siguiente");
  expect(waiting()).toEqual(["Venta siguiente: Varios · $ 888 · se cobra al terminar la anterior", "Venta siguiente: Varios · $ 500"]);
  expect(code()).toHaveFocus();
  await fireEvent.click(screen.getAllByRole("button", { name: "Quitar Varios de la venta siguiente" })[1]!);
  await settle();
  expect(waiting()).toEqual(["Venta siguiente: Varios · $ 888 · se cobra al terminar la anterior"]);
  await click("button", "Quitar Varios de la venta siguiente");
  expect(waiting()).toEqual([]);
  await answer();
  expect(goods(issue)).toEqual([["Pan 350"]]);
  expect(charged()).toBeVisible();
});

test("while a sale is on its way the one before is not offered to be annulled", async () => {
  const { answer } = await slow();
  await answer();
  await sell("Queso", "990");
  expect(screen.getByRole("button", { name: "Anular esta venta" })).toBeVisible();
  await press("F10");
  expect(screen.getByText(/^Última venta: Boleta/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Anular esta venta" })).toBeNull();
  await answer(unreachable("sin respuesta"));
  expect(screen.queryByRole("button", { name: "Anular esta venta" })).toBeNull();
});

test("F10 charges the next sale in its turn, and the one that is on its way only once", async () => {
  const { issue, answer } = await slow();
  await press("F10");
  await enter("+1004");
  await press("F10");
  await press("F10");
  await enter("+1005");
  expect(waiting()).toHaveLength(2);
  expect(issue).toHaveBeenCalledOnce();
  await answer();
  expect(issue).toHaveBeenCalledTimes(2);
  expect(waiting()).toEqual(["Venta siguiente: Varios · $ 1.005"]);
  await answer();
  expect(goods(issue)).toEqual([["Pan 350"], ["Varios 1004"]]);
  expect(screen.getByText("$ 1.005 c/u")).toBeVisible();
  expect(new Set(issue.mock.calls.map(([, key]) => key)).size).toBe(2);
});

test("the sale that was charged is heard though the next one stands already", async () => {
  const { issue, answer } = await slow();
  await enter("+888");
  await answer();
  expect(quantity("Varios")).toBe("1");
  expect(aloud()).toEqual([expect.stringMatching(/^Venta emitida: Boleta [\d.]+, \$ 350\.$/)]);
  const [first] = aloud();
  await press("F10");
  await press("F3");
  await answer();
  expect(issue).toHaveBeenCalledTimes(2);
  expect(aloud()).toEqual([expect.stringMatching(/^Venta emitida: Boleta [\d.]+, \$ 890\.$/)]);
  expect(aloud()).not.toEqual([first]);
});

test("what is half written when the answer comes is whole afterwards", async () => {
  const { issue, answer } = await slow();
  await write("+20");
  expect(screen.getByText("Esto va en la venta siguiente")).toBeVisible();
  await answer();
  expect(code()).toHaveValue("+20");
  await enter("+2003");
  expect(screen.getByText("$ 2.003 c/u")).toBeVisible();
  await press("F10");
  await write("+1");
  await answer(refusal());
  // It was begun for the next sale, and goes there.
  await enter("+15");
  expect(waiting()).toEqual(["Venta siguiente: Varios · $ 15"]);
  expect(screen.queryByText("$ 15 c/u")).toBeNull();
  await enter("+16");
  expect(screen.getByText("$ 16 c/u")).toBeVisible();
  expect(goods(issue)).toEqual([["Pan 350"], ["Varios 2003"]]);
});

test("a price that is being written keeps its field when the answer comes", async () => {
  const { answer } = await slow();
  await enter("Palta");
  await write("49");
  await answer();
  expect(screen.getByLabelText("Precio")).toHaveFocus();
  expect(screen.getByLabelText("Precio")).toHaveValue("49");
  await enter("4990");
  expect(screen.getByText("$ 4.990 c/u")).toBeVisible();
});

test("an unknown code keeps asking for its name", async () => {
  const { answer } = await slow();
  await scan("7809999999999");
  await answer();
  expect(screen.getByText(/Código nuevo 7809999999999/)).toBeVisible();
  await enter("Queso");
  await enter("2990");
  expect(quantity("Queso")).toBe("1");
});

describe("what is chosen meanwhile", () => {
  test("is the next sale's way and document", async () => {
    const { issue, answer } = await slow();
    await enter("+500");
    await press("F7");
    await press("F10");
    await answer();
    await answer();
    expect(issue.mock.calls.map(([sale]) => (sale as { Timbre: { Pagos: object[] } }).Timbre.Pagos)).toEqual([[{ Medio: "efectivo", Monto: 350 }], [{ Medio: "debito", Monto: 500 }]]);
    await enter("Pan");
    await press("F10");
    await enter("+600");
    await press("F3");
    await press("F10");
    await answer();
    // A factura wants its client first.
    expect(issue).toHaveBeenCalledTimes(3);
    expect(screen.getByLabelText("RUT")).toHaveFocus();
  });

  test("a discount can't be given yet, so its sale is charged by hand", async () => {
    const { issue, answer } = await slow();
    await enter("+500");
    await press("F4");
    await press("F10");
    await answer();
    expect(issue).toHaveBeenCalledOnce();
    expect(screen.getByText("$ 500 c/u")).toBeVisible();
  });
});

test("after a lost answer nothing is swallowed, and F10 asks about that sale alone", async () => {
  const { issue, answer } = await slow();
  await answer(unreachable("sin respuesta"));
  await scan(MILK);
  await press("F10");
  await press("F10");
  await answer();
  expect(new Set(issue.mock.calls.map(([, key]) => key)).size).toBe(1);
  expect(issue).toHaveBeenCalledTimes(2);
  expect([quantity("Pan"), quantity("Leche")]).toEqual([null, "1"]);
});

test("a sale that is put away leaves what waited behind it", async () => {
  const { answer } = await slow();
  await scan(MILK);
  await answer(refusal());
  await click("button", "Descartar esta venta");
  await click("button", "Descartar la venta");
  expect([quantity("Pan"), quantity("Leche")]).toEqual([null, "1"]);
  expect(within(document.body).queryByTestId("sale-problem")).toBeNull();
});
