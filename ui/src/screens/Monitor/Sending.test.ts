// The sending as it is stopped and started, and what is still to be sent when the window closes.

import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import App from "../../App.svelte";
import { DemoShop } from "../../lib/demo";
import { type Closing } from "../../lib/port";
import { click, expectAccessible, NOW, open, settle } from "../testing";

const dialog = () => screen.getByRole("dialog");

describe("the sending", () => {
  test("stopped, it says so and can be started", async () => {
    const shop = await open("monitor", { scenario: "stopped" });
    expect(screen.getByTestId("stopped")).toHaveTextContent("El envío está detenido");
    await click("button", "Iniciar el envío");
    expect(shop.running).toBe(true);
    expect(screen.queryByTestId("stopped")).toBeNull();
  });

  test("is stopped only after asking", async () => {
    const shop = await open("monitor");
    await click("button", "Detener el envío");
    expect(shop.running).toBe(true);
    await fireEvent.click(within(dialog()).getByRole("button", { name: "Detener el envío" }));
    await settle();
    expect(shop.running).toBe(false);
  });
});

test("before the window closes it says how many documents are still to be sent", async () => {
  vi.useFakeTimers({ now: NOW });
  let ask = (_: Closing) => {};
  const [quit, hide] = [vi.fn(async () => {}), vi.fn(async () => {})];
  const shop = Object.assign(new DemoShop(), { quit, hide, closing: (heard: (closing: Closing) => void) => ((ask = heard), () => {}) });
  render(App, { port: shop, first: "monitor" });
  await settle();
  ask({ waiting: 14, tray: false });
  await settle();
  expect(within(dialog()).getByRole("heading")).toHaveTextContent("Quedan 14 documentos por enviar");
  expect(screen.getByRole("button", { name: "Seguir abierto" })).toHaveFocus();
  await click("button", "Seguir abierto");
  expect(screen.queryByRole("dialog")).toBeNull();
  ask({ waiting: 1, tray: false });
  await settle();
  expect(screen.queryByRole("button", { name: "Dejar en la bandeja" })).toBeNull();
  await click("button", "Cerrar de todos modos");
  expect(quit).toHaveBeenCalledOnce();
  ask({ waiting: 1, tray: true });
  await settle();
  await click("button", "Dejar en la bandeja");
  expect(hide).toHaveBeenCalledOnce();
  expect(quit).toHaveBeenCalledOnce();
  expect(screen.queryByRole("dialog")).toBeNull();
  ask({ waiting: 14, tray: true });
  await settle();
  expect(dialog()).toBeVisible();
  await expectAccessible();
});
