import { fireEvent, screen, within } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";

import { till } from "../../lib/cashier.svelte";
import { click, enter, expectAccessible, open, press, reopen, scan, settle } from "../testing";
import { code, sell } from "./till";

const field = (name: string) => screen.getByLabelText(name);
const worker = (name: string, role: string, pin: string) => ({ name, role, pin });

beforeEach(() => {
  till.take(null);
  till.must = false;
});

async function withStaff() {
  const shop = await open("settings");
  shop.people.set("Ana", worker("Ana", "encargado", "2580"));
  shop.people.set("Beto", worker("Beto", "cajero", "4321"));
  await reopen(shop);
  return shop;
}

async function pin(name: string, digits: string) {
  await fireEvent.change(field("Cajero"), { target: { value: name } });
  field("PIN").focus();
  await enter(digits);
}

test("a shop without workers sees no word of a cashier", async () => {
  await open("sale");
  expect(screen.queryByText(/cajero/i)).toBeNull();
});

test("who stands at the till is chosen by a PIN and Enter, and each sale is theirs", async () => {
  const shop = await withStaff();
  await click("button", "Sin cajero");
  await pin("Beto", "9999");
  expect(screen.getByRole("alert")).toHaveTextContent("El PIN no es ése.");
  await pin("Beto", "4321");
  expect(screen.getByRole("button", { name: "Cajero: Beto" })).toBeVisible();
  expect(code()).toHaveFocus();
  await sell("Pan", "350");
  await press("F10");
  expect(shop.rows[0]?.sold_by).toBe("Beto");

  // The same window, its page read anew; and another one for nobody.
  await reopen(shop);
  await click("button", "Cajero: Beto");
  await click("button", "Sin cajero");
  expect(screen.queryByRole("button", { name: /Cajero:/ })).toBeNull();
  await sell("Queso", "900");
  await press("F10");
  expect(shop.rows[0]?.sold_by).toBeUndefined();
});

test("a tab that is duplicated asks anew who sells, and the first one goes on", async () => {
  till.take({ name: "Beto", permit: "p1" });
  vi.resetModules();
  const { till: copy } = await import("../../lib/cashier.svelte");
  expect(copy.stands?.name).toBe("Beto");
  await vi.waitFor(() => expect(copy.stands).toBeNull());
  expect(till.stands?.name).toBe("Beto");
  // Another tab with a permit of its own is asked for nothing.
  copy.take({ name: "Ana", permit: "p2" });
  vi.resetModules();
  const { till: third } = await import("../../lib/cashier.svelte");
  await vi.waitFor(() => expect(third.stands).toBeNull());
  expect([till, copy].map(({ stands }) => stands?.name)).toEqual(["Beto", "Ana"]);
});

test("what is scanned while a cashier is asked for their PIN is neither a PIN nor a product", async () => {
  const shop = await withStaff();
  const permit = vi.spyOn(shop, "permit");
  await click("button", "Sin cajero");
  await scan("7801234567890");
  expect(permit).not.toHaveBeenCalled();
  expect(field("PIN")).toHaveValue("");
});

test("a turn that is over is said at the charge, and the sale goes on with another or with nobody", async () => {
  const shop = await withStaff();
  await click("button", "Sin cajero");
  await pin("Beto", "4321");
  shop.endTurns();
  await sell("Pan", "350");
  await press("F10");
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByText(/El turno del cajero en esta caja terminó/)).toBeVisible();
  await fireEvent.click(dialog.getByRole("button", { name: "Sin cajero" }));
  await settle();
  expect(shop.rows[0]?.total).toBe(350);
  expect(shop.rows[0]?.sold_by).toBeUndefined();
});

test("where it is asked for nothing is sold before somebody said their PIN", async () => {
  const shop = await withStaff();
  shop.askCashier = true;
  const [before] = shop.rows;
  await sell("Pan", "350");
  await press("F10");
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.queryByRole("button", { name: "Sin cajero" })).toBeNull();
  await click("button", "Cancelar");
  expect(shop.rows[0]?.id).toBe(before?.id);
  await press("F10");
  await pin("Ana", "2580");
  expect(shop.rows[0]?.sold_by).toBe("Ana");
  await click("button", "Cajero: Ana");
  await expectAccessible();
});
