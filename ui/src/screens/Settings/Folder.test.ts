import { fireEvent, screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import type { DemoShop } from "../../lib/demo";
import { click, enter, expectAccessible, open, reopen, settle, write } from "../testing";

const part = (name: string) => within(screen.getByRole("region", { name }));
const health = () => part("La carpeta de datos");

async function technical(prepare: (shop: DemoShop) => void = () => {}) {
  const shop = await open("settings");
  prepare(shop);
  screen.getByText("Envío, límites y carpetas").click();
  await settle();
  return shop;
}

async function type(label: string, text: string): Promise<void> {
  screen.getByLabelText(label).focus();
  await write(text);
  await settle();
}

test("a setting is said in words with what is usual, and only what was changed is written", async () => {
  const shop = await technical();
  const parcel = screen.getByLabelText("Documentos por envío");
  expect(parcel).toHaveValue("");
  expect(parcel).toHaveAccessibleDescription(/El SII recomienda 50.*Lo normal: 50. De 1 a 500./);
  expect(screen.getByLabelText("Pausa más larga, en segundos")).toHaveAccessibleDescription(/Lo normal: 1.800 s \(30 min\). De 60 a 86.400./);
  expect(screen.getByRole("button", { name: "Revisar y guardar" })).toBeDisabled();
  await type("Documentos por envío", "20");
  await type("Quién lo decide", "Ana");
  const asked = vi.spyOn(shop, "setSettings");
  await click("button", "Revisar y guardar");
  expect(asked).toHaveBeenCalledWith({ settings: { "sender.parcel": "20" }, who: "Ana" });
  expect(shop.knobs.filter(({ value }) => value !== null).map(({ name, value }) => [name, value])).toEqual([["sender.parcel", "20"]]);
  expect(screen.getByText("Guardado. Vale desde el próximo inicio de Timbre.")).toBeVisible();
  await type("Documentos por envío", "");
  await click("button", "Revisar y guardar");
  expect(shop.knobs.every(({ value }) => value === null)).toBe(true);
});

test("a figure may be typed as it is shown, and what is quicker in training is told apart from what may be set", async () => {
  const shop = await technical((shop) => {
    shop.knobs = shop.knobs.map((knob) => (knob.name === "terms.39" ? { ...knob, name: "sender.retry_base_seconds", default: "0.3", least: 1 } : knob));
  });
  expect(screen.getByLabelText("Primera pausa, en segundos")).toHaveAccessibleDescription(/Lo normal en este ambiente: 0,3 s. Otro valor va de 1 a 3.600./);
  await type("Pausa más larga, en segundos", "1.200");
  await type("Quién lo decide", "Ana");
  const asked = vi.spyOn(shop, "setSettings");
  await click("button", "Revisar y guardar");
  expect(asked).toHaveBeenCalledWith({ settings: { "sender.retry_cap_seconds": "1200" }, who: "Ana" });
});

test("what is wrong is said beside its field, and what only the file changes is shown with its place", async () => {
  const shop = await technical();
  await type("Plazo de la boleta, en segundos", "7200");
  await type("Quién lo decide", "Ana");
  await click("button", "Revisar y guardar");
  const term = screen.getByLabelText("Plazo de la boleta, en segundos");
  expect(term).toBeInvalid();
  expect(term).toHaveAccessibleDescription("Es un número entero, de 600 a 3.600.");
  expect(shop.knobs.every(({ value }) => value === null)).toBe(true);
  const others = part("Envío, límites y carpetas");
  expect(others.getByText("Timbre/datos/timbre.toml")).toBeVisible();
  expect(others.getByText("line.witnesses")).toBeVisible();
  await expectAccessible();
});

test("the folder tells where it is, how full, and what came in by files", async () => {
  await open("settings");
  expect(health().getByText("Timbre/datos")).toBeVisible();
  expect(health().getByText("3,4 MB, de ellos 2,1 MB en el diario con los originales. Quedan 52 GB libres en su disco.")).toBeVisible();
  expect(health().getByText("Desde que se abrió Timbre: emitidas 12, rechazadas 1, en espera 0.")).toBeVisible();
});

test("a look at all data is begun here, told while it runs, and ends in words", async () => {
  const shop = await open("settings");
  await click("button", "Revisar todos los datos");
  shop.review = { ...shop.review, percent: 40 };
  await settle(1_000);
  expect(screen.getByRole("button", { name: "Revisando: 40 %" })).toBeDisabled();
  shop.review = { running: false, percent: 100, at: "2026-11-22T15:00:00Z", sound: true, lines: ["Los datos están sanos."] };
  await settle(1_000);
  expect(health().getByText("Todo sano, revisado a las 12:00")).toBeVisible();
  expect(health().getByText("Los datos están sanos.")).toBeVisible();
  await click("button", "Revisar todos los datos");
  shop.review = { running: false, percent: 100, at: "2026-11-22T15:00:00Z", sound: false, lines: ["Faltan los documentos T39F3 a T39F4"] };
  await settle(1_000);
  expect(health().getByText(/encontró algo malo, a las 12:00: copie la carpeta de datos a otro disco/)).toBeVisible();
});

test("colours and the size of letters are this screen's own", async () => {
  await open("settings");
  const look = part("Apariencia");
  look.getByLabelText("Oscuros").click();
  look.getByLabelText("Grande").click();
  await settle();
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(document.documentElement.style.fontSize).toBe("115%");
  look.getByLabelText("Como el equipo").click();
  look.getByLabelText("Normal").click();
  await settle();
  expect(document.documentElement.dataset.theme).toBe("light");
  expect(document.documentElement.style.fontSize).toBe("");
});

test("what waits for the next start says so and offers it, with what is unsent", async () => {
  const shop = await technical();
  const restarted = vi.fn(async () => {});
  Object.assign(shop, { restart: restarted });
  await type("Documentos por envío", "20");
  await type("Quién lo decide", "Ana");
  await click("button", "Revisar y guardar");
  await reopen(shop, "settings");
  screen.getByText("Envío, límites y carpetas").click();
  await settle();
  expect(screen.getByText("Hay cambios guardados que valen desde el próximo inicio de Timbre.")).toBeVisible();
  await click("button", "Reiniciar ahora");
  const asked = within(screen.getByRole("dialog"));
  const { queued, sending } = (await shop.snapshot()).counters;
  expect(asked.getByText(`Quedan ${queued + sending} documentos por enviar, que siguen apenas se abra.`)).toBeVisible();
  await expectAccessible();
  vi.useFakeTimers();
  expect(restarted).not.toHaveBeenCalled();
  asked.getByRole("button", { name: "Reiniciar ahora" }).click();
  await settle();
  expect(restarted).toHaveBeenCalledOnce();
});

test("the recovery key is shown to somebody in charge, by their PIN, and to nobody without it", async () => {
  const shop = await open("settings");
  shop.people.set("Ana", { name: "Ana", role: "encargado", pin: "2580" });
  await click("button", "Cifrar lo que se guarde");
  await click("button", "Mostrar la clave");
  await fireEvent.click(within(screen.getByRole("dialog", { name: "Lo autoriza un encargado" })).getByRole("button", { name: "Cancelar" }));
  await settle();
  expect(screen.getByRole("alert")).toHaveTextContent("Lo autoriza un encargado con su PIN.");
  expect(shop.shown).toBeNull();
  expect(screen.queryByTestId("recovery-key")).toBeNull();
  await click("button", "Mostrar la clave");
  screen.getByLabelText("PIN").focus();
  await enter("2580");
  expect(screen.getByTestId("recovery-key")).toHaveTextContent(shop.shown!);
});

test("sealing shows a key once, has it typed back, and does nothing before it was", async () => {
  const shop = await open("settings");
  const sealing = part("Cifrado de lo guardado");
  expect(sealing.getByText(/no se cifra/)).toBeVisible();
  await click("button", "Cifrar lo que se guarde");
  await expectAccessible();
  vi.useFakeTimers();
  await click("button", "Mostrar la clave");
  const key = screen.getByTestId("recovery-key").textContent ?? "";
  expect(key).toBe(shop.shown);
  await click("button", "Ya la anoté");
  expect(screen.queryByText(key)).toBeNull();
  expect(screen.getByLabelText("La clave, mirando su papel")).toHaveFocus();
  await type("La clave, mirando su papel", "otra");
  await type("Quién lo decide", "Ana");
  await click("button", "Cifrar desde ahora");
  expect(screen.getByText(/No es la clave que se mostró/)).toBeVisible();
  expect(shop.sealed.on).toBe(false);
  await type("La clave, mirando su papel", key);
  await click("button", "Cifrar desde ahora");
  expect(shop.sealed.on).toBe(true);
  expect(sealing.getByText("Lo que se guarda se cifra.")).toBeVisible();
  expect(shop.done[0]).toMatchObject({ who: "Ana", what: "Cifrar lo que se guarda" });
  await expectAccessible();
});
