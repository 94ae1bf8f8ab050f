import { cleanup, fireEvent, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { money } from "../../lib/format";
import { unreachable } from "../../lib/port";
import { click, enter, expectAccessible, NOW, open, press, settle, write } from "../testing";

/** The question that was asked last: a sheet may be open behind it. */
const dialog = () => screen.getAllByRole("dialog").at(-1) as HTMLElement;
const rows = () => screen.queryAllByRole("row").slice(1);

async function room(options: Parameters<typeof open>[1] = {}) {
  const shop = await open("documents", { scenario: "problem", ...options });
  await settle(500);
  return shop;
}

describe("finding", () => {
  test("days that are crossed are told so, also when nobody answers to them", async () => {
    const shop = await room();
    vi.spyOn(shop, "documents").mockRejectedValue(unreachable("No responde."));
    await fireEvent.change(screen.getByLabelText("Desde"), { target: { value: "2026-11-20" } });
    await fireEvent.change(screen.getByLabelText("Hasta"), { target: { value: "2026-11-19" } });
    await settle(500);
    expect(screen.getByText("«Desde» es después de «hasta»: ponga los días en orden")).toBeVisible();
  });

  test("what is found is counted and summed, and the rest is a filter away", async () => {
    const shop = await room();
    const sum = shop.rows.filter(({ state }) => state !== "RECHAZADO").reduce((all, row) => all + row.total, 0);
    expect(screen.getByTestId("found")).toHaveTextContent(`60 documentos · $ ${sum.toLocaleString("es-CL")} en ventas; sin rechazados`);
    await click("button", "Factura");
    await settle(500);
    const facturas = shop.rows.filter((row) => row.series === "33").length;
    expect(rows()).toHaveLength(Math.min(facturas, 40));
    expect(screen.getByTestId("found")).toHaveTextContent(`${facturas} documentos`);
    await click("button", "Quitar los filtros");
    await settle(500);
    expect(screen.getByTestId("found")).toHaveTextContent("60 documentos");
  });

  test.each([
    [{}, ""],
    [{ credits: 1 }, " en ventas, menos notas de crédito"],
    [{ no_sale: 2 }, " en ventas; sin guías"],
    [{ credits: 1, no_sale: 1, rejected: 1, replaced: 1 }, " en ventas, menos notas de crédito; sin guías ni rechazados ni reemplazados"],
  ])("the sum says what it leaves out: %o", async (parts, said) => {
    const shop = await open("sale");
    const none = { sales: 3, credits: 0, no_sale: 0, rejected: 0, replaced: 0, more: false, resendable: 0, verifying: 0 };
    shop.count = async () => ({ ...none, documents: 5, total: 9_000, ...parts });
    await press("3", { altKey: true, code: "Digit3" });
    await settle(500);
    expect(screen.getByTestId("found").textContent.trim()).toBe(`5 documentos · ${money(9_000)}${said}`);
  });

  test("a period asks for days of issue", async () => {
    await room();
    await click("button", "Hoy");
    expect(screen.getByLabelText("Desde")).toHaveValue("2026-11-22");
    await fireEvent.change(screen.getByLabelText("Desde"), { target: { value: "2026-01-01" } });
    await fireEvent.change(screen.getByLabelText("Hasta"), { target: { value: "2026-01-02" } });
    await settle(500);
    expect(screen.getByText("Ningún documento está entre lo que se pide")).toBeVisible();
    expect(screen.getByRole("button", { name: "Exportar CSV" })).toBeDisabled();
  });

  test("a search that did not reach the end says how far it looked, and goes on when it is told to", async () => {
    const shop = await room();
    const all = shop.documents.bind(shop);
    const asked: (string | undefined)[] = [];
    shop.documents = async (query) => {
      asked.push(query.cursor);
      if (query.q && !query.cursor) return { rows: [], next: "77", reached: "2026-03-01T15:00:00Z" };
      return all({ ...query, cursor: undefined });
    };
    await press("/");
    await settle();
    await write("los");
    await settle(500);
    const before = asked.length;
    expect(screen.getByTestId("reached")).toHaveTextContent("Se buscó hasta lo emitido el 1 mar 12:00");
    await settle(500);
    expect(asked.length).toBe(before);
    await click("button", "Seguir buscando");
    expect(asked.at(-1)).toBe("77");
    expect(rows().length).toBeGreaterThan(0);
  });

  test("what is found is exported as it is asked for", async () => {
    const shop = await room();
    const asked: unknown[] = [];
    shop.exportFound = async (query, form) => {
      asked.push([query, form]);
      return `documentos.${form}`;
    };
    await click("button", "Factura");
    await settle(500);
    await click("button", "Exportar XML");
    expect(asked).toEqual([[{ type: "33" }, "xml"]]);
    expect(screen.getByTestId("notice")).toHaveTextContent("Exportado: documentos.xml");
    shop.exportFound = async () => Promise.reject(unreachable("Timbre no responde"));
    await click("button", "Exportar CSV");
    expect(screen.getByTestId("notice")).toHaveTextContent("Timbre no responde");
  });

  test("a reader of the screen finds nothing to complain of", async () => {
    await room();
    await expectAccessible();
  });
});

describe("a credit note", () => {
  const accepted = (shop: Awaited<ReturnType<typeof room>>) => shop.rows.find((row) => row.series === "33" && row.state === "ACEPTADO")!;

  test("says what it will do, and does it once however often it is asked for", async () => {
    const shop = await room();
    const row = accepted(shop);
    shop.preview = async () => ({ totals: { MntTotal: row.total }, warnings: [], xml: "" });
    const keys: string[] = [];
    shop.issue = async (sale, key) => {
      keys.push(key);
      expect(sale).toEqual({
        Encabezado: { IdDoc: { TipoDTE: 61 } },
        Referencia: { TpoDocRef: 33, FolioRef: row.folio, CodRef: 1, RazonRef: "Anula documento" },
      });
      if (keys.length === 1) throw unreachable("se cortó");
      const document = { ...row, id: "T61F1", kind: "Nota de crédito", folio: 1 };
      return { document, key, totals: {}, warnings: [], repeated: false, voucher: null, environment: "training" };
    };
    await click("button", `Factura ${row.folio.toLocaleString("es-CL")}`);
    await fireEvent.click(within(dialog()).getByRole("button", { name: "Nota de crédito" }));
    await settle();
    expect(dialog()).toHaveTextContent(`Anula completa la Factura ${row.folio.toLocaleString("es-CL")}`);
    expect(dialog()).toHaveTextContent("Usa el folio 1 de nota de crédito; quedan 100.");
    expect(keys).toEqual([]);
    await click("button", "Emitir la nota de crédito");
    expect(dialog()).toHaveTextContent("la nota no se emite dos veces");
    await click("button", "Emitir la nota de crédito");
    expect(new Set(keys).size).toBe(1);
    expect(dialog()).toHaveTextContent("Se emitió la Nota de crédito 1");
  });

  test("is not offered for what was rejected, and not without its folios", async () => {
    const shop = await room();
    const rejected = shop.rows.find((row) => row.state === "RECHAZADO")!;
    await click("button", `${rejected.kind} ${rejected.folio.toLocaleString("es-CL")}`);
    expect(within(dialog()).queryByRole("button", { name: "Nota de crédito" })).toBeNull();
    shop.preview = async () => ({ totals: { MntTotal: 1 }, warnings: [], xml: "" });
    shop.loaded = [];
    shop.push([]);
    const row = accepted(shop);
    await click("button", `Factura ${row.folio.toLocaleString("es-CL")}`);
    await fireEvent.click(within(dialog()).getByRole("button", { name: "Nota de crédito" }));
    await settle();
    expect(dialog()).toHaveTextContent("No hay folios de nota de crédito");
    expect(screen.getByRole("button", { name: "Emitir la nota de crédito" })).toBeDisabled();
  });
});

describe("a rejected document", () => {
  test("is made again only by someone with a name, who was told what will happen", async () => {
    const shop = await room();
    const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
    await click("button", `${row.kind} ${row.folio.toLocaleString("es-CL")}`);
    await click("button", "Emitir de nuevo");
    expect(dialog()).toHaveTextContent("Primero se le pregunta al SII");
    expect(screen.getByRole("button", { name: "Preguntar al SII y emitir" })).toBeDisabled();
    await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
    await click("button", "Preguntar al SII y emitir");
    expect(dialog()).toHaveTextContent("se firmó de nuevo con su mismo folio (versión 2)");
    expect(dialog()).toHaveTextContent("Por qué: el SII no tiene este documento");
    expect(shop.rows.find((one) => one.id === row.id)?.state).toBe("GENERADO");
  });

  test("that a note annuls is not offered again", async () => {
    const shop = await room();
    const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
    shop.push([Object.assign(row, { annulled_by: "T61F1" })]);
    await settle();
    await click("button", `${row.kind} ${row.folio.toLocaleString("es-CL")}`);
    expect(dialog()).toHaveTextContent("Nota de crédito 1");
    expect(screen.queryByRole("button", { name: "Emitir de nuevo" })).toBeNull();
  });

  test("that is found accepted at the SII is accepted, and no other is issued", async () => {
    const shop = await room();
    const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
    const before = shop.rows.length;
    await click("button", `${row.kind} ${row.folio.toLocaleString("es-CL")}`);
    await click("button", "Emitir de nuevo");
    await fireEvent.click(screen.getByLabelText("En sii.cl figura aceptado: darlo por aceptado y no emitir otro"));
    expect(dialog()).toHaveTextContent("Se le pregunta al SII si tiene este mismo documento");
    expect(dialog()).not.toHaveTextContent("Usar un folio nuevo");
    expect(screen.getByRole("button", { name: "Preguntar al SII y darlo por aceptado" })).toBeDisabled();
    await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
    await click("button", "Preguntar al SII y darlo por aceptado");
    expect(dialog()).toHaveTextContent("queda aceptado. No se emitió otro.");
    expect(shop.rows.find((one) => one.id === row.id)?.state).toBe("ACEPTADO");
    expect(shop.rows.length).toBe(before);
  });

  test("is decided with Enter, and a refusal is gone with the wish it was about", async () => {
    const shop = await room();
    const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
    const reissue = vi.spyOn(shop, "reissue").mockRejectedValueOnce(new Error("El folio no sirve."));
    await click("button", `${row.kind} ${row.folio.toLocaleString("es-CL")}`);
    await click("button", "Emitir de nuevo");
    await fireEvent.click(screen.getByLabelText(/Corregir la venta antes/));
    await settle();
    const who = screen.getByLabelText("Quién lo decide");
    // The sale is long: it stands below all that has to be seen.
    expect(who.compareDocumentPosition(dialog().querySelector("textarea")!)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    const show = vi.spyOn(Element.prototype, "scrollIntoView");
    who.focus();
    await enter("Rosa");
    expect(reissue).toHaveBeenCalledOnce();
    expect(within(dialog()).getByRole("alert")).toBeVisible();
    expect(show.mock.contexts).toContain(within(dialog()).getByRole("alert"));
    await fireEvent.click(screen.getByLabelText("En sii.cl figura aceptado: darlo por aceptado y no emitir otro"));
    expect(within(dialog()).queryByRole("alert")).toBeNull();
    // Enter on a box to tick answers nothing.
    screen.getByLabelText("En sii.cl figura aceptado: darlo por aceptado y no emitir otro").focus();
    await press("Enter");
    expect(within(dialog()).getByRole("button", { name: "Preguntar al SII y darlo por aceptado" })).toBeVisible();
  });

  test("with another folio leaves a task, which is ticked in Folios", async () => {
    const shop = await room();
    const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
    const name = `${row.kind} ${row.folio.toLocaleString("es-CL")}`;
    await click("button", name);
    await click("button", "Emitir de nuevo");
    await fireEvent.click(screen.getByLabelText("Usar un folio nuevo aunque el suyo siga libre"));
    await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
    await click("button", "Preguntar al SII y emitir");
    expect(dialog()).toHaveTextContent(`Anule el folio ${row.folio}`);
    await click("button", "Entendido");
    await press("4", { altKey: true, code: "Digit4" });
    const task = screen.getByRole("button", { name }).closest("li")!;
    await fireEvent.click(within(task).getByRole("button", { name: "Ya lo anulé" }));
    await settle();
    await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
    await fireEvent.click(within(dialog()).getByRole("button", { name: "Ya lo anulé" }));
    await settle();
    expect(screen.queryByText("Por anular en el SII")).toBeNull();
  });
});

describe("a document that the SII took and says nothing more of", () => {
  /** The first accepted factura, without its verdict for so many hours. */
  async function silent(hours: number, attention: string | null) {
    const shop = await room();
    const row = shop.rows.find((one) => one.series === "33" && one.state === "ACEPTADO" && !one.annulled_by)!;
    Object.assign(row, { state: "ENVIADO", attention, since: new Date(NOW - hours * 3_600_000).toISOString() });
    shop.push([row]);
    await settle();
    await click("button", `Factura ${row.folio.toLocaleString("es-CL")}`);
    return { shop, row };
  }
  const offered = () => within(dialog()).queryByRole("button", { name: "Anotar lo que dice sii.cl" });

  test("is ended by what somebody read at its site, with their name and its reason", async () => {
    const { shop, row } = await silent(25, "Lleva más de 24 horas sin veredicto; se sigue preguntando");
    const orders: unknown[] = [];
    shop.noteVerdict = async (id, order) => {
      orders.push([id, order]);
      return row;
    };
    await fireEvent.click(offered()!);
    await settle();
    const yes = () => screen.getByRole("button", { name: "Anotar" });
    await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
    expect(yes()).toBeDisabled();
    await fireEvent.click(screen.getByLabelText("Rechazado"));
    expect(yes()).toBeDisabled();
    await fireEvent.input(screen.getByLabelText("Motivo del rechazo"), { target: { value: "Firma incorrecta" } });
    await click("button", "Anotar");
    expect(orders).toEqual([[row.id, { said: "rejected", why: "Firma incorrecta", who: "Rosa" }]]);
  });

  test("is not ended so before a day has passed and somebody was called", async () => {
    await silent(23, "Lleva más de 24 horas sin veredicto; se sigue preguntando");
    expect(offered()).toBeNull();
    cleanup();
    await silent(25, null);
    expect(offered()).toBeNull();
  });
});

test.each(["monitor", "documents"] as const)("keys of %s act on the document whose sheet is open, and not on the row that has the focus", async (room) => {
  const shop = await open(room);
  const print = vi.spyOn(shop, "print");
  const [first, second] = screen.getAllByRole("row").slice(1).map((row) => row.querySelector<HTMLElement>("button.open")!);
  const name = second!.textContent!;
  await fireEvent.click(second!);
  await settle();
  first!.focus();
  await press("r");
  expect(within(screen.getAllByRole("dialog").at(-1)!).getByRole("heading", { level: 2 })).toHaveTextContent(name);
  await click("button", /^(Cancelar|Entendido)$/);
  await press("p");
  expect(print.mock.calls.map(([id]) => id)).toEqual([shop.rows[1]!.id]);
});

describe("issuing from a file", () => {
  const sale = (name: string) => JSON.stringify({ Encabezado: { IdDoc: { TipoDTE: 33 }, Receptor: { RznSocRecep: name } }, Detalle: [{ NmbItem: "Arriendo", QtyItem: 1, PrcItem: 1000 }] });

  async function choose(text: string) {
    const file = new File([text], "ventas.jsonl");
    await fireEvent.change(screen.getByLabelText("Elija el archivo o suéltelo aquí"), { target: { files: [file] } });
    await settle();
  }

  test("one refused sale holds back the whole file, and is named", async () => {
    const shop = await room();
    await click("button", "Emitir desde archivo");
    await choose(`${sale("Buena")}\n{"Encabezado":{"IdDoc":{"TipoDTE":33}},"Detalle":[]}\n`);
    expect(dialog()).toHaveTextContent("1 venta no se puede emitir");
    expect(dialog()).toHaveTextContent("Falta al menos un producto.");
    // A factura is nobody's but its receiver's.
    expect(within(dialog()).getAllByRole("row")[1]).not.toHaveTextContent("Consumidor final");
    expect(screen.queryByRole("button", { name: /^Emitir \d/ })).toBeNull();
    expect(shop.issued.size).toBe(0);
  });

  test("all are issued with the keys they were given, and the file again issues nothing", async () => {
    const shop = await room();
    const text = Array.from({ length: 20 }, (_, i) => sale(`Cliente ${i}`)).join("\n");
    await click("button", "Emitir desde archivo");
    await choose(text);
    expect(dialog()).toHaveTextContent("20 ventas listas por $ 20.000");
    await click("button", "Emitir 20 documentos");
    await settle();
    expect(dialog()).toHaveTextContent("20 documentos emitidos.");
    expect(dialog()).toHaveTextContent("20 de 20 emitidos");
    expect(shop.issued.size).toBe(20);
    await click("button", "Cerrar");
    await click("button", "Emitir desde archivo");
    await choose(text);
    expect(dialog()).toHaveTextContent("20 ventas ya se emitieron antes y no se repiten.");
    expect(screen.queryByRole("button", { name: /^Emitir \d/ })).toBeNull();
    expect(shop.issued.size).toBe(20);
  });

  test("Esc while they are issued stops it, and what came of it stays to be seen; the page asks before it goes", async () => {
    const shop = await room();
    const real = shop.issueText.bind(shop);
    let answer = () => {};
    const issue = vi.spyOn(shop, "issueText").mockImplementation(async (text, key) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return real(text, key);
    });
    const leave = () => window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
    await click("button", "Emitir desde archivo");
    await choose(Array.from({ length: 3 }, (_, i) => sale(`Cliente ${i}`)).join("\n"));
    expect(leave()).toBe(true);
    await click("button", "Emitir 3 documentos");
    expect(leave()).toBe(false);
    await fireEvent(dialog(), new Event("cancel", { cancelable: true }));
    answer();
    await settle();
    expect(dialog()).toHaveTextContent("1 de 3 emitidos");
    expect(issue).toHaveBeenCalledOnce();
    expect(leave()).toBe(true);
    await fireEvent(dialog(), new Event("cancel", { cancelable: true }));
    await settle();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("the table to fill in is had from here, with what its columns mean", async () => {
    await room();
    await click("button", "Emitir desde archivo");
    expect(dialog()).toHaveTextContent("en la boleta el precio lleva IVA, en la factura es neto");
    await click("button", "Bajar la planilla de ejemplo");
    expect(within(dialog()).getByRole("status")).toHaveTextContent("Guardada: planilla-de-ejemplo.csv");
    expect(screen.getByLabelText("Elija el archivo o suéltelo aquí")).toHaveAttribute("accept", expect.stringContaining(".csv"));
    await expectAccessible();
  });

  test("what many sales are warned of is said once, with how many; a row that can't be read has no receiver", async () => {
    const shop = await room();
    const warning = { code: "payment-form-missing", path: "línea 2, columna «pago»", message: "La factura no dice su forma de pago." };
    const row = { key: "k", kind: "Factura", totals: { MntTotal: 1000 }, refusals: [], warnings: [warning], issued: null };
    const sales = Array.from({ length: 95 }, (_, i) => ({ ...row, line: i + 2, key: `k${i}`, sale: sale(`Cliente ${i}`) }));
    const why = { code: "table-number", path: "línea 97, columna «precio»", message: "«x» no es un número." };
    shop.checkBatch = async () => ({ sales: [...sales, { ...row, line: 97, sale: "", kind: "", totals: null, warnings: [], refusals: [why] }], short: [] });
    await click("button", "Emitir desde archivo");
    await choose("venta;tipo");
    expect(screen.getAllByText(/no dice su forma de pago/)).toHaveLength(1);
    expect(dialog()).toHaveTextContent("En 95 ventas: La factura no dice su forma de pago.");
    const bad = within(dialog()).getAllByRole("row")[1] as HTMLElement;
    expect(bad).toHaveTextContent("«x» no es un número. fila 97, columna «precio»");
    expect(bad).not.toHaveTextContent("Consumidor final");
    expect(within(bad).getByRole("cell", { name: "No se pudo leer" })).toBeVisible();
    expect(bad).not.toHaveTextContent("–");
  });

  test("a file with no sale in it is told so, and is counted as no sale", async () => {
    const shop = await room();
    const why = { code: "table-invalid", path: "línea 1", message: "No es la tabla de ventas." };
    shop.checkBatch = async () => ({ sales: [{ key: "", line: 1, sale: "", kind: "", totals: null, refusals: [why], warnings: [], issued: null }], short: [] });
    await click("button", "Emitir desde archivo");
    await choose("Querida Rosa");
    expect(dialog()).toHaveTextContent("De este archivo no se pudo leer ninguna venta.");
    expect(dialog()).toHaveTextContent("No es la tabla de ventas. fila 1");
    expect(dialog()).not.toHaveTextContent("1 venta no se puede");
  });

  test("what is refused says which document it was to be, and the keyboard goes on where the eye does", async () => {
    const shop = await room();
    const why = { code: "receiver", path: "", message: "Falta el giro." };
    const text = JSON.stringify({ Encabezado: { IdDoc: { TipoDTE: 33 }, Receptor: { RUTRecep: "77.777.777-7" } } });
    shop.checkBatch = async () => ({ sales: [{ key: "k", line: 1, sale: text, kind: "", totals: null, refusals: [why], warnings: [], issued: null }], short: [] });
    await click("button", "Emitir desde archivo");
    await choose(text);
    expect(within(dialog()).getByRole("cell", { name: "Factura" })).toBeVisible();
    expect(screen.getByRole("region", { name: "Ventas del archivo" })).toHaveFocus();
    await click("button", "Elegir otro archivo");
    expect(screen.getByLabelText("Elija el archivo o suéltelo aquí")).toHaveFocus();
    shop.checkBatch = () => Promise.reject(unreachable("No es un archivo de ventas."));
    (document.activeElement as HTMLElement).blur();
    await choose("x");
    expect(screen.getByLabelText("Elija el archivo o suéltelo aquí")).toHaveFocus();
  });

  test("a line that is cut stops it, and it goes on where it was", async () => {
    const shop = await room();
    await click("button", "Emitir desde archivo");
    await choose([sale("A"), sale("B"), sale("C")].join("\n"));
    const issue = shop.issueText.bind(shop);
    let left = 1;
    shop.issueText = (text, key) => (left-- > 0 ? issue(text, key) : Promise.reject(unreachable("Timbre no responde.")));
    await click("button", "Emitir 3 documentos");
    expect(dialog()).toHaveTextContent("Se detuvo: Timbre no responde.");
    expect(dialog()).toHaveTextContent("1 de 3 emitidos");
    shop.issueText = issue;
    await click("button", "Seguir");
    expect(dialog()).toHaveTextContent("3 documentos emitidos.");
    expect(shop.issued.size).toBe(3);
  });
});
