// Where the keyboard goes on after a step of the set-up was refused, or saved.

import { fireEvent, screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { Problem } from "../../lib/port";
import { click, open, settle, write } from "../testing";

const refused = (code: string) => new Problem({ status: 422, code, title: "", detail: "No sirve.", errors: [] });
const step = (name: string) => screen.getByRole("button", { name: new RegExp(name) });

async function load(password: string) {
  screen.getByLabelText("Clave del certificado").focus();
  await write(password);
  // In a browser the focus is lost as the form waits for its answer.
  (document.activeElement as HTMLElement).blur();
  await fireEvent.submit(screen.getByLabelText("Clave del certificado").closest("form")!);
  await settle();
}

test("a certificate that is refused leaves the focus where it is put right", async () => {
  const shop = await open("settings", { environment: "certification" });
  await load("otra");
  expect(screen.getByLabelText("Elija el certificado o suéltelo aquí")).toHaveFocus();
  const file = new File([new Uint8Array([1, 2, 3])], "rosa.pfx");
  await fireEvent.change(screen.getByLabelText("Elija el certificado o suéltelo aquí"), { target: { files: [file] } });
  await load("otra");
  expect(screen.getByLabelText("Clave del certificado")).toHaveFocus();
  await load("clave");
  expect(screen.getByLabelText("RUT del titular (el archivo no lo dice)")).toHaveFocus();
  vi.spyOn(shop, "loadCertificate").mockRejectedValueOnce(refused("certificate-not-pfx"));
  await load("clave");
  expect(screen.getByLabelText("rosa.pfx")).toHaveFocus();
});

test("what is said of a certificate that was loaded has the focus, or else its step", async () => {
  const shop = await open("settings", { environment: "certification" });
  const held = { holder: "12345678-5", subject: "CN=Rosa", not_before: "2026-01-01T00:00:00Z", not_after: "2028-01-01T12:00:00Z", warning: null as string | null };
  const file = new File([new Uint8Array([1, 2, 3])], "rosa.pfx");
  vi.spyOn(shop, "loadCertificate").mockResolvedValueOnce({ ...held, warning: "Vence pronto." });
  await fireEvent.change(screen.getByLabelText("Elija el certificado o suéltelo aquí"), { target: { files: [file] } });
  await load("clave");
  expect(screen.getByText("Vence pronto.")).toHaveFocus();
});

test("a company that is saved hands the focus on, to the step that opens next when it opens", async () => {
  const shop = await open("settings", { scenario: "bare", environment: "certification" });
  for (const [label, text] of [["RUT de la empresa", "76.192.083-9"], ["Razón social", "Almacén SpA"]] as const) {
    screen.getByLabelText(label).focus();
    await write(text);
  }
  (document.activeElement as HTMLElement).blur();
  await click("button", "Revisar y guardar");
  expect(step("Empresa y ambiente")).toHaveFocus();
  const whole = await shop.snapshot();
  const snapshot = { ...whole, version: whole.version + 1, company: { id: "76192083-9", name: "Almacén SpA" } };
  vi.spyOn(shop, "snapshot").mockResolvedValue(snapshot);
  await settle(10_000);
  expect(step("Certificado digital")).toHaveAttribute("aria-expanded", "true");
  expect(step("Certificado digital")).toHaveFocus();
});

test("a company that is refused for no field of its own has the focus on what is said", async () => {
  const shop = await open("settings", { environment: "certification" });
  await click("button", /Empresa y ambiente/);
  for (const [label, text] of [["RUT de la empresa", "76.192.083-9"], ["Razón social", "Almacén SpA"]] as const) {
    screen.getByLabelText(label).focus();
    await write(text);
  }
  (document.activeElement as HTMLElement).blur();
  vi.spyOn(shop, "setCompany").mockRejectedValueOnce(refused("company-set"));
  await click("button", "Revisar y guardar");
  expect(screen.getByText("No sirve.")).toHaveFocus();
});

test("a question whose answer waits for what is written begins at its first field", async () => {
  await open("settings");
  await click("button", "Poner el primer PIN");
  expect(screen.getByLabelText("Nombre")).toHaveFocus();
});
