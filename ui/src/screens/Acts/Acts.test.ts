// What a question about a document says as the document moves on, and where the keyboard goes with its answer.

import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { DemoShop } from "../../lib/demo";
import { named } from "../../lib/folios";
import { unreachable } from "../../lib/port";
import { T } from "../../lib/text";
import type { RowView } from "../../lib/types";
import { heardOf } from "../../parts/Who.svelte";
import Undo from "../Today/Undo.svelte";
import { click, enter, expectAccessible, NOW, open, press, settle } from "../testing";
import Annulled from "./Annulled.svelte";

const dialog = () => screen.getAllByRole("dialog").at(-1) as HTMLElement;
const who = () => screen.getByLabelText("Quién lo decide");

test("the note's question says what holds now, also once its document left the filter", async () => {
  const shop = await open("monitor", { scenario: "problem" });
  const preview = vi.spyOn(shop, "preview");
  const warning = { code: "REF-3-750", path: "", message: "El original no está aceptado." };
  preview.mockResolvedValueOnce({ totals: {}, warnings: [warning], xml: "" }).mockResolvedValue({ totals: {}, warnings: [], xml: "" });
  await press("1");
  await press("j");
  await press("n");
  expect(dialog()).toHaveTextContent("cuando el documento original esté aceptado");
  expect(dialog()).toHaveTextContent("El original no está aceptado.");
  const row = shop.rows.find(({ folio }) => within(dialog()).getByRole("heading").textContent.includes(folio.toLocaleString("es-CL")))!;
  shop.push([{ ...row, state: "ENVIANDO" }]);
  await settle();
  expect(preview).toHaveBeenCalledOnce();
  shop.push([{ ...row, state: "ACEPTADO" }]);
  await settle();
  expect(dialog()).not.toHaveTextContent("cuando el documento original esté aceptado");
  expect(dialog()).not.toHaveTextContent("El original no está aceptado.");
  expect(preview).toHaveBeenCalledTimes(2);
});

test("a note whose answer was lost is asked for again, and names no folio; what it will do may be asked for twice", async () => {
  const shop = await open("monitor", { scenario: "calm" });
  shop.push([{ ...shop.rows[0]!, state: "ACEPTADO", attention: null }]);
  await settle();
  vi.spyOn(shop, "preview").mockRejectedValueOnce(unreachable("No responde."));
  const issue = vi.spyOn(shop, "issue").mockRejectedValueOnce(unreachable("No responde."));
  await press("j");
  await press("n");
  expect(dialog()).toHaveTextContent("No responde.");
  await click("button", T.list.again);
  expect(dialog()).toHaveTextContent(/Usa el folio/);
  await click("button", T.note.yes);
  expect(dialog()).toHaveTextContent("la nota no se emite dos veces");
  expect(dialog()).not.toHaveTextContent(/Usa el folio/);
  await click("button", T.note.yes);
  expect(new Set(issue.mock.calls.map(([, key]) => key)).size).toBe(1);
  expect(within(dialog()).getByRole("status")).toBeVisible();
});

test("where a PIN names who decides, no name is asked for, and the act is theirs", async () => {
  const shop = await open("folios");
  shop.people.set("Rosa", { name: "Rosa", role: "encargado", pin: "2580" });
  await fireEvent.click(within(screen.getByRole("table", { name: "Rangos de Nota de crédito" })).getByRole("button", { name: "Detener" }));
  await settle();
  expect(screen.queryByLabelText("Quién lo decide")).toBeNull();
  await fireEvent.input(screen.getByLabelText("Por qué se detiene"), { target: { value: "Se anularon en sii.cl" } });
  await fireEvent.click(within(dialog()).getByRole("button", { name: "Detener" }));
  await settle();
  await fireEvent.input(screen.getByLabelText("PIN"), { target: { value: "2580" } });
  await click("button", T.pin.allow);
  expect(screen.getByText(/Lo detuvo Rosa/)).toBeVisible();
  // Once nobody has one a name is asked for again, and not the word that stood in for it.
  shop.people.clear();
  await click("button", "Seguir");
  expect(who()).toHaveValue("");
});

test.each([
  ["going on with a range", { stopped: "Por error" }, "Seguir", { stopped: null }],
  ["a range that was annulled", { expired: true }, "Ya lo anulé", { annulled: true }],
  ["folios that were looked for", { skipped: [{ first: 12, last: 15 }] }, "Ya los revisé", { skipped: [] }],
])("%s takes a PIN", async (_, change, asked, then) => {
  const shop = await open("folios");
  shop.people.set("Rosa", { name: "Rosa", role: "encargado", pin: "2580" });
  shop.loaded = [{ ...shop.loaded[0]!, ...change }];
  shop.push([]);
  await settle();
  await click("button", asked);
  const why = screen.queryByLabelText("Por qué se puede");
  if (why) await fireEvent.input(why, { target: { value: "Era un error" } });
  await fireEvent.click(within(dialog()).getByRole("button", { name: asked }));
  await settle();
  expect(shop.loaded[0]).not.toMatchObject(then);
  await fireEvent.input(screen.getByLabelText("PIN"), { target: { value: "2580" } });
  await click("button", T.pin.allow);
  expect(shop.loaded[0]).toMatchObject(then);
});

test("a question that stands open asks for a name again once the last PIN is gone", async () => {
  const shop = await open("folios");
  shop.people.set("Rosa", { name: "Rosa", role: "encargado", pin: "2580" });
  await fireEvent.click(within(screen.getByRole("table", { name: "Rangos de Nota de crédito" })).getByRole("button", { name: "Detener" }));
  await settle();
  expect(screen.queryByLabelText("Quién lo decide")).toBeNull();
  heardOf({ workers: [] });
  await settle();
  expect(who()).toHaveValue("");
});

test("who decides is asked for where it can't be told whether a PIN names them", async () => {
  const shop = await open("folios");
  vi.spyOn(shop, "staff").mockRejectedValue(unreachable("No responde."));
  await fireEvent.click(within(screen.getByRole("table", { name: "Rangos de Nota de crédito" })).getByRole("button", { name: "Detener" }));
  await settle();
  expect(who()).toBeVisible();
});

test("after what its answer took away, the focus is on the sheet that it was asked from", async () => {
  const shop = await open("monitor", { scenario: "problem" });
  const row = shop.rows.find((one) => one.state === "RECHAZADO")!;
  const name = `${row.kind} ${row.folio.toLocaleString("es-CL")}`;
  await click("button", name);
  const button = screen.getByRole("button", { name: "Emitir de nuevo" });
  button.focus();
  await fireEvent.click(button);
  await settle();
  await fireEvent.input(who(), { target: { value: "Rosa" } });
  await click("button", "Preguntar al SII y emitir");
  await click("button", "Entendido");
  expect(button).not.toBeInTheDocument();
  expect(screen.getByRole("dialog", { name })).toHaveFocus();
});

test("Enter in «Quién lo decide» decides that a folio is annulled", async () => {
  const yes = vi.fn(async () => true);
  render(Annulled, { name: "Boleta 1", problem: null, onclose: () => {}, onyes: yes });
  who().focus();
  await fireEvent.input(who(), { target: { value: "Rosa" } });
  await fireEvent.keyDown(who(), { key: "Enter" });
  expect(yes).toHaveBeenCalledWith("Rosa");
});

test("Enter in «Quién lo decide» undoes a recorded sale, past a reason that is left out", async () => {
  const shop = new DemoShop();
  const undo = vi.spyOn(shop, "undoVouched").mockResolvedValue({} as never);
  render(Undo, { port: shop, record: { key: "k", total: 990, at: new Date(NOW).toISOString() } as never, onclose: () => {}, ondone: () => {} });
  who().focus();
  await fireEvent.input(who(), { target: { value: "Rosa" } });
  await fireEvent.keyDown(who(), { key: "Enter" });
  expect(screen.getByLabelText("Motivo")).toHaveFocus();
  await fireEvent.keyDown(screen.getByLabelText("Motivo"), { key: "Enter" });
  expect(undo).toHaveBeenCalledWith({ key: "k", who: "Rosa", why: "" });
});

test("Enter in «Quién lo decide» notes a verdict", async () => {
  const shop = await open("documents", { scenario: "problem" });
  await settle(500);
  const row = shop.rows.find((one) => one.series === "33" && one.state === "ACEPTADO" && !one.annulled_by)!;
  const since = new Date(NOW - 25 * 3_600_000).toISOString();
  shop.push([{ ...row, state: "ENVIADO", attention: "Lleva más de 24 horas sin veredicto", since }]);
  await settle();
  const note = vi.spyOn(shop, "noteVerdict");
  await click("button", `Factura ${row.folio.toLocaleString("es-CL")}`);
  await click("button", "Anotar lo que dice sii.cl");
  await fireEvent.click(screen.getByLabelText("Aceptado"));
  who().focus();
  await enter("Rosa");
  expect(note).toHaveBeenCalledWith(row.id, { said: "accepted", why: "", who: "Rosa" });
});

test("Enter in «Quién lo decide» lifts a lock", async () => {
  const shop = await open("settings");
  shop.locked = { reason: "index-ahead", text: "Hay folios usados.", folios: [] };
  shop.stopped = { code: "locked", text: shop.locked.text };
  shop.push([]);
  await settle();
  await click("button", "Desbloquear la emisión");
  who().focus();
  await enter("Ana");
  expect(shop.locked).toBeNull();
});

test.each<[string, Partial<RowView>, RegExp | null]>([
  ["Emitir de nuevo", { state: "RECHAZADO" }, /^Corregir la venta antes/],
  ["Anotar lo que dice sii.cl", { state: "ENVIADO", attention: "Sin veredicto", since: new Date(NOW - 25 * 3_600_000).toISOString() }, /^Rechazado/],
  ["Reenviar", { state: "GENERADO" }, null],
])("the question behind «%s» has no barrier, with all that it asks", async (name, change, tick) => {
  const shop = await open("monitor", { scenario: "problem" });
  const row = { ...shop.rows[0]!, attention: null, annulled_by: null, ...change };
  shop.push([row]);
  await settle();
  await click("button", named(row));
  await click("button", name);
  if (tick) await fireEvent.click(within(dialog()).getByLabelText(tick));
  await settle();
  expect(within(dialog()).queryAllByRole("textbox")).toHaveLength(tick ? 2 : 0);
  await expectAccessible();
});

test.each(["monitor", "documents"] as const)("p reprints in %s: the row that has the focus, or the sheet that is open", async (room) => {
  const shop = await open(room);
  await settle(500);
  const print = vi.spyOn(shop, "print");
  await press("j");
  const [first, second] = shop.rows as [typeof shop.rows[0], typeof shop.rows[0]];
  await press("p");
  expect(print).toHaveBeenLastCalledWith(first.id, false);
  expect(screen.getByTestId("notice")).toHaveTextContent(`${first.kind} ${first.folio.toLocaleString("es-CL")}: `);
  await click("button", `${second.kind} ${second.folio.toLocaleString("es-CL")}`);
  await press("p");
  expect(print).toHaveBeenLastCalledWith(second.id, false);
});

test("what waits and can't be read is not sent again but replaced, with its sale; what else can't be read is not offered", async () => {
  const shop = await open("monitor", { scenario: "problem" });
  const row = { ...shop.rows[0]!, state: "GENERADO", attention: "No se puede leer." };
  shop.push([row]);
  await settle();
  const document = vi.spyOn(shop, "document");
  const reissue = vi.spyOn(shop, "reissue").mockRejectedValue(new Error("nada"));
  const detail = await shop.document(row.id);
  document.mockResolvedValue({ ...detail, lines: [], sha256: "", lost: true });
  await click("button", `${row.kind} ${row.folio.toLocaleString("es-CL")}`);
  for (const name of ["Reenviar", "Imprimir", "Ver el papel", "Ver el XML exacto"]) expect(screen.queryByRole("button", { name })).toBeNull();
  expect(within(dialog()).queryByRole("button", { name: "Nota de crédito" })).toBeNull();
  await click("button", "Emitir de nuevo");
  expect(dialog()).not.toHaveTextContent("se le pregunta al SII");
  expect(screen.getByLabelText("La venta, en JSON")).toHaveAttribute("placeholder", expect.stringContaining(`"TipoDTE": ${row.series}`));
  await fireEvent.input(who(), { target: { value: "Rosa" } });
  expect(screen.getByRole("button", { name: "Emitir otro en su lugar" })).toBeDisabled();
  await fireEvent.input(screen.getByLabelText("La venta, en JSON"), { target: { value: "{}" } });
  await click("button", "Emitir otro en su lugar");
  expect(reissue).toHaveBeenCalledWith(row.id, { sale: "{}", newNumber: false, who: "Rosa" });
  await click("button", "Cancelar");

  document.mockResolvedValue({ ...detail, lines: [], sha256: "" });
  shop.push([{ ...row, state: "RECHAZADO" }]);
  await settle();
  expect(screen.getByText(/no se pueden leer: vea en sii.cl/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Emitir de nuevo" })).toBeNull();
});
