import { screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { newRow } from "../../lib/demo-shop";
import { money } from "../../lib/format";
import { unreachable } from "../../lib/port";
import { click, expectAccessible, NOW, open, press, settle } from "../testing";

test("the day is told in figures, and in words behind the pictures", async () => {
  const shop = await open("today");
  await settle(3_000);
  const { hours } = await shop.today();
  const boletas = hours.filter(({ series }) => series === "39").reduce((sum, { documents }) => sum + documents, 0);
  expect(within(screen.getByRole("row", { name: /^Boleta/ })).getAllByRole("cell")[0]).toHaveTextContent(String(boletas));
  expect(screen.getByRole("table", { name: "Ventas por hora" })).toBeInTheDocument();
  expect(screen.getByText(/La mitad en menos de/)).toBeVisible();
  await expectAccessible();
});

test("notes change the money and are no sales, a guía is neither, and what was rejected is told apart", async () => {
  const shop = await open("today", { scenario: "empty" });
  const row = (series: string, kind: string, total: number, state = "ACEPTADO") => {
    const made = newRow(39, shop.rows.length + 1, total, NOW);
    shop.rows.push({ ...made, id: `T${series}F${made.folio}`, series, kind, state });
  };
  row("33", "Factura", 10_000);
  row("39", "Boleta", 5_000);
  row("39", "Boleta", 70_000, "RECHAZADO");
  row("52", "Guía de despacho", 40_000);
  row("56", "Nota de débito", 600);
  row("61", "Nota de crédito", 2_000);
  shop.push([]);
  await settle(3_000);
  expect(screen.getByTestId("sold")).toHaveTextContent("$ 13.600");
  expect(screen.getByText(/^2 ventas/)).toHaveTextContent("2 ventas · $ 6.800 en promedio");
  expect(screen.getByTestId("rejected")).toHaveTextContent("Aparte: 1 rechazado por arreglar, $ 70.000");
  const cells = (kind: string) => within(screen.getByRole("row", { name: new RegExp(`^${kind}`) })).getAllByRole("cell").map(({ textContent }) => textContent);
  expect([cells("Nota de crédito")[1], cells("Guía de despacho")[1], cells("Boleta")[1]]).toEqual([money(-2_000), money(40_000), money(5_000)]);
  const table = screen.getByRole("table", { name: "Ventas por hora" });
  expect(within(table).getByRole("row", { name: /^12:00/ })).toHaveTextContent(/12:00\s*2\s*\$ 13.600/);
  for (const one of shop.rows) one.state = "RECHAZADO";
  shop.push([]);
  await settle(3_000);
  expect(screen.getByText("Hoy no hay más que lo rechazado.")).toBeVisible();
  expect(screen.getByTestId("rejected")).toHaveTextContent("6 rechazados por arreglar, $ 83.600");
  await expectAccessible();
});

test("what is unsent is said before closing, and led to", async () => {
  const shop = await open("today", { scenario: "stopped" });
  await settle(3_000);
  const closing = screen.getByTestId("closing");
  expect(closing).toHaveTextContent("Quedan 9 documentos por enviar");
  expect(closing).toHaveTextContent("su plazo legal sigue corriendo");
  await shop.sending(true);
  for (let i = 0; i < 40; i++) shop.tick();
  await settle(3_000);
  expect(screen.getByTestId("closing")).toHaveTextContent("No queda nada por enviar");
  await click("button", "Ver en el Monitor");
  expect(screen.getByRole("heading", { name: "Monitor" })).toBeInTheDocument();
});

test("what has a problem is said beside what is sent, and led to", async () => {
  const shop = await open("today", { scenario: "empty" });
  const made = newRow(39, 1, 9_000, NOW);
  shop.rows.push({ ...made, state: "RECHAZADO" });
  shop.push([]);
  await settle(3_000);
  expect(screen.getByTestId("closing")).toHaveTextContent("No queda nada por enviar 1 documento con problema necesita que alguien lo vea");
  await click("button", "Ver en el Monitor");
  expect(screen.getByRole("button", { name: "1 Con problema" })).toHaveAttribute("aria-pressed", "true");
});

test("a burst of pushes reads the day no more than every two seconds", async () => {
  const shop = await open("today");
  await settle(3_000);
  const read = vi.spyOn(shop, "today");
  for (let i = 0; i < 100; i++) {
    shop.push([]);
    await settle(20);
  }
  expect(read.mock.calls.length).toBeLessThanOrEqual(2);
});

test("a day without a sale says so, and what can't be read too", async () => {
  const shop = await open("today", { scenario: "empty" });
  await settle(3_000);
  expect(screen.getByText("Todavía no se ha emitido nada hoy.")).toBeVisible();
  expect(screen.getByText("Todavía no hay respuestas del SII desde que se abrió Timbre.")).toBeVisible();
  await expectAccessible();
  vi.useFakeTimers({ now: NOW });
  vi.spyOn(shop, "today").mockRejectedValue(unreachable("Timbre no responde."));
  shop.push([]);
  await settle(3_000);
  expect(screen.getByRole("alert")).toHaveTextContent("Timbre no responde.");
});

test("its key is the fifth, and that of Ajustes the sixth", async () => {
  await open("sale");
  await press("5", { altKey: true, code: "Digit5" });
  expect(screen.getByRole("heading", { name: "El día" })).toBeInTheDocument();
  await press("6", { altKey: true, code: "Digit6" });
  expect(screen.getByRole("heading", { name: "Ajustes" })).toBeInTheDocument();
});
