import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import App from "../../App.svelte";
import { DemoShop } from "../../lib/demo";
import { Problem, unreachable } from "../../lib/port";
import { click, expectAccessible, NOW, open, press, reopen, settle, write } from "../testing";

const setup = () => within(screen.getByRole("region", { name: "Puesta en marcha" }));

test("a shop that was never set up opens on what is missing, and says what to have at hand", async () => {
  await open("sale", { scenario: "bare" });
  expect(screen.getByRole("heading", { name: "Puesta en marcha" })).toBeVisible();
  expect(setup().getByText("Certificado digital:")).toBeVisible();
  expect(setup().getByText(/varias semanas/)).toBeVisible();
  expect(setup().getByRole("button", { name: /Empresa y ambiente/ })).toHaveAttribute("aria-expanded", "true");
  await expectAccessible();
});

test("who wants to try first opens a practice shop, named before the SII's own environments", async () => {
  const begin = vi.fn(async () => {});
  vi.useFakeTimers({ now: NOW });
  const shop = new DemoShop({ scenario: "bare", environment: "certification" });
  Object.assign(shop, { practice: { begin } });
  render(App, { port: shop, first: "settings" });
  await settle();
  const names = setup().getAllByRole("button").map((button) => button.textContent);
  expect(names[0]).toBe("Probar sin el SII (entrenamiento)");
  await click("button", "Probar sin el SII (entrenamiento)");
  expect(begin).toHaveBeenCalledOnce();
  begin.mockRejectedValueOnce(new Problem({ status: 500, code: "internal", title: "", detail: "La tienda de práctica no se pudo abrir.", errors: [] }));
  await click("button", "Probar sin el SII (entrenamiento)");
  expect(setup().getByRole("alert")).toHaveTextContent("no se pudo abrir");
  await expectAccessible();
});

test("a shop that has issued is not left for a practice shop, and a practice shop is left for the shop's own", async () => {
  const practice = { begin: vi.fn(async () => {}), end: vi.fn(async () => {}) };
  const sold = await open("settings", { environment: "certification" });
  Object.assign(sold, { practice });
  await reopen(sold, "settings");
  expect(screen.queryByRole("button", { name: "Probar sin el SII (entrenamiento)" })).toBeNull();
  const trained = new DemoShop({ environment: "training", documents: 10 });
  Object.assign(trained, { practice });
  await reopen(trained, "settings");
  await click("button", "Salir del entrenamiento");
  expect(practice.end).toHaveBeenCalledOnce();
  expect(practice.begin).not.toHaveBeenCalled();
});

test("before the first real document it may be practised, in its own step", async () => {
  const begin = vi.fn(async () => {});
  const shop = await open("settings", { environment: "production", documents: 0, scenario: "empty" });
  Object.assign(shop, { practice: { begin } });
  await reopen(shop, "settings");
  await click("button", /Primer documento/);
  expect(setup().getByRole("button", { name: "Ir a Venta" })).toBeVisible();
  await click("button", "O practique primero, sin el SII");
  expect(begin).toHaveBeenCalledOnce();
  await expectAccessible();
  vi.useFakeTimers({ now: NOW });
  // A shop that has sold is not left for it.
  const sold = await open("settings", { environment: "production" });
  Object.assign(sold, { practice: { begin } });
  await reopen(sold, "settings");
  await click("button", /Primer documento/);
  expect(screen.queryByRole("button", { name: "O practique primero, sin el SII" })).toBeNull();
});

test("a training shop that was opened by itself says how the shop's own is opened", async () => {
  await open("settings", { environment: "training" });
  expect(setup().getByText(/abra Timbre como siempre/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Salir del entrenamiento" })).toBeNull();
});

test("only once: the other rooms stay within reach", async () => {
  await open("sale", { scenario: "bare" });
  await press("1", { altKey: true, code: "Digit1" });
  await settle(6_000);
  expect(screen.getByRole("heading", { name: "Venta" })).toBeInTheDocument();
  expect(screen.getByRole("heading", { name: "Falta configurar Timbre" })).toBeVisible();
});

test("what is wrong with the company is said beside its field; what is right goes in the SII's tags", async () => {
  const shop = await open("settings", { scenario: "bare", environment: "certification" });
  await click("button", "Revisar y guardar");
  expect(screen.getByLabelText("RUT de la empresa")).toBeInvalid();
  expect(screen.getAllByText("Falta este dato.")[0]).toBeVisible();
  for (const [label, text] of [["RUT de la empresa", "76.192.083-9"], ["Razón social", "Almacén SpA"], ["Número de la resolución", "0"]] as const) {
    screen.getByLabelText(label).focus();
    await write(text);
  }
  await click("button", "Revisar y guardar");
  expect(shop.firm).toMatchObject({ environment: "certification", data: { RUTEmisor: "76.192.083-9", NroResol: 0 } });
});

test("the first fault has the focus, and a date is written as people do", async () => {
  const shop = await open("settings", { scenario: "bare", environment: "certification" });
  screen.getByLabelText("RUT de la empresa").focus();
  await write("76.192.083-9");
  screen.getByLabelText("Fecha de la resolución").focus();
  await write("31-02-2014");
  await click("button", "Revisar y guardar");
  expect(screen.getByLabelText("Fecha de la resolución")).toHaveFocus();
  expect(screen.getByText("«31-02-2014» no es una fecha: escríbala como 31-01-2026.")).toBeVisible();
  expect(shop.firm).toBeNull();
  await write("22-08-2014");
  await click("button", "Revisar y guardar");
  expect(screen.getByLabelText("Razón social")).toHaveFocus();
  await write("Almacén SpA");
  await click("button", "Revisar y guardar");
  expect(shop.firm).toMatchObject({ data: { FchResol: "2014-08-22" } });
});

test("a shop that sells away from its head office says so, and a fault there is not folded away", async () => {
  const shop = await open("settings", { scenario: "bare", environment: "certification" });
  const more = () => screen.getByText(/^Casa matriz, sucursal/).closest("details");
  expect(more()).not.toHaveAttribute("open");
  const fault = { code: "number-malformed", path: "CdgSIISucur", message: "CdgSIISucur: «uno» no es un número." };
  vi.spyOn(shop, "setCompany").mockRejectedValueOnce(new Problem({ status: 422, code: "company-invalid", title: "", detail: "", errors: [fault] }));
  await click("button", "Revisar y guardar");
  await settle();
  expect(more()).toHaveAttribute("open");
  expect(screen.getByLabelText("Código de la sucursal")).toBeInvalid();
  for (const [label, text] of [["RUT de la empresa", "76.192.083-9"], ["Razón social", "Almacén SpA"], ["Dirección de la casa matriz", "Calle Uno 1"]] as const) {
    screen.getByLabelText(label).focus();
    await write(text);
  }
  await click("button", "Revisar y guardar");
  expect(shop.firm).toMatchObject({ data: { CasaMatriz: "Calle Uno 1" } });
});

test("the UF of large boletas is put with its day, and what it is and how old is said in plain words", async () => {
  const shop = await open("settings", { environment: "certification" });
  const data = { RUTEmisor: "76.192.083-9", RznSoc: "Almacén SpA", ValorUF: "38900.5", FchUF: "2026-08-01" };
  shop.firm = { environment: "certification", id: "76192083-9", name: "Almacén SpA", data };
  await click("button", /Empresa y ambiente/);
  const part = () => screen.getByText(/^La UF, para las boletas grandes/);
  expect(part()).toHaveTextContent("del 01-08-2026, hace 113 días");
  await fireEvent.click(part());
  expect(screen.getByText(/Una boleta de más de 135 UF/)).toBeVisible();
  expect(screen.getByLabelText("Valor de la UF")).toHaveValue("38900,5");
  screen.getByLabelText("Valor de la UF").focus();
  await write("39.123,45");
  // A new value is of today, in Chile; another day is said by hand.
  expect(screen.getByLabelText("Día de esa UF")).toHaveValue("22-11-2026");
  screen.getByLabelText("Día de esa UF").focus();
  await write("21-11-2026");
  screen.getByLabelText("Valor de la UF").focus();
  await write("39.123,46");
  await click("button", "Revisar y guardar");
  expect(shop.firm).toMatchObject({ data: { RznSoc: "Almacén SpA", ValorUF: "39.123,46", FchUF: "2026-11-21" } });
});

test("of the training's own company the UF is set, and nothing else", async () => {
  const shop = await open("settings", { environment: "training" });
  const data = { RUTEmisor: "76.192.083-9", RznSoc: "Almacén de práctica" };
  shop.firm = { environment: "training", id: "76192083-9", name: "Almacén de práctica", data };
  await click("button", /Empresa y ambiente/);
  expect(screen.queryByLabelText("RUT de la empresa")).toBeNull();
  expect(screen.queryByRole("radio", { name: /^Certificación/ })).toBeNull();
  expect(screen.getByText(/^La UF, para las boletas grandes/).closest("details")).toHaveAttribute("open");
  screen.getByLabelText("Valor de la UF").focus();
  await write("39.123,45");
  await click("button", "Revisar y guardar");
  expect(shop.firm).toMatchObject({ environment: "training", data: { ...data, ValorUF: "39.123,45", FchUF: "2026-11-22" } });
});

test("a certificate is tried at once: a wrong password is said, and a missing RUT is asked for", async () => {
  const shop = await open("settings", { environment: "certification" });
  const load = vi.spyOn(shop, "loadCertificate");
  await click("button", "Probar y cargar");
  expect(screen.getByRole("alert")).toHaveTextContent("Elija primero el archivo");
  const file = new File([new Uint8Array([1, 2, 3])], "rosa.pfx");
  await fireEvent.change(screen.getByLabelText("Elija el certificado o suéltelo aquí"), { target: { files: [file] } });
  screen.getByLabelText("Clave del certificado").focus();
  await write("otra");
  await click("button", "Probar y cargar");
  await settle();
  expect(screen.getByRole("alert")).toHaveTextContent("La clave no abre este certificado.");
  screen.getByLabelText("Clave del certificado").focus();
  await write("clave");
  await click("button", "Probar y cargar");
  await settle();
  screen.getByLabelText("RUT del titular (el archivo no lo dice)").focus();
  await write("12.345.678-5");
  await click("button", "Probar y cargar");
  await settle();
  expect(load.mock.calls.at(-1)).toEqual([new Uint8Array([1, 2, 3]), "clave", "12.345.678-5"]);
});

test("talking to the SII says what was found and what to do", async () => {
  await open("settings");
  await click("button", /Hablar con el SII/);
  await click("button", "Probar ahora");
  expect(screen.getByText("No se pudo llegar. Revise internet.")).toBeVisible();
  await expectAccessible();
});

test("where the window is the agent's own it may open by itself", async () => {
  vi.useFakeTimers({ now: NOW });
  let kept = false;
  const shop = Object.assign(new DemoShop(), { autostart: async () => kept, setAutostart: async (on: boolean) => (kept = on) });
  render(App, { port: shop, first: "settings" });
  await settle();
  const box = screen.getByRole("checkbox", { name: "Abrir Timbre al entrar a este equipo" });
  expect(box).not.toBeChecked();
  await fireEvent.click(box);
  await settle();
  expect(kept).toBe(true);
});

test("a lock on issuing is explained, and lifted only by somebody who gives their name", async () => {
  const shop = await open("sale");
  shop.locked = { reason: "index-ahead", text: "Hay folios usados que el diario no conoce.", folios: [{ series: "39", name: "Boleta", used_from: 10, used_to: 12, next: 13, seen: null, seen_by: null }] };
  shop.stopped = { code: "locked", text: shop.locked.text };
  shop.push([]);
  await press("6", { altKey: true, code: "Digit6" });
  await settle();
  expect(screen.getByText(/los folios 10 a 12 pueden estar usados/)).toBeVisible();
  await click("button", "Desbloquear la emisión");
  expect(screen.getByRole("button", { name: "Lo decido yo" })).toBeDisabled();
  screen.getByLabelText("Quién lo decide").focus();
  await write("Ana");
  await settle();
  await click("button", "Lo decido yo");
  expect(shop.locked).toBeNull();
});

test("what comes to be missing while somebody sells leads nobody out of the sale", async () => {
  const shop = await open("sale");
  shop.stopped = { code: "setup", text: "el certificado digital" };
  shop.push([]);
  await settle();
  expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Venta");
});

/** All but the printer is set up, and nothing was sold. */
async function almostReady(): Promise<DemoShop> {
  const shop = await open("settings", { documents: 0, scenario: "empty" });
  // The demo's snapshot has none.
  const inner = shop as unknown as { shot: () => object };
  const shot = inner.shot.bind(shop);
  inner.shot = () => ({ ...shot(), certificate: { holder: "12345678-5", not_after: "2027-11-22T15:00:00Z" } });
  await reopen(shop, "settings");
  return shop;
}

test("the printer is a step: what is set up prints its test page at once, and its step stays until that was seen", async () => {
  const shop = await almostReady();
  expect(setup().getByRole("button", { name: /^\S* ?Impresora/ })).toHaveAttribute("aria-expanded", "true");
  shop.printer = { state: "failed", word: "No impreso", why: "no contesta en 10.0.0.9:9100" };
  await fireEvent.click(setup().getByRole("button", { name: "Agregar una impresora" }));
  await settle();
  await fireEvent.input(within(screen.getByRole("dialog")).getByLabelText("Dirección de red"), { target: { value: "10.0.0.9" } });
  await click("button", "Guardar");
  expect(setup().getByText("No se imprimió: no contesta en 10.0.0.9:9100.")).toBeVisible();
  // One that tells nothing, and can't be kept as such.
  shop.printer = { state: "partial", word: "Parcial", why: "la impresora no terminó de recibir" };
  await fireEvent.click(setup().getByRole("button", { name: "Página de prueba" }));
  await settle();
  vi.spyOn(shop, "putPrinter").mockRejectedValueOnce(unreachable("Timbre no responde."));
  await fireEvent.click(setup().getByRole("button", { name: "Sí, salió entera" }));
  await settle();
  expect(setup().getByRole("alert")).toHaveTextContent("Timbre no responde.");
  shop.printer = { state: "done", word: "Impreso", why: "" };
  await fireEvent.click(setup().getByRole("button", { name: "Página de prueba" }));
  await settle();
  expect(setup().getByText("La impresora dice que la página de prueba salió.")).toBeVisible();
  // The part of the printers knows it, too.
  expect(within(screen.getByRole("region", { name: "Impresoras" })).getByText("En la red: 10.0.0.9")).toBeVisible();
  await expectAccessible();
  vi.useFakeTimers();
  await fireEvent.click(setup().getByRole("button", { name: "Seguir" }));
  await settle();
  expect(setup().getByRole("button", { name: /Primer documento/ })).toHaveAttribute("aria-expanded", "true");
});

test.each([
  ["Imprimo después", /^Imprimo después: el papel se saca/],
  ["Sin impresora", /^Sin impresora: el papel de cada documento/],
])("a shop begins without a printer by saying «%s», and is not asked again", async (word, said) => {
  const shop = await almostReady();
  await fireEvent.click(setup().getByRole("button", { name: word }));
  await settle();
  expect(setup().getByText(said)).toBeVisible();
  expect(setup().getByRole("button", { name: /Primer documento/ })).toHaveAttribute("aria-expanded", "true");
  await reopen(shop, "settings");
  expect(setup().queryByRole("button", { name: word })).toBeNull();
});
