import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { demoRange, notes as demoNotes } from "../../lib/demo-answers";
import { Problem } from "../../lib/port";
import { click, enter, expectAccessible, open, press, settle } from "../testing";
import Kind from "./Kind.svelte";

const CAF = '<?xml version="1.0"?><AUTORIZACION><CAF version="1.0"><DA><RE>76192083-9</RE><TD>61</TD><RNG><D>101</D><H>200</H></RNG></DA></CAF></AUTORIZACION>';

const dialog = () => screen.getByRole("dialog");
const notes = () => screen.getByRole("table", { name: "Rangos de Nota de crédito" });

async function choose(text = CAF) {
  const file = new File([text], "F61.xml");
  await fireEvent.change(screen.getByLabelText("Elija el archivo CAF o suéltelo aquí"), { target: { files: [file] } });
  await settle();
}

test("each type says what is left and until when it lasts, in words", async () => {
  await open("folios");
  expect(screen.getByRole("heading", { name: "Nota de crédito" })).toBeVisible();
  expect(screen.getByText("A este ritmo alcanzan hasta el 20 dic 12:00.")).toBeVisible();
  const [, row] = within(notes()).getAllByRole("row");
  expect(row).toHaveTextContent("1 a 100");
  expect(row).toHaveTextContent("En uso");
  expect(row).toHaveTextContent("01-05-2027");
  await expectAccessible();
});

test("those that expire first are said to serve until their last day", () => {
  const kind = { ...demoNotes([demoRange(1, 100, 1, 1, null)]), runs_out: "2027-05-02T04:00:00Z", expiring: true };
  render(Kind, { kind, ondecide: () => {} });
  expect(screen.getByText("Los que quedan sirven hasta el 01-05-2027.")).toBeVisible();
});

describe("loading a CAF", () => {
  test("waits for both answers, and sends them", async () => {
    const shop = await open("folios");
    const asked: unknown[] = [];
    const load = shop.loadFolios.bind(shop);
    shop.loadFolios = (file, share, used) => {
      asked.push([new TextDecoder().decode(file), share, used]);
      return load(file, share, used);
    };
    await choose();
    expect(dialog()).toHaveTextContent("Nota de crédito, folios 101 a 200");
    const yes = () => within(dialog()).getByRole("button", { name: "Cargar un CAF" });
    expect(yes()).toBeDisabled();
    await fireEvent.click(screen.getByRole("radio", { name: "Sí, hasta el folio" }));
    await fireEvent.input(screen.getByRole("textbox", { name: "Sí, hasta el folio" }), { target: { value: "500" } });
    await fireEvent.click(screen.getByRole("radio", { name: "Varias: ésta es la" }));
    expect(dialog()).toHaveTextContent("Escriba un folio entre 101 y 200");
    expect(yes()).toBeDisabled();
    await fireEvent.input(screen.getByRole("textbox", { name: "Sí, hasta el folio" }), { target: { value: "110" } });
    await fireEvent.click(yes());
    await settle();
    expect(asked).toEqual([[CAF, [1, 2], 110]]);
    expect(dialog()).toHaveTextContent("Cargados los folios 101 a 150: quedan 40 y el próximo es 111.");
    await click("button", "Entendido");
    expect(within(notes()).getAllByRole("row")).toHaveLength(3);
    expect(notes()).toHaveTextContent("de 101 a 200");
  });

  test("what the agent refuses is said where it was asked", async () => {
    const shop = await open("folios");
    const detail = "El CAF es de otra empresa.";
    shop.loadFolios = async () => Promise.reject(new Problem({ status: 422, code: "caf-company", title: "", detail, errors: [] }));
    await choose();
    await fireEvent.click(screen.getByRole("radio", { name: "No, ninguno" }));
    await fireEvent.click(screen.getByRole("radio", { name: "Solo ésta" }));
    await fireEvent.click(within(dialog()).getByRole("button", { name: "Cargar un CAF" }));
    await settle();
    expect(screen.getByRole("alert")).toHaveTextContent(detail);
  });
});

test("a file that is no CAF is told to be none, and nothing is asked about it", async () => {
  const shop = await open("folios");
  const load = vi.spyOn(shop, "loadFolios");
  await choose("no es un CAF");
  expect(screen.getByRole("alert")).toHaveTextContent("Este archivo no es un CAF.");
  expect(screen.queryByRole("radio")).toBeNull();
  await click("button", "Entendido");
  expect(load).not.toHaveBeenCalled();
});

test("how they run out is drawn day by day, and said in words", async () => {
  await open("folios");
  expect(screen.getByText(/Se usan unos 30 a la semana/)).toBeVisible();
  const drawn = screen.getByRole("img", { name: "Lo que queda al final de cada día, a ese ritmo: 100 hoy, y el 14 dic ya ninguno" });
  expect(drawn.children).toHaveLength(24);
  expect(screen.getByRole("img", { name: /: 51.790 hoy, y 48.190 el 19 dic$/ })).toBeVisible();
  expect(screen.getByText("A este ritmo alcanzan para más de un año.")).toBeVisible();
  // Without a pace there is nothing to draw.
  expect(screen.getAllByRole("img", { name: /^Lo que queda/ })).toHaveLength(2);
});

test("a range is stopped by Enter in its last field, and by none before that", async () => {
  const shop = await open("folios");
  const stop = vi.spyOn(shop, "stopRange");
  await fireEvent.click(within(notes()).getByRole("button", { name: "Detener" }));
  screen.getByLabelText("Por qué se detiene").focus();
  await enter("Se anularon en sii.cl");
  expect(screen.getByLabelText("Quién lo decide")).toHaveFocus();
  await press("Enter");
  expect(stop).not.toHaveBeenCalled();
  await enter("Rosa");
  expect(stop).toHaveBeenCalledOnce();
});

test("a stopped range says why, and goes on only with a name and a reason", async () => {
  const shop = await open("folios");
  shop.loaded = [{ ...shop.loaded[0]!, stopped: "el SII tiene el folio 7 con otros datos" }];
  shop.push([]);
  await settle();
  expect(notes()).toHaveTextContent("el SII tiene el folio 7 con otros datos");
  await click("button", "Seguir");
  expect(within(dialog()).getByRole("button", { name: "Seguir" })).toBeDisabled();
  await fireEvent.input(screen.getByLabelText("Por qué se puede"), { target: { value: "Eran de la otra caja" } });
  await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
  await fireEvent.click(within(dialog()).getByRole("button", { name: "Seguir" }));
  await settle();
  expect(notes()).toHaveTextContent("En uso");
});

test("a range is stopped with a name and a reason, and nothing more of it is given", async () => {
  await open("folios");
  await fireEvent.click(within(notes()).getByRole("button", { name: "Detener" }));
  const yes = () => within(dialog()).getByRole("button", { name: "Detener" });
  expect(yes()).toBeDisabled();
  await fireEvent.input(screen.getByLabelText("Por qué se detiene"), { target: { value: "Se anularon en sii.cl" } });
  await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
  await fireEvent.click(yes());
  await settle();
  expect(notes()).toHaveTextContent("Detenido");
  expect(notes()).toHaveTextContent("Se anularon en sii.cl. Lo detuvo Rosa");
  expect(screen.getByText(/^Los que quedan están detenidos/)).toBeVisible();
  await click("button", "Seguir");
  await expectAccessible();
});

test("folios that expired unused are to be annulled until someone says that they are", async () => {
  const shop = await open("folios");
  shop.loaded = [{ ...shop.loaded[0]!, next: 41, left: 60, expired: true }];
  shop.push([]);
  await settle();
  expect(screen.getByText("Nota de crédito: folios 41 a 100, vencidos sin usar")).toBeVisible();
  await click("button", "Ya lo anulé");
  await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
  await fireEvent.click(within(dialog()).getByRole("button", { name: "Ya lo anulé" }));
  await settle();
  expect(screen.queryByText("Por anular en el SII")).toBeNull();
  expect(notes()).toHaveTextContent("Anulado");
});

test("where more documents are to be annulled than are shown it says how many there are in all", async () => {
  const shop = await open("folios", { documents: 130 });
  const replaced = (many: number) => shop.push(shop.rows.slice(0, many).map((row) => ({ ...row, state: "REEMPLAZADO", attention: "Anule el folio.", replaced_by: "T39F99999" })));
  replaced(100);
  await settle();
  expect(screen.getAllByRole("button", { name: "Ya lo anulé" })).toHaveLength(100);
  expect(screen.queryByText(/Se ven los/)).toBeNull();
  replaced(103);
  await settle();
  expect(screen.getAllByRole("button", { name: "Ya lo anulé" })).toHaveLength(100);
  expect(screen.getByText("Se ven los 100 documentos más recientes de 103. Los demás aparecen a medida que los marca.")).toBeVisible();
});

test("folios that an unlock passed over are to be looked for until someone says that they did", async () => {
  const shop = await open("folios");
  shop.loaded = [{ ...shop.loaded[0]!, skipped: [{ first: 12, last: 15 }, { first: 30, last: 31 }] }];
  shop.push([]);
  await settle();
  expect(screen.getByText(/folios 12 a 15, saltados al desbloquear/)).toBeVisible();
  await fireEvent.click(screen.getAllByRole("button", { name: "Ya los revisé" })[0]!);
  // Where all of them were used nothing is annulled.
  expect(within(dialog()).getByRole("heading")).toHaveTextContent("¿Revisó estos folios en sii.cl?");
  expect(dialog()).toHaveTextContent("cuando haya visto cuáles se usaron y anulado los demás");
  await fireEvent.input(screen.getByLabelText("Quién lo decide"), { target: { value: "Rosa" } });
  await fireEvent.click(within(dialog()).getByRole("button", { name: "Ya los revisé" }));
  await settle();
  expect(screen.queryByText(/12 a 15/)).toBeNull();
  expect(screen.getByText(/folios 30 a 31, saltados/)).toBeVisible();
});

test("folios that damage took are not said to have been passed over", async () => {
  const shop = await open("folios");
  shop.loaded = [{ ...shop.loaded[0]!, skipped: [{ first: 12, last: 15, lost: true }] }];
  shop.push([]);
  await settle();
  expect(screen.getByText(/folios 12 a 15, que faltan en el registro, por el daño\. Vea en sii\.cl/)).toBeVisible();
  expect(screen.queryByText(/desbloquear/)).toBeNull();
});
