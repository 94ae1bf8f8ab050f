// A document's paper in both rooms: how it stands, printing it, and what a person does where it failed.

import { screen, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { unreachable } from "../lib/port";
import { click, expectAccessible, open, press, settle } from "./testing";
import { sell } from "./Sale/till";

const rows = () => screen.queryAllByRole("row").slice(1);
const paper = () => within(screen.getByRole("region", { name: "Papel" }));


describe("after a sale", () => {
  test("its paper is seen as it looks, and printed; the next one is a copy", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    expect(paper().getByText("Sin imprimir todavía")).toBeVisible();
    await click("button", "Ver el papel");
    const picture = paper().getByRole("img", { name: /^El papel de Boleta/ });
    // A data address: the page's policy allows no other picture.
    expect(picture.getAttribute("src")).toMatch(/^data:image\/svg\+xml/);
    expect(decodeURIComponent(picture.getAttribute("src") ?? "")).toContain(`N° ${shop.rows[0]!.folio}`);
    await click("button", "Imprimir");
    expect(paper().getByText("Impreso")).toBeVisible();
    await click("button", "Reimprimir (copia)");
    expect(paper().getByText("Impreso (copia)")).toBeVisible();
  });

  test("a printer without paper is no lost sale, and it is said", async () => {
    const shop = await open("sale");
    shop.printer = { state: "failed", word: "No impreso", why: "la impresora no tiene papel" };
    await sell("Pan", "350");
    await press("F10");
    await click("button", "Imprimir");
    expect(paper().getByText("No impreso").closest("p")).toHaveTextContent("No impreso: la impresora no tiene papel");
    expect(paper().getByText("La venta vale igual: el documento está emitido y guardado.")).toBeVisible();
    // None of it came out: what is printed next is the original.
    expect(paper().getByRole("button", { name: "Imprimir" })).toBeEnabled();
    await expectAccessible();
  });

  test("while it prints nobody can ask twice", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    shop.push([{ ...shop.rows[0]!, paper: { copy: "original", state: "begun", word: "Imprimiendo", why: "" } }]);
    await settle();
    const print = vi.spyOn(shop, "print");
    await click("button", "Imprimiendo…");
    expect(print).not.toHaveBeenCalled();
  });

  test("an agent that does not answer is told, and nothing is claimed", async () => {
    const shop = await open("sale");
    await sell("Pan", "350");
    await press("F10");
    vi.spyOn(shop, "print").mockRejectedValue(unreachable("Timbre no responde en este equipo."));
    await click("button", "Imprimir");
    expect(paper().getByRole("alert")).toHaveTextContent("Timbre no responde en este equipo.");
    expect(paper().getByText("Sin imprimir todavía")).toBeVisible();
  });
});

describe("what did not come out", () => {
  test("is counted, listed by its own filter, and leaves it when it is printed", async () => {
    await open("monitor", { scenario: "problem" });
    await click("button", "Sin imprimir: 2");
    expect(rows()).toHaveLength(2);
    expect(rows()[0]).toHaveTextContent("Papel: No impreso (la impresora no tiene papel)");
    expect(rows()[1]).toHaveTextContent("Papel: Parcial (la impresora no confirmó que terminó)");
    await click("button", rows()[0]!.querySelector("button.open")!.textContent!);
    await click("button", "Imprimir");
    expect(paper().getByText("Impreso")).toBeVisible();
    expect(screen.getByRole("button", { name: "Sin imprimir: 1" })).toBeVisible();
  });

  test("a person who looked settles it: it is there, or wanted no more", async () => {
    await open("monitor", { scenario: "problem" });
    await click("button", "Sin imprimir: 2");
    const [failed, partial] = rows().map((row) => row.querySelector("button.open")!.textContent!);
    await click("button", partial!);
    await click("button", "El papel salió bien");
    expect(paper().getByText("Impreso, según quien lo vio")).toBeVisible();
    await click("button", failed!);
    // Of one that did not come out at all nobody can say that it did.
    expect(paper().queryByRole("button", { name: "El papel salió bien" })).toBeNull();
    await click("button", "Ya no hace falta");
    expect(screen.getByRole("button", { name: "Sin imprimir: 0" })).toBeVisible();
    await press("Escape");
    await click("button", "Sin imprimir: 0");
    expect(screen.queryByRole("button", { name: /^Sin imprimir/ })).toBeNull();
  });

  test("p prints the document of the row that has the focus, and says what came of it", async () => {
    const shop = await open("monitor");
    await press("j");
    await press("p");
    const [row] = shop.rows;
    expect(screen.getByTestId("notice")).toHaveTextContent(`${row!.kind} ${row!.folio.toLocaleString("es-CL")}: Impreso`);
  });

  test("what another document took the place of can be looked at, and not printed", async () => {
    const shop = await open("monitor");
    shop.push([{ ...shop.rows[0]!, state: "REEMPLAZADO", replaced_by: "T39F99999" }]);
    await settle();
    await click("button", rows()[0]!.querySelector("button.open")!.textContent!);
    expect(paper().getByRole("button", { name: "Ver el papel" })).toBeEnabled();
    expect(paper().queryByRole("button", { name: /mprimir/ })).toBeNull();
    expect(paper().queryByText(/No lo entregue/)).toBeNull();
    await click("button", "Ver el papel");
    expect(paper().getByText("Este papel ya no vale: en su lugar está Boleta 99.999. No lo entregue.")).toBeVisible();
    // Nor by the key.
    await press("p");
    expect(screen.getByText(/ya no se imprime: en su lugar está Boleta 99.999/)).toBeVisible();
  });

  test("with nothing amiss there is no filter for it", async () => {
    await open("monitor", { scenario: "calm" });
    expect(screen.queryByRole("button", { name: /^Sin imprimir/ })).toBeNull();
  });
});
