// Setting printers up, as a manager does.

import { fireEvent, screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { Problem } from "../../lib/port";
import { click, expectAccessible, open, press, settle } from "../testing";

const form = () => within(screen.getByRole("dialog"));
const list = () => within(screen.getByRole("region", { name: "Impresoras" }));

async function choose(label: string, value: string): Promise<void> {
  await fireEvent.change(form().getByLabelText(label), { target: { value } });
  await settle();
}

async function fill(label: string, value: string): Promise<void> {
  await fireEvent.input(form().getByLabelText(label), { target: { value } });
  await settle();
}

test("one on the network is added by its address, and tried", async () => {
  const shop = await open("settings");
  expect(screen.getByText("Todavía no hay una impresora")).toBeVisible();
  await click("button", "Agregar una impresora");
  expect(form().getByLabelText("Nombre")).toHaveValue("principal");
  await fill("Dirección de red", "192.168.1.50");
  await choose("Papel", "58mm");
  await click("button", "Guardar");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(shop.set.printers).toMatchObject([{ name: "principal", device: "red:192.168.1.50", paper: "58mm", takes: "all", cut: true, baud: null }]);
  expect(list().getByText("En la red: 192.168.1.50")).toBeVisible();
  await click("button", "Página de prueba en principal");
  expect(list().getByText("La impresora dice que la página de prueba salió.")).toBeVisible();
  shop.printer = { state: "failed", word: "No impreso", why: "la tapa de la impresora está abierta" };
  await click("button", "Página de prueba en principal");
  expect(list().getByText("No se imprimió: la tapa de la impresora está abierta.")).toBeVisible();
  await expectAccessible();
});

test("one without an address is not saved, and that is said in the window's own words", async () => {
  const shop = await open("settings");
  const put = vi.spyOn(shop, "putPrinter");
  await click("button", "Agregar una impresora");
  await fill("Nombre", " ");
  await click("button", "Guardar");
  expect(form().getByLabelText("Nombre")).toHaveFocus();
  expect(form().getByLabelText("Dirección de red")).toBeInvalid();
  expect(form().getAllByText("Falta este dato")).toHaveLength(2);
  expect(screen.getByRole("dialog").querySelector("form")).toHaveAttribute("novalidate");
  expect(put).not.toHaveBeenCalled();
});

test("one that prints and tells nothing is kept so by who saw its page, and stays so when something else is changed", async () => {
  const shop = await open("settings");
  await click("button", "Agregar una impresora");
  await fill("Dirección de red", "192.168.1.50");
  await click("button", "Guardar");
  shop.printer = { state: "partial", word: "Parcial", why: "la impresora no terminó de recibir" };
  await click("button", "Página de prueba en principal");
  expect(list().getByText("La impresora no contestó. ¿Salió la página entera?")).toBeVisible();
  await click("button", "No");
  expect(list().queryByRole("button", { name: "Sí, salió entera" })).toBeNull();
  expect(shop.set.printers[0]?.status ?? "ask").toBe("ask");
  await click("button", "Página de prueba en principal");
  await click("button", "Sí, salió entera");
  expect(shop.set.printers).toMatchObject([{ name: "principal", device: "red:192.168.1.50", status: "none" }]);
  expect(list().getByText(/^Anotado: esta impresora imprime, pero no avisa/)).toBeVisible();
  // It is asked once.
  await click("button", "Página de prueba en principal");
  expect(list().queryByRole("button", { name: "Sí, salió entera" })).toBeNull();
  await click("button", "Cambiar principal");
  await choose("Papel", "58mm");
  await click("button", "Guardar");
  expect(shop.set.printers).toMatchObject([{ paper: "58mm", status: "none" }]);
  await click("button", "Cambiar principal");
  await fireEvent.click(form().getByLabelText(/no contesta/));
  await click("button", "Guardar");
  expect(shop.set.printers).toMatchObject([{ paper: "58mm", status: "ask" }]);
  await click("button", "Página de prueba en principal");
  expect(list().getByRole("button", { name: "Sí, salió entera" })).toBeVisible();
  await expectAccessible();
});

test("what this machine has is offered, and a serial line asks for its speed", async () => {
  const shop = await open("settings");
  await click("button", "Agregar una impresora");
  expect(form().getByRole("option", { name: "Impresora del sistema: Ticketera" })).toBeInTheDocument();
  expect(form().queryByLabelText("Velocidad (baudios)")).toBeNull();
  await choose("Dónde está", "serie:/dev/ttyUSB0");
  await fill("Velocidad (baudios)", "19200");
  await click("button", "Guardar");
  expect(shop.set.printers).toMatchObject([{ device: "serie:/dev/ttyUSB0", baud: 19200 }]);
});

test("a second one for sheets has a name of its own, and no letters or knife to set", async () => {
  const shop = await open("settings");
  shop.set = { ...shop.set, printers: [] };
  await click("button", "Agregar una impresora");
  await fill("Nombre", "oficina");
  await choose("Dónde está", "cola:Ticketera");
  await choose("Papel", "letter");
  expect(form().queryByText("Letras, corte y gaveta")).toBeNull();
  await choose("Qué imprime", "wide");
  await click("button", "Guardar");
  expect(list().getByText("Hojas carta · Qué imprime: Facturas, guías y notas")).toBeVisible();
});

test("what the agent refuses is said in the form, which stays open", async () => {
  const shop = await open("settings");
  const errors = [{ code: "printer-not-found", path: "device", message: "«x» no está entre las impresoras de este equipo." }];
  vi.spyOn(shop, "putPrinter").mockRejectedValue(new Problem({ status: 422, code: "printer-not-found", title: "No", detail: "No.", errors }));
  await click("button", "Agregar una impresora");
  await fill("Dirección de red", "10.0.0.9");
  await click("button", "Guardar");
  expect(form().getByText("«x» no está entre las impresoras de este equipo.")).toBeVisible();
});

test("one is taken away only after asking, and a hasty Enter keeps it", async () => {
  const shop = await open("settings");
  await shop.putPrinter({ name: "bar", device: "red:a", takes: "narrow", paper: "80mm", codepage: "pc858", codepage_number: null, pictures: false, cut: true, drawer: false, stamp_on_boletas: true, baud: null });
  await press("1", { altKey: true, code: "Digit1" });
  await press("6", { altKey: true, code: "Digit6" });
  await click("button", "Quitar bar");
  expect(screen.getByRole("button", { name: "Cancelar" })).toHaveFocus();
  vi.spyOn(shop, "removePrinter").mockRejectedValueOnce(new Problem({ status: 500, code: "internal", title: "", detail: "No se pudo.", errors: [] }));
  await click("button", "Quitar la impresora");
  expect(form().getByRole("alert")).toHaveTextContent("No se pudo.");
  await click("button", "Quitar la impresora");
  expect(shop.set.printers).toEqual([]);
});

test("a logo is chosen as a file, and taken away", async () => {
  const shop = await open("settings");
  const input = screen.getByLabelText("Logo", { selector: "input" });
  await fireEvent.change(input, { target: { files: [new File([new Uint8Array([1])], "logo.png", { type: "image/png" })] } });
  await settle();
  expect(shop.set.logo).toBe(true);
  expect(screen.getByText("Se imprime arriba de cada ticket y de cada hoja.")).toBeVisible();
  await click("button", "Quitar el logo");
  expect(shop.set.logo).toBe(false);
});

test("an agent that does not answer is told", async () => {
  const shop = await open("settings");
  shop.down = true;
  await press("1", { altKey: true, code: "Digit1" });
  await press("6", { altKey: true, code: "Digit6" });
  const printers = within(screen.getByRole("region", { name: "Impresoras" }));
  expect(printers.getByRole("alert")).toHaveTextContent("Timbre no responde en este equipo. Revise que esté abierto.");
});
