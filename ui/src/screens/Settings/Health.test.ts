import { screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { Problem } from "../../lib/port";
import { click, expectAccessible, open, reopen, settle, write } from "../testing";

const range = (series: string, name: string, next: number) => ({ series, name, used_from: null, used_to: null, next, seen: null as number | null, seen_by: null as string | null });

async function locked() {
  const shop = await open("settings");
  shop.locked = { reason: "anchor-missing", text: "Detenida.", folios: [range("39", "Boleta", 4), range("39", "Boleta", 101), range("33", "Factura", 9)] };
  await reopen(shop, "settings");
  await click("button", "Desbloquear la emisión");
  return shop;
}

async function type(label: string, text: string): Promise<void> {
  screen.getByLabelText(label).focus();
  await write(text);
  await settle();
}

const refused = (status: number, code: string, detail: string) => new Problem({ status, code, title: "", detail, errors: [] });

test("a lock is lifted with the folio up to which another copy used each type", async () => {
  const shop = await locked();
  const asked = vi.spyOn(shop, "unlock");
  await type("Boleta", "1.2x");
  await type("Quién lo decide", "Ana");
  expect(screen.getByText("Un folio es un número entero.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Lo decido yo" })).toBeDisabled();
  await type("Boleta", "1.206");
  asked.mockRejectedValueOnce(refused(422, "next-number-taken", "El SII ya conoce el folio 1.207."));
  await click("button", "Lo decido yo");
  expect(screen.getByRole("alert")).toHaveTextContent("El SII ya conoce el folio 1.207.");
  expect(screen.queryByRole("checkbox")).toBeNull();
  await type("Boleta", "1208");
  await click("button", "Lo decido yo");
  expect(asked.mock.lastCall).toEqual([{ who: "Ana", used_up_to: { 39: 1208 }, unasked: false, seen: { 33: 0, 39: 0 } }]);
  expect(shop.locked).toBeNull();
});

test("where the SII can't be asked a person says that they looked themselves, and only then", async () => {
  const shop = await locked();
  const asked = vi.spyOn(shop, "unlock").mockRejectedValueOnce(refused(504, "next-number-unasked", "No se pudo preguntar."));
  await type("Quién lo decide", "Ana");
  await click("button", "Lo decido yo");
  expect(asked.mock.lastCall).toEqual([{ who: "Ana", used_up_to: {}, unasked: false, seen: { 33: 0, 39: 0 } }]);
  expect(shop.locked).not.toBeNull();
  await click("checkbox", /Desbloquear sin preguntar al SII/);
  await click("button", "Lo decido yo");
  expect(asked.mock.lastCall).toEqual([{ who: "Ana", used_up_to: {}, unasked: true, seen: { 33: 0, 39: 0 } }]);
  expect(shop.locked).toBeNull();
});

test("what was refused is seen however long the question is, and is over with it", async () => {
  const shop = await locked();
  const show = vi.spyOn(Element.prototype, "scrollIntoView");
  vi.spyOn(shop, "unlock").mockRejectedValue(refused(504, "next-number-unasked", "No se pudo preguntar."));
  await type("Quién lo decide", "Ana");
  await click("button", "Lo decido yo");
  const alert = screen.getByRole("alert");
  expect(show.mock.contexts).toContain(alert);
  // What it speaks of stands above it: both are in view.
  expect(screen.getByRole("checkbox").compareDocumentPosition(alert)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  await click("button", "Cancelar");
  expect(screen.queryByText("No se pudo preguntar.")).toBeNull();
});

test("one folio is said as one", async () => {
  const shop = await open("settings");
  shop.locked = { reason: "anchor-missing", text: "Detenida.", folios: [{ ...range("61", "Nota de crédito", 13), used_from: 12, used_to: 12 }] };
  await reopen(shop, "settings");
  expect(screen.getByText(/^Nota de crédito: el folio 12 puede estar usado\./)).toBeVisible();
});

test("what a till says that it was given is shown, and a person says how far it was", async () => {
  const shop = await open("settings");
  const saw = (next: number, seen: number) => ({ ...range("39", "Boleta", next), seen, seen_by: "caja1" });
  shop.locked = { reason: "till-ahead", text: "Detenida.", folios: [saw(4, 1208), saw(101, 120), range("33", "Factura", 9)] };
  await reopen(shop, "settings");
  expect(screen.getByText(/La caja «caja1» dice que recibió el 1.208./)).toBeVisible();
  await click("button", "Desbloquear la emisión");
  const asked = vi.spyOn(shop, "unlock");
  expect(screen.getByLabelText("Boleta")).toHaveValue("");
  expect(screen.getByLabelText("Boleta")).toHaveAccessibleDescription("La caja «caja1» dice que recibió el 1.208.");
  expect(screen.getByLabelText("Factura")).toHaveAccessibleDescription("");
  asked.mockRejectedValueOnce(refused(409, "last-seen-changed", "Otra caja habló."));
  await type("Quién lo decide", "Ana");
  await type("Boleta", "1.208");
  await click("button", "Lo decido yo");
  expect(asked.mock.lastCall).toEqual([{ who: "Ana", used_up_to: { 39: 1208 }, unasked: false, seen: { 33: 0, 39: 1208 } }]);
  expect(screen.getByRole("alert")).toHaveTextContent("Otra caja habló.");
  await type("Boleta", "0");
  await click("button", "Lo decido yo");
  expect(asked.mock.lastCall).toEqual([{ who: "Ana", used_up_to: { 39: 0 }, unasked: false, seen: { 33: 0, 39: 1208 } }]);
});

test("what is asked of who lifts a lock has names that are read aloud", async () => {
  await locked();
  await expectAccessible();
});
