// Nothing moves under the pointer: what comes and goes above the rows has its place at all times.

import { fireEvent, screen, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import { newRow } from "../../lib/demo-shop";
import { click, NOW, open, press, settle } from "../testing";

const rows = () => screen.queryAllByRole("row").slice(1);
const fresh = () => screen.queryByRole("button", { name: "Mostrar 1 documento nuevo" });
const folio = 60_000;

/** A sale at another till. */
async function sold(shop: Awaited<ReturnType<typeof open>>) {
  const row = newRow(39, folio, 990, NOW);
  shop.rows = [row, ...shop.rows];
  shop.push([row]);
  await settle();
}

describe.each(["monitor", "documents"] as const)("in %s", (room) => {
  test("the types keep their place while something is selected, and what is done with it has its own before", async () => {
    await open(room);
    await settle(500);
    const chip = screen.getByRole("button", { name: "Factura" });
    const resend = screen.getByText("Reenviar seleccionados");
    expect(resend).not.toBeVisible();
    await fireEvent.click(within(rows()[0]!).getByRole("checkbox"));
    await settle();
    expect(resend).toBeVisible();
    expect(chip).toBeInTheDocument();
    expect(chip).not.toBeVisible();
    await click("button", "Quitar la selección");
    expect(chip).toBeVisible();
    expect(resend).not.toBeVisible();
    // The button went: by keyboard one goes on among the rows.
    expect(rows()[0]).toContainElement(document.activeElement as HTMLElement);
  });

  test("a new document waits at the rows' head, within the list, and is gone to", async () => {
    const shop = await open(room);
    await settle(500);
    await press("j");
    await sold(shop);
    const list = screen.getByRole("table", { name: "Documentos" }).parentElement!;
    expect(list).toContainElement(fresh());
    // Whoever comes to it with the pointer, and out of the rows, has not left.
    await fireEvent.pointerEnter(list);
    await fireEvent.pointerLeave(screen.getByRole("table", { name: "Documentos" }));
    (document.activeElement as HTMLElement).blur();
    await settle();
    expect(fresh()).toBeVisible();
    await fireEvent.click(fresh()!);
    await settle();
    expect(fresh()).toBeNull();
    expect(rows()[0]).toHaveTextContent("Boleta 60.000");
    expect(screen.getByRole("button", { name: "Boleta 60.000" })).toHaveFocus();
  });
});
