import { fireEvent, screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { DemoShop } from "../../lib/demo";
import { Problem } from "../../lib/port";
import { click, enter, expectAccessible, open, press, settle, write } from "../testing";
import { sell } from "../Sale/till";

const field = (name: string) => screen.getByLabelText(name);

async function withPin() {
  const shop = await open("settings");
  await click("button", "Poner el primer PIN");
  field("Nombre").focus();
  await write("Ana");
  field("PIN").focus();
  await write("2580");
  field("Repita el PIN").focus();
  await write("2580");
  await settle();
  await click("button", "Guardar");
  return shop;
}

test("without a PIN everybody may, and that is said", async () => {
  const shop = await open("settings");
  expect(screen.getByText(/Nadie tiene PIN/)).toBeVisible();
  await press("1", { altKey: true, code: "Digit1" });
  await sell("Pan", "350");
  await press("F10");
  await click("button", "Anular esta venta");
  await click("button", "Emitir la nota de crédito");
  expect(shop.rows[0]?.series).toBe("61");
});

test("the first PIN is somebody's in charge; two that differ are not taken", async () => {
  const shop = await open("settings");
  await click("button", "Poner el primer PIN");
  expect(field("Rol")).toBeDisabled();
  field("Nombre").focus();
  await write("Ana");
  field("PIN").focus();
  await write("2580");
  field("Repita el PIN").focus();
  await write("2581");
  await settle();
  expect(screen.getByText("Los dos no son iguales")).toBeVisible();
  expect(screen.getByRole("button", { name: "Guardar" })).toBeDisabled();
  await write("2580");
  await settle();
  await click("button", "Guardar");
  expect(shop.people.get("Ana")).toMatchObject({ role: "encargado" });
  await click("button", "Cambiar a Ana");
  await expectAccessible();
});

test("a PIN that will be refused is told before anybody's in charge is asked for", async () => {
  const shop = await withPin();
  const put = vi.spyOn(shop, "putWorker");
  await click("button", "Agregar a alguien");
  field("Nombre").focus();
  await write("Beto");
  for (const [pin, why] of [["1111", /un solo número repetido/], ["123", /^El PIN lleva de 4 a 12 números\.$/]] as const) {
    field("PIN").focus();
    await write(pin);
    field("Repita el PIN").focus();
    await write(pin);
    await settle();
    expect(screen.getByText(why)).toBeVisible();
    expect(screen.getByRole("button", { name: "Guardar" })).toBeDisabled();
  }
  expect(put).not.toHaveBeenCalled();
});

test("the first PIN is put by Enter, from field to field", async () => {
  const shop = await open("settings");
  await click("button", "Poner el primer PIN");
  field("Nombre").focus();
  await enter("Ana");
  expect(field("PIN")).toHaveFocus();
  await enter("2580");
  expect(field("Repita el PIN")).toHaveFocus();
  await enter("2581");
  expect(shop.people.size).toBe(0);
  await enter("2580");
  await press("Enter");
  expect(shop.people.get("Ana")).toMatchObject({ role: "encargado" });
});

test("how long to wait after wrong PINs is told as it passes", async () => {
  const shop = await withPin();
  await press("1", { altKey: true, code: "Digit1" });
  await sell("Pan", "350");
  await press("F10");
  await click("button", "Anular esta venta");
  await click("button", "Emitir la nota de crédito");
  const until = new Date(Date.now() + 27_000).toISOString();
  vi.spyOn(shop, "staff").mockImplementation(async () => ({ workers: [{ name: "Ana", role: "encargado", locked_until: until }] }));
  vi.spyOn(shop, "permit").mockRejectedValue(new Problem({ status: 403, code: "pin-locked", title: "", detail: "Se puede intentar de nuevo en 27 segundos.", errors: [] }));
  field("PIN").focus();
  await enter("1111");
  expect(screen.getByText(/Se puede intentar de nuevo en 2[678] s\./)).toBeVisible();
  await settle(20_000);
  expect(screen.getByText(/Se puede intentar de nuevo en [678] s\./)).toBeVisible();
  await settle(10_000);
  expect(screen.queryByText(/Se puede intentar de nuevo/)).toBeNull();
});

test("a risky act asks for the PIN at its moment; a wrong one does nothing, the right one does it once", async () => {
  const shop = await withPin();
  await press("1", { altKey: true, code: "Digit1" });
  await sell("Pan", "350");
  await press("F10");
  expect(shop.rows[0]?.series).toBe("39");
  await click("button", "Anular esta venta");
  await click("button", "Emitir la nota de crédito");
  const asked = screen.getByRole("dialog", { name: "Lo autoriza un encargado" });
  expect(within(asked).getByLabelText("PIN")).toHaveFocus();
  await enter("1111");
  expect(within(asked).getByRole("alert")).toHaveTextContent("El PIN no es ése.");
  expect(shop.rows[0]?.series).toBe("39");
  await enter("2580");
  expect(shop.rows[0]?.series).toBe("61");
  expect(screen.queryByRole("dialog", { name: "Lo autoriza un encargado" })).toBeNull();
});

test.each<[string, (shop: DemoShop) => Promise<unknown>]>([
  ["load_folios", (shop) => shop.loadFolios(new ArrayBuffer(0), [1, 1], null)],
  ["stop_range", (shop) => shop.stopRange({ type: "61", folio: 1, who: "", why: "" })],
  ["resume_range", (shop) => shop.resumeRange({ type: "61", folio: 1, who: "", why: "" })],
  ["range_annulled", (shop) => shop.rangeAnnulled({ type: "61", folio: 1, who: "" })],
  ["skipped_annulled", (shop) => shop.skippedAnnulled({ type: "61", folio: 1, who: "" })],
  ["export", (shop) => shop.exportFound({}, "csv")],
  ["put_printer", (shop) => shop.putPrinter({} as never)],
  ["remove_printer", (shop) => shop.removePrinter("principal")],
  ["set_logo", (shop) => shop.setLogo(null)],
  ["recovery_key", (shop) => shop.sealer.recoveryKey()],
])("%s is no act of just anybody, in the demo shop either", async (act, does) => {
  const shop = new DemoShop();
  shop.people.set("Ana", { name: "Ana", role: "encargado", pin: "2580" });
  await expect(does(shop)).rejects.toMatchObject({ view: { code: "pin-needed", errors: [{ path: act }] } });
});

test("who does not allow it leaves everything as it was, and the next act asks anew", async () => {
  const shop = await withPin();
  await press("2", { altKey: true, code: "Digit2" });
  await click("button", "Detener el envío");
  await fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Detener el envío" }));
  await settle();
  await fireEvent.click(within(screen.getByRole("dialog", { name: "Lo autoriza un encargado" })).getByRole("button", { name: "Cancelar" }));
  await settle();
  expect(shop.running).toBe(true);
  expect(screen.getByRole("alert")).toHaveTextContent("Lo autoriza un encargado con su PIN.");
});

test("who can ask is accessible", async () => {
  await withPin();
  await click("button", "Quitar a Ana");
  await click("button", "Quitar");
  expect(screen.getByRole("dialog", { name: "Lo autoriza un encargado" })).toBeVisible();
  await expectAccessible();
});

test("what people did is somebody's in charge to see, by one PIN for all its pages", async () => {
  const shop = await withPin();
  shop.done = Array.from({ length: 60 }, (_, i) => ({ number: 60 - i, at: "2026-11-22T14:00:00Z", who: "Ana", what: "Reenviar", documents: [], count: 0 }));
  screen.getByText("Quién hizo qué").click();
  await settle(400);
  const deeds = within(screen.getByRole("region", { name: "Quién hizo qué" }));
  expect(deeds.queryByRole("row")).toBeNull();
  await click("button", "Cancelar");
  expect(deeds.getByRole("alert")).toHaveTextContent("Lo autoriza un encargado");
  await click("button", "Pedir de nuevo");
  field("PIN").focus();
  await enter("2580");
  expect(deeds.getAllByRole("row")).toHaveLength(51);
  await click("button", "Ver más antiguos");
  expect(deeds.getAllByRole("row")).toHaveLength(61);
  expect(screen.queryByRole("dialog")).toBeNull();
});
