import { screen, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { click, expectAccessible, open, settle, write } from "../testing";

const part = (name: string) => within(screen.getByRole("region", { name }));

async function type(label: string, text: string): Promise<void> {
  screen.getByLabelText(label).focus();
  await write(text);
}

test("a program's token is shown once, and taken away again", async () => {
  const shop = await open("settings");
  await click("button", "Dar acceso a un programa");
  await type("Nombre", "caja-1");
  await type("Quién lo decide", "Ana");
  await click("button", "Crear el token");
  expect(screen.getByLabelText("Cópielo ahora")).toHaveValue(`timbre_${"a1b2".repeat(16)}`);
  await click("button", "Ya lo guardé");
  expect(screen.queryByDisplayValue(/timbre_/)).toBeNull();
  expect(part("Cajas y programas").getByText("Emitir e imprimir, como una caja")).toBeVisible();
  expect(part("Cajas y programas").getByText("sin usar todavía")).toBeVisible();
  await click("button", "Quitar el acceso de caja-1");
  await click("button", "Quitar el acceso");
  expect(shop.keys).toEqual([]);
});

test("an address is told of verdicts, is tried, and what was given up goes again", async () => {
  const shop = await open("settings");
  await click("button", "Agregar un aviso");
  await type("Nombre", "tienda");
  await type("Dirección", "ftp://tienda.cl");
  await type("Quién lo decide", "Ana");
  await click("button", "Guardar el aviso");
  expect(screen.getByRole("alert")).toHaveTextContent("La dirección empieza con https://.");
  await type("Dirección", "https://tienda.cl/avisos");
  await click("button", "Guardar el aviso");
  expect(screen.getByLabelText("Cópielo ahora")).toHaveValue("c3d4".repeat(16));
  await click("button", "Ya lo guardé");
  expect(shop.hooks[0]?.states).toEqual(["ACEPTADO", "REPARO", "RECHAZADO"]);
  shop.hooks = shop.hooks.map((hook) => ({ ...hook, put_aside: 3 }));
  await click("button", "Probar el aviso tienda");
  expect(screen.getByText("Prueba: recibido (200)")).toBeVisible();
  expect(screen.getByText("3 avisos quedaron sin entregar después de dos días.")).toBeVisible();
  await click("button", "Entregarlos de nuevo");
  expect(screen.queryByText(/sin entregar/)).toBeNull();
});

test("who did what is found by its words, page by page", async () => {
  const shop = await open("settings");
  const act = (number: number, who: string, what: string) => ({ number, at: "2026-11-22T14:00:00Z", who, what, documents: number === 60 ? ["T39F1200"] : [], count: number === 60 ? 1 : 0 });
  shop.done = [act(61, "Rosa", "Desde el 2026-12-01 cada venta con tarjeta lleva su documento"), act(60, "Rosa", "Autoriza: Emitir una nota"), ...Array.from({ length: 55 }, (_, i) => act(59 - i, "Ana", "Reenviar"))];
  const deeds = part("Quién hizo qué");
  screen.getByText("Quién hizo qué").click();
  await settle(400);
  expect(deeds.getAllByRole("row")).toHaveLength(51);
  expect(deeds.getByText("Desde el 01-12-2026 cada venta con tarjeta lleva su documento")).toBeVisible();
  await click("button", "Ver más antiguos");
  expect(deeds.getAllByRole("row")).toHaveLength(58);
  await type("Buscar por nombre, acto o documento", "rosa nota");
  await settle(400);
  expect(deeds.getAllByRole("row")).toHaveLength(2);
  expect(deeds.getByText("Boleta 1.200")).toBeVisible();
  await type("Buscar por nombre, acto o documento", "rosa 01-12-2026");
  await settle(400);
  expect(deeds.getAllByRole("row")).toHaveLength(2);
  // Documents, too, as they are shown: the journal has their ids, and those of others by name.
  shop.done = [...shop.done, act(1, "Ana", "Registrar el reclamo de Factura 1.300 de 76192083-9")];
  for (const [words, what] of [["boleta 1.200", "Autoriza: Emitir una nota"], ["rosa 1.200", "Autoriza: Emitir una nota"], ["factura 1.300", "Registrar el reclamo de Factura 1.300 de 76192083-9"]] as const) {
    await type("Buscar por nombre, acto o documento", words);
    await settle(400);
    expect(deeds.getAllByRole("row")).toHaveLength(2);
    expect(deeds.getByText(what)).toBeVisible();
  }
  await type("Buscar por nombre, acto o documento", "nadie");
  await settle(400);
  expect(deeds.getByText("Nada calza con «nadie».")).toBeVisible();
  await expectAccessible();
});
