import { fireEvent, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { unreachable, Problem } from "../../lib/port";
import { remembered } from "../../lib/memory";
import { expectAccessible, open, press, reopen } from "../testing";
import { charged, sell } from "./till";

describe("an answer that was lost", () => {
  const PLACE = "training.76.192.083-9";
  const problem = (status: number, code: string, errors: Problem["view"]["errors"] = []) =>
    new Problem({ status, code, title: "", detail: `error ${status}`, errors });

  test.each([401, 403, 404, 413, 400, 500, 503])("stays lost when %i is answered afterwards", async (status) => {
    const shop = await open("sale");
    const real = shop.issue.bind(shop);
    const issue = vi.spyOn(shop, "issue");
    issue.mockImplementationOnce(async (sale, key) => {
      await real(sale, key);
      throw unreachable("sin respuesta");
    });
    issue.mockRejectedValueOnce(problem(status, "x", [{ code: "x", path: "", message: `motivo ${status}` }]));
    await sell("Pan", "350");
    await press("F10");
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent(/No se sabe si la venta quedó emitida.*motivo/);
    expect(screen.getByLabelText("Cantidad de Pan")).toBeDisabled();
    await press("F10");
    expect(new Set(issue.mock.calls.map(([, key]) => key)).size).toBe(1);
    expect(shop.issued.size).toBe(1);
    expect(charged()).toBeVisible();
  });

  test.each([409, 422])("is over with %i", async (status) => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue").mockRejectedValueOnce(unreachable("sin respuesta")).mockRejectedValueOnce(problem(status, "x"));
    await sell("Pan", "350");
    await press("F10");
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("No se emitió");
    expect(screen.getByLabelText("Cantidad de Pan")).toBeEnabled();
    await press("F10");
    expect(issue.mock.calls[2]?.[1]).not.toBe(issue.mock.calls[1]?.[1]);
  });

  test("a failure of the agent that gives no reason leaves doubt too; one that does is a refusal", async () => {
    const shop = await open("sale");
    vi.spyOn(shop, "issue").mockRejectedValueOnce(problem(503, "folio-none", [{ code: "folio-none", path: "", message: "No hay folios." }])).mockRejectedValueOnce(problem(500, "internal"));
    await sell("Pan", "350");
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("No se emitió. No hay folios.");
    await press("F10");
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("No se sabe si la venta quedó emitida. Pregunte otra vez: no se emite dos veces. Error 500");
    await expectAccessible();
  });

  test("is kept before the sale leaves, and forgotten with the answer", async () => {
    const shop = await open("sale");
    const real = shop.issue.bind(shop);
    let kept: string[] = [];
    vi.spyOn(shop, "issue").mockImplementation(async (sale, key) => {
      kept = remembered(`${PLACE}.attempt.`);
      return real(sale, key);
    });
    await sell("Pan", "350");
    await press("F10");
    expect(kept).toHaveLength(1);
    expect(remembered(`${PLACE}.attempt.`)).toEqual([]);
  });

  const size = () => Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "").reduce((sum, name) => sum + name.length + (localStorage.getItem(name) ?? "").length, 0);

  /** A store that has so much room, in characters. */
  function room(most: number) {
    const real = localStorage;
    vi.stubGlobal("localStorage", {
      get length() {
        return real.length;
      },
      key: (i: number) => real.key(i),
      getItem: (name: string) => real.getItem(name),
      removeItem: (name: string) => real.removeItem(name),
      setItem: (name: string, value: string) => {
        if (size() + name.length + value.length > most) throw new DOMException("full", "QuotaExceededError");
        real.setItem(name, value);
      },
    });
  }

  test("keeps its key in a full store: the products that are sold least are forgotten for it", async () => {
    const shop = await open("sale");
    const item = (i: number) => `timbre.${PLACE}.item.producto ${i}`;
    for (let i = 0; i < 300; i++) localStorage.setItem(item(i), JSON.stringify({ name: `Producto ${i}`, price: 1, sold: i }));
    room(size() + 100);
    const real = shop.issue.bind(shop);
    let kept: string[] = [];
    vi.spyOn(shop, "issue").mockImplementation(async (sale, key) => {
      kept = remembered(`${PLACE}.attempt.`);
      return real(sale, key);
    });
    await sell("Pan", "350");
    await press("F10");
    vi.unstubAllGlobals();
    expect(kept).toHaveLength(1);
    expect(localStorage.getItem(item(0))).toBeNull();
    expect(localStorage.getItem(item(299))).not.toBeNull();
  });

  test("says before it charges that its key can't be kept, and charges when it is pressed again", async () => {
    const shop = await open("sale");
    room(0);
    await sell("Pan", "350");
    await press("F10");
    expect(shop.issued.size).toBe(0);
    expect(screen.getByTestId("sale-problem")).toHaveTextContent("Este equipo no puede guardar la clave de la venta");
    await press("F10");
    expect(charged()).toBeVisible();
    await sell("Leche", "990");
    await press("F10");
    vi.unstubAllGlobals();
    expect(shop.issued.size).toBe(2);
  });

  test("is asked for again with its key by the next window", async () => {
    const shop = await open("sale");
    const real = shop.issue.bind(shop);
    const issue = vi.spyOn(shop, "issue").mockImplementationOnce(async (sale, key) => {
      await real(sale, key);
      throw unreachable("sin respuesta");
    });
    await sell("Pan", "350");
    await press("F10");
    await reopen(shop);
    expect(issue.mock.calls[1]).toEqual(issue.mock.calls[0]);
    expect(within(charged()).getByText("Esta venta ya estaba emitida: es la misma.")).toBeVisible();
    expect(remembered(PLACE).filter((name) => name.includes("attempt"))).toEqual([]);
  });

  test("is told apart from a new one where it is issued only then", async () => {
    const shop = await open("sale");
    vi.spyOn(shop, "issue").mockRejectedValueOnce(unreachable("sin respuesta"));
    await sell("Pan", "350");
    await press("F10");
    await reopen(shop);
    expect(within(charged()).getByText("Es la venta que quedó sin respuesta a las 12:00, no una nueva.")).toBeVisible();
  });

  test("and, when it is old, only when the cashier says so", async () => {
    const shop = await open("sale");
    const issue = vi.spyOn(shop, "issue").mockRejectedValueOnce(unreachable("sin respuesta"));
    await sell("Pan", "350");
    await press("F10");
    vi.setSystemTime(Date.now() + 3 * 3_600_000);
    // It is shown whatever room the window opens on.
    await reopen(shop, "monitor");
    expect(issue).toHaveBeenCalledOnce();
    expect(screen.getByText(/Una venta quedó sin respuesta a las 12:00/)).toBeVisible();
    expect(screen.getByLabelText("Cantidad de Pan")).toBeDisabled();
    await press("F10");
    expect(issue.mock.calls[1]).toEqual(issue.mock.calls[0]);
    expect(charged()).toBeVisible();
  });

  test("the last sale stays the last one when the page is read anew, and can be annulled", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    const folio = within(charged()).getByText(/^\d{2}\.\d{3}$/).textContent;
    shop.push([{ ...shop.rows[0]!, state: "ACEPTADO", attention: null }]);
    await reopen(shop);
    expect(charged()).toHaveTextContent(folio);
    expect(charged()).toHaveTextContent("Aceptado");
    expect(within(charged()).getByRole("button", { name: "Anular esta venta" })).toBeVisible();
    expect(within(charged()).queryByText(/quedó sin respuesta/)).toBeNull();
    await sell("Leche", "990");
    expect(screen.getByText(new RegExp(`Última venta: Boleta ${folio}`))).toBeVisible();
  });

  test("the page is not read anew over a running sale", async () => {
    await open("sale");
    const reload = () => fireEvent.keyDown(document.body, { key: "F5" });
    expect(await reload()).toBe(true);
    await sell("Pan", "350");
    expect(await reload()).toBe(false);
    expect(window.dispatchEvent(new Event("beforeunload", { cancelable: true }))).toBe(false);
  });
});
