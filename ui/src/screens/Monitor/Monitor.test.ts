import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import App from "../../App.svelte";
import { DemoShop } from "../../lib/demo";
import { PATIENCE_MS, REFRESH_MS } from "../../lib/monitor.svelte";
import { Problem, unreachable } from "../../lib/port";
import { click, expectAccessible, listen, NOW, open, press, settle, write } from "../testing";

const dialog = () => screen.getByRole("dialog");
const rows = () => screen.queryAllByRole("row").slice(1);
const list = () => screen.getByRole("table", { name: "Documentos" });

describe("what is seen", () => {
  test("each page is asked for once, and what lies further back only when a person asks", async () => {
    const whole = DemoShop.prototype.documents;
    let reached: string | undefined;
    const asked: (string | null | undefined)[] = [];
    const documents = vi.spyOn(DemoShop.prototype, "documents").mockImplementation(async function (this: DemoShop, query) {
      if (query.limit !== 1) asked.push(query.cursor);
      const page = await whole.call(this, { ...query, limit: 8 });
      return asked.length === 2 && reached ? { ...page, reached } : page;
    });
    await open("monitor", { documents: 60 });
    expect(asked.length).toBeGreaterThan(3);
    expect(new Set(asked).size).toBe(asked.length);
    cleanup();

    [reached, asked.length] = ["2026-01-01T00:00:00Z", 0];
    await open("monitor", { documents: 60 });
    expect(asked.length).toBe(2);
    documents.mockRestore();
  });

  test("the sentence, the counters, and where we are", async () => {
    await open("monitor", { scenario: "offline" });
    expect(screen.getByRole("status")).toHaveTextContent("Sin internet: puede seguir vendiendo. 14 por enviar");
    const counters = screen.getByRole("group", { name: "Documentos por estado" });
    expect(within(counters).getAllByRole("button").map((button) => button.textContent)).toEqual([
      "14 Por enviar",
      "0 Enviando",
      "0 En el SII",
      "46 Aceptados",
      "0 Con problema",
    ]);
    expect(screen.getByTestId("environment")).toHaveTextContent("ENTRENAMIENTO");
    expect(screen.getByText("0 de 5 activos")).toBeVisible();
    expect(screen.getByText(/En vivo/)).toBeVisible();
  });

  test("what the agent does out of the ordinary is said for as long as it does it", async () => {
    const shop = await open("monitor");
    expect(screen.queryByTestId("standing")).toBeNull();
    shop.standing = "Las boletas se envían como set de certificación.";
    shop.push([]);
    await settle();
    expect(screen.getByTestId("standing")).toHaveTextContent("set de certificación");
    shop.standing = null;
    shop.push([]);
    await settle();
    expect(screen.queryByTestId("standing")).toBeNull();
  });

  test("rows say what happened in plain words", async () => {
    await open("monitor", { scenario: "offline" });
    const first = rows()[0] as HTMLElement;
    expect(first).toHaveTextContent("Factura 1.204");
    expect(first).toHaveTextContent("Pendiente");
    expect(first).toHaveTextContent("Sin internet: no se pudo llegar al SII");
    expect(first).toHaveTextContent("Próximo intento en 30 s");
  });

  test("what covers goods on the road says «No despachar», in its row and its sheet", async () => {
    const shop = await open("monitor");
    shop.rows = shop.rows.map((row, i) => (i === 0 ? { ...row, hold_goods: true } : row));
    shop.push([shop.rows[0]!]);
    await settle();
    expect(rows()[0]).toHaveTextContent("No despachar");
    expect(rows()[1]).not.toHaveTextContent("No despachar");
    await fireEvent.click(within(rows()[0]!).getByRole("button", { name: /Factura/ }));
    await settle();
    expect(screen.getByRole("dialog")).toHaveTextContent("No despachar. La mercadería que ampara no sale hasta que el SII tenga este documento.");
  });

  test("a change is seen without asking", async () => {
    const shop = await open("monitor");
    const [row] = shop.rows;
    shop.rows = shop.rows.map((one) => (one.id === row!.id ? { ...one, state: "ACEPTADO", since: new Date(Date.now()).toISOString() } : one));
    shop.push([shop.rows[0]!]);
    await settle();
    expect(rows()[0]).toHaveTextContent("Aceptado");
  });

  test("100.000 documents are not 100.000 rows on the page", async () => {
    await open("monitor", { documents: 100_000 });
    expect(rows().length).toBeLessThan(40);
    expect(screen.getByRole("button", { name: /99\.9\d\d Aceptados/ })).toBeVisible();
  });

  test("a silent agent is told after ten seconds, not before", async () => {
    const shop = await open("monitor");
    shop.down = true;
    await settle(REFRESH_MS + 100);
    expect(screen.queryByText(/no recibe respuesta/)).toBeNull();
    await settle(PATIENCE_MS);
    expect(screen.getByText(/no recibe respuesta de Timbre desde las 12:00/)).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("Sin noticias de Timbre desde las 12:00");
    expect(screen.getByRole("status")).not.toHaveTextContent("documento");
    shop.down = false;
    await settle(REFRESH_MS);
    expect(screen.getByRole("status")).toHaveTextContent("1 documento necesita su atención");
  });

  test("a pause says since when, and says nothing of what it does not show", async () => {
    const shop = await open("monitor", { scenario: "offline" });
    await press("u");
    shop.rows = shop.rows.map((row) => ({ ...row, state: "ACEPTADO" }));
    shop.push(shop.rows.slice(0, 14));
    await settle(65_000);
    expect(screen.getByRole("status")).toHaveTextContent("En pausa desde las 12:00: lo que pasó después no se ve aquí");
    expect(screen.getByText(/^En pausa/, { selector: ".word" })).toHaveTextContent("En pausa · hace 1 min");
    expect(screen.getByRole("button", { name: "14 Por enviar" })).toBeVisible();
    expect(rows()[0]).toHaveTextContent("Pendiente");
    // Another room has nothing that is held, and nobody comes back to what is old.
    await press("4", { altKey: true, code: "Digit4" });
    expect(screen.getByText(/^En vivo/)).toBeVisible();
    await press("2", { altKey: true, code: "Digit2" });
    expect(screen.getByRole("button", { name: "0 Por enviar" })).toBeVisible();
    expect(rows()[0]).toHaveTextContent("Aceptado");
  });

  test("who is let in no more does not read that all is well", async () => {
    const shop = await open("monitor");
    expect(screen.getByRole("status")).toHaveTextContent("1 documento necesita su atención");
    const ended = { status: 401, code: "session-ended", title: "", detail: "La sesión terminó.", errors: [] };
    vi.spyOn(shop, "snapshot").mockRejectedValue(new Problem(ended));
    shop.lose();
    await settle();
    expect(screen.getByRole("status")).toHaveTextContent("La sesión terminó: no se sabe qué pasa desde las 12:00");
  });
});

describe("what is found as a whole", () => {
  test("all that match are resent, after a question that counts them", async () => {
    const shop = await open("monitor", { scenario: "offline" });
    const asked: unknown[] = [];
    const resend = shop.resendFound.bind(shop);
    shop.resendFound = (query) => {
      asked.push(query);
      return resend(query);
    };
    await click("button", "Boleta");
    const waiting = shop.rows.filter((row) => row.series === "39" && row.state === "PENDIENTE").length;
    await click("button", "Reenviar los de este filtro");
    expect(dialog()).toHaveTextContent(`Reenviar los ${waiting} que coinciden`);
    await click("button", `Reenviar ${waiting}`);
    expect(asked).toEqual([{ type: "39" }]);
    const result = screen.getByRole("region", { name: "Resultado del reenvío" });
    expect(result).toHaveTextContent(`${waiting} documentos vuelven a la cola.`);
    expect(result).toHaveTextContent(`${waiting} Por enviar`);
  });

  test("what becomes of each document of a resend is told as it becomes known", async () => {
    const shop = await open("monitor", { scenario: "offline" });
    await press("R", { shiftKey: true });
    await settle();
    await click("button", "Reenviar 14");
    const [first] = shop.rows.filter((row) => row.state === "GENERADO");
    shop.rows = shop.rows.map((row) => (row.id === first!.id ? { ...row, state: "ACEPTADO" } : row));
    shop.push(shop.rows.filter((row) => row.id === first!.id));
    await settle();
    const result = screen.getByRole("region", { name: "Resultado del reenvío" });
    expect(result).toHaveTextContent("13 Por enviar");
    expect(result).toHaveTextContent("1 Aceptados");
    expect(within(result).getAllByRole("listitem")).toHaveLength(14);
  });

  test("until when folios last stands beside them", async () => {
    await open("monitor");
    expect(screen.getByText(/→\s20\sdic/)).toBeVisible();
  });

  test("a disk that is filling up says how many sales fit yet, and nothing while there is room", async () => {
    const shop = await open("monitor");
    expect(screen.queryByText("Disco")).toBeNull();
    shop.room = { free_bytes: 190_000_000, sales: 5_800 };
    shop.push([]);
    await settle();
    expect(screen.getByText("Disco").nextElementSibling).toHaveTextContent("caben unas 5.800 ventas");
  });
});

describe("filters and search", () => {
  test("a counter filters, by click and by its key", async () => {
    await open("monitor", { scenario: "problem" });
    await click("button", /Con problema/);
    expect(rows()).toHaveLength(3);
    expect(screen.getByRole("button", { name: /Con problema/, pressed: true })).toBeVisible();
    (document.activeElement as HTMLElement).blur();
    await press("1");
    expect(screen.getByRole("button", { name: /Por enviar/, pressed: true })).toBeVisible();
    await press("1");
    expect(screen.queryByRole("button", { pressed: true })).toBeNull();
  });

  test("a filter that finds nothing has nothing to resend", async () => {
    await open("monitor", { scenario: "calm" });
    await click("button", "Boleta");
    expect(screen.getByRole("button", { name: "Reenviar los de este filtro" })).toBeVisible();
    await press("1");
    expect(screen.queryByRole("button", { name: "Reenviar los de este filtro" })).toBeNull();
    expect(screen.getByRole("button", { name: "Quitar los filtros" })).toBeVisible();
  });

  test("an empty filter says so, with the hour of the last document", async () => {
    await open("monitor", { scenario: "calm" });
    await press("1");
    expect(screen.getByText("No hay documentos por enviar")).toBeVisible();
    expect(screen.getByText("El último documento se emitió a las 11:59.")).toBeVisible();
    await click("button", "Ver todos los documentos");
    expect(rows().length).toBeGreaterThan(5);
  });

  test("a search that finds nothing names the filter", async () => {
    await open("monitor");
    await press("4");
    await press("/");
    expect(screen.getByRole("textbox", { name: /Buscar/ })).toHaveFocus();
    await write("zzz");
    await settle(300);
    expect(screen.getByText("Ningún documento de «Aceptados» coincide con «zzz»")).toBeVisible();
  });

  test("a scanned code goes to the search and fires no shortcut", async () => {
    await open("monitor");
    for (const key of "12") document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await settle(300);
    expect(screen.getByRole("textbox", { name: /Buscar/ })).toHaveValue("12");
    expect(screen.queryByRole("button", { pressed: true })).toBeNull();
  });
});

describe("resending", () => {
  test("all pending: the question names the count and the consequence", async () => {
    await open("monitor", { scenario: "problem" });
    await click("button", "Reenviar pendientes");
    // The one that needs a person too: the agent takes it up.
    expect(within(dialog()).getByRole("heading")).toHaveTextContent("Reenviar 3 pendientes");
    expect(dialog()).toHaveTextContent("Los 2 rechazados no se reenvían: necesitan corrección.");
    expect(dialog()).toHaveTextContent("Reenviar es seguro");
    expect(dialog()).toHaveTextContent("Por el que está en verificación se pregunta primero.");
    await click("button", "Reenviar 3");
    expect(screen.getByText("3 documentos vuelven a la cola.")).toBeVisible();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("what can't be read is told, and is none of those that go", async () => {
    const shop = await open("monitor", { scenario: "problem" });
    vi.spyOn(shop, "resendPending").mockResolvedValueOnce({ queued: 2, skipped: 0, unreadable: 1, asked: 0, documents: [] });
    await click("button", "Reenviar pendientes");
    await click("button", "Reenviar 3");
    expect(screen.getByText(/^2 documentos vuelven a la cola\. Uno está dañado, no se puede leer y no sale/)).toBeVisible();
  });

  test("the selected: those that can't go are told apart", async () => {
    await open("monitor", { scenario: "problem" });
    const boxes = screen.getAllByRole("checkbox").slice(1);
    await fireEvent.click(boxes[0]!);
    await fireEvent.click(boxes[4]!, { shiftKey: true });
    await settle();
    expect(screen.getByText("5 seleccionados")).toBeVisible();
    await click("button", "Reenviar seleccionados");
    expect(within(dialog()).getByRole("heading")).toHaveTextContent("Reenviar 2 documentos");
    expect(dialog()).toHaveTextContent("El rechazado no se reenvía: necesita corrección.");
    expect(dialog()).toHaveTextContent("2 ya están enviados o enviándose y no se repiten.");
  });

  test("what could not be done is said, and the question stays", async () => {
    const shop = await open("monitor", { scenario: "offline" });
    vi.spyOn(shop, "resendPending").mockRejectedValueOnce(unreachable("Timbre no responde."));
    const heard = listen();
    await click("button", "Reenviar pendientes");
    await click("button", "Reenviar 14");
    expect(within(dialog()).getByTestId("not-done")).toHaveTextContent("Timbre no responde.");
    await click("button", "Reenviar 14");
    expect(screen.queryByRole("dialog")).toBeNull();
    // Once, with what becomes of each.
    expect(screen.getByText("14 documentos vuelven a la cola.")).toBeVisible();
    expect(heard()).toContain("14 documentos vuelven a la cola.");
    expect(heard()).not.toContain("14 Por enviar");
    expect(screen.getByRole("region", { name: "Resultado del reenvío" })).toBeVisible();
    expect(screen.queryByTestId("notice")).toBeNull();
  });

  test("what came of it is said on a line of its own, also beside a selection", async () => {
    const shop = await open("monitor", { scenario: "stopped" });
    vi.spyOn(shop, "sending").mockRejectedValueOnce(unreachable("Timbre no responde."));
    const heard = listen();
    await fireEvent.click(screen.getAllByRole("checkbox")[1]!);
    await click("button", "Iniciar el envío");
    expect(screen.getByTestId("notice")).toHaveTextContent("Timbre no responde.");
    expect(heard()).toContain("Timbre no responde.");
    expect(screen.getByText("1 seleccionado")).toBeVisible();
  });

  test("the selected are counted although they left the filter", async () => {
    const shop = await open("monitor", { scenario: "problem" });
    await press("1");
    const boxes = screen.getAllByRole("checkbox").slice(1);
    for (const box of boxes) await fireEvent.click(box);
    const [row] = shop.rows.filter((one) => one.state === "GENERADO");
    shop.push([{ ...row!, state: "ACEPTADO" }]);
    await settle();
    await click("button", "Reenviar seleccionados");
    expect(within(dialog()).getByRole("heading")).toHaveTextContent(`Reenviar ${boxes.length - 1} documento`);
    expect(dialog()).toHaveTextContent("Uno ya está enviado o enviándose y no se repite.");
  });

  test("with nothing to resend it says so and does nothing", async () => {
    await open("monitor", { scenario: "calm" });
    await press("R", { shiftKey: true });
    expect(within(dialog()).getByRole("heading")).toHaveTextContent("Nada que reenviar");
    await click("button", "Entendido");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("one that is not to be sent says why, by its name", async () => {
    const shop = await open("monitor", { scenario: "calm" });
    shop.push([{ ...shop.rows[0]!, state: "ACEPTADO", attention: null }]);
    await settle();
    await press("j");
    await press("r");
    expect(within(dialog()).getByRole("heading")).toHaveTextContent("Factura 1.204 no se reenvía");
    expect(dialog()).toHaveTextContent("El SII ya lo aceptó.");
    expect(dialog()).not.toHaveTextContent("seleccionados");
  });

  test("one, from its row, by keys alone", async () => {
    await open("monitor");
    await press("j");
    await press("r");
    expect(within(dialog()).getByRole("heading")).toHaveTextContent("Reenviar Factura 1.204");
  });
});

describe("trouble with the agent", () => {
  test("before the first snapshot no number is claimed", async () => {
    vi.useFakeTimers({ now: NOW });
    const shop = new DemoShop({ documents: 5 });
    shop.down = true;
    render(App, { port: shop, first: "monitor" });
    await settle();
    expect(screen.getByRole("button", { name: "– Por enviar" })).toBeVisible();
    expect(screen.getByText("No se pudo leer la lista")).toBeVisible();
    shop.down = false;
    await settle(REFRESH_MS);
    expect(screen.queryByText("No se pudo leer la lista")).toBeNull();
    expect(rows().length).toBeGreaterThan(3);
  });

  test("an agent that was started anew wants its new link, at once", async () => {
    const shop = await open("monitor");
    const view = { status: 401, code: "http-401", title: "", detail: "Este panel necesita permiso.", errors: [] };
    vi.spyOn(shop, "snapshot").mockRejectedValue(new Problem(view));
    shop.lose();
    shop.down = true;
    await settle();
    expect(screen.getByText(/si Timbre se reinició, el enlace es otro/)).toBeVisible();
  });

  test("a page that can not be read is not asked for without end", async () => {
    const shop = await open("monitor", { documents: 400 });
    const asked = vi.spyOn(shop, "documents").mockRejectedValue(unreachable("no"));
    const scroller = list();
    scroller.scrollTop = 90 * 44;
    await fireEvent.scroll(scroller);
    await settle(REFRESH_MS - 100);
    expect(asked.mock.calls.length).toBeLessThan(4);
    expect(screen.getByText(/No se pudieron leer más documentos/)).toBeVisible();
    asked.mockRestore();
    await settle(2 * REFRESH_MS);
    expect(screen.queryByText(/No se pudieron leer/)).toBeNull();
  });

  test("waiting rows say when their channel is tried next", async () => {
    const shop = await open("monitor", { scenario: "offline" });
    shop.rows = shop.rows.map((row) => ({ ...row, next_try: null }));
    shop.push(shop.rows.slice(0, 14));
    await settle();
    expect(rows()[0]).toHaveTextContent("Próximo intento en 20 s");
  });
});

describe("one document", () => {
  test("what could not be read is read again, and the last question counts", async () => {
    const shop = await open("monitor");
    const real = shop.document.bind(shop);
    const ask = vi.spyOn(shop, "document").mockRejectedValueOnce(unreachable("no hay respuesta"));
    await press("j");
    (document.activeElement as HTMLElement).click();
    await settle();
    const sheet = screen.getByRole("dialog", { name: /Factura/ });
    expect(within(sheet).getByRole("alert")).toHaveTextContent("no hay respuesta");
    await settle(5_000);
    expect(within(sheet).queryByText(/no hay respuesta/)).toBeNull();
    expect(within(sheet).getByText("Timbrado y firmado")).toBeVisible();
    let late = () => {};
    ask.mockImplementationOnce(async (id) => {
      const old = await real(id);
      await new Promise<void>((done) => (late = done));
      return { ...old, timeline: [] };
    });
    const [row] = shop.rows;
    shop.push([{ ...row!, state: "ENVIANDO" }]);
    await settle();
    shop.push([{ ...shop.rows[0]!, state: "ACEPTADO" }]);
    await settle();
    late();
    await settle();
    expect(within(sheet).getByText("Timbrado y firmado")).toBeVisible();
  });

  test("a step of another day says the day", async () => {
    const shop = await open("monitor");
    const real = shop.document.bind(shop);
    vi.spyOn(shop, "document").mockImplementation(async (id) => {
      const detail = await real(id);
      return { ...detail, timeline: detail.timeline.map((step) => ({ ...step, at: "2026-11-20T13:00:00Z" })) };
    });
    await press("j");
    (document.activeElement as HTMLElement).click();
    await settle();
    expect(screen.getAllByText(/20 nov.*10:00:00/)[0]).toBeVisible();
  });

  test("its sheet shows what happened, what the SII said and what it means, and the XML", async () => {
    await open("monitor", { scenario: "problem" });
    await press("5");
    await press("j");
    (document.activeElement as HTMLElement).click();
    await settle();
    const sheet = screen.getByRole("dialog", { name: /Boleta/ });
    expect(sheet).toHaveFocus();
    expect(within(sheet).getByText("Rechazado", { selector: ".word" })).toBeVisible();
    expect(within(sheet).getByText("DTE-3-101")).toBeVisible();
    expect(within(sheet).getByText("El SII ya tiene un documento con este folio. Se emite de nuevo con otro folio.")).toBeVisible();
    expect(within(sheet).getByText("Qué hacer: Emita de nuevo con otro folio.")).toBeVisible();
    expect(within(sheet).getByText("Timbrado y firmado")).toBeVisible();
    expect(within(sheet).queryByRole("button", { name: "Reenviar" })).toBeNull();
    await click("button", "Ver el XML exacto");
    expect(within(sheet).getByLabelText("XML")).toHaveTextContent("<TipoDTE>39</TipoDTE>");
    await press("Escape");
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(within(list()).getAllByRole("button")[0]).toHaveFocus();
  });

  test("one that waits can be resent from there", async () => {
    await open("monitor", { scenario: "offline" });
    await press("j");
    await press("j");
    (document.activeElement as HTMLElement).click();
    await settle();
    await click("button", "Reenviar");
    expect(screen.getByRole("heading", { name: /Reenviar Boleta/ })).toBeVisible();
  });
});

test("before anything is set up it says what is missing", async () => {
  await open("monitor", { scenario: "bare" });
  await press("2", { altKey: true, code: "Digit2" });
  expect(screen.getByRole("status")).toHaveTextContent("Falta para empezar: los datos de la empresa, el certificado digital, un archivo de folios (CAF)");
  expect(screen.getByText("Todavía no hay documentos")).toBeVisible();
});

test("the list of keys opens and closes", async () => {
  await open("monitor");
  await press("?");
  expect(dialog()).toHaveTextContent("Atajos de teclado");
  await click("button", "Cerrar");
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("rooms change by key, even from inside a field", async () => {
  await open("monitor");
  await press("1", { altKey: true, code: "Digit1" });
  expect(screen.getByLabelText("Código o descripción")).toHaveFocus();
  await press("2", { altKey: true, code: "Digit2" });
  expect(list()).toBeVisible();
});

test("anyone can use it", async () => {
  await open("monitor", { scenario: "problem" });
  await press("j");
  (document.activeElement as HTMLElement).click();
  await settle();
  await expectAccessible();
});
