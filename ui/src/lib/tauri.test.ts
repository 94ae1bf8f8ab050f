import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, test, vi } from "vitest";

import type { Problem } from "./port";
import { starting, tauriPort } from "./tauri";

afterEach(clearMocks);

test("what an answer says of a document calls it by its name", async () => {
  mockIPC(() => ({ row: { id: "T39F1", error: "Espera a T33F2" } }));
  expect(await tauriPort().document("T39F1")).toEqual({ row: { id: "T39F1", error: "Espera a Factura 2" } });
});

test("each question is one command with its arguments", async () => {
  const calls: unknown[] = [];
  mockIPC((command, args) => void calls.push([command, args]));
  const port = tauriPort();
  await port.snapshot();
  await port.documents({ state: "queued" });
  await port.issue({ Detalle: [] }, "k1");
  await port.resendPending();
  await port.sending(false);
  await port.resendFound({ type: "33" });
  await port.exportFound({ q: "pan" }, "csv");
  await port.issueText('{"a":1.50}', "k2");
  await port.checkBatch(new TextEncoder().encode("{}ñ").buffer, false);
  await port.reissue("T33F1", { sale: null, newNumber: true, who: "Rosa" });
  await port.loadFolios(new Uint8Array([60, 0xd1, 62]).buffer, [1, 2], null);
  await port.noteVerdict("T33F2", { said: "rejected", why: "Firma", who: "Rosa" });
  await port.rangeAnnulled({ type: "33", folio: 1, who: "Rosa" });
  expect(calls).toEqual([
    ["snapshot", {}],
    ["documents", { query: { state: "queued" } }],
    ["issue", { sale: { Detalle: [] }, key: "k1" }],
    ["resend_pending", {}],
    ["sending", { running: false }],
    ["resend_found", { query: { type: "33" } }],
    ["export", { query: { q: "pan" }, form: "csv" }],
    ["issue_text", { sale: '{"a":1.50}', key: "k2" }],
    ["check_batch", { file: "{}Ã±", anew: false }],
    ["reissue", { id: "T33F1", sale: null, newNumber: true, who: "Rosa" }],
    ["load_folios", { file: "<Ñ>", share: [1, 2], usedUpTo: null }],
    ["note_verdict", { id: "T33F2", order: { said: "rejected", why: "Firma", who: "Rosa" } }],
    ["range_annulled", { order: { type: "33", folio: 1, who: "Rosa" } }],
  ]);
});

test("a refusal keeps its code and its sentence", async () => {
  mockIPC(() => Promise.reject({ status: 409, code: "key-used", title: "Clave", detail: "La clave ya se usó.", errors: [] }));
  const problem = await tauriPort()
    .issue({}, "k1")
    .catch((thrown: Problem) => thrown);
  expect(problem).toMatchObject({ message: "La clave ya se usó.", view: { code: "key-used", status: 409 } });
});

test("a shell that does not answer leaves doubt", async () => {
  vi.useFakeTimers();
  mockIPC(() => new Promise(() => {}));
  const thrown = tauriPort()
    .issue({}, "k1")
    .catch((problem: Problem) => problem);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await thrown).toMatchObject({ unreachable: true });
});

test("what the shell pushes arrives, until it is no longer wanted", async () => {
  mockIPC(() => undefined, { shouldMockEvents: true });
  const { emit } = await import("@tauri-apps/api/event");
  const onPush = vi.fn();
  const stop = tauriPort().subscribe(onPush, () => {});
  await vi.waitFor(async () => {
    await emit("push", { snapshot: { version: 1 }, rows: [] });
    expect(onPush).toHaveBeenCalled();
  });
  const heard = onPush.mock.calls.length;
  stop();
  await emit("push", {});
  expect(onPush).toHaveBeenCalledTimes(heard);
});

test("the small window hears how far a start is", async () => {
  mockIPC(() => undefined, { shouldMockEvents: true });
  const { emit } = await import("@tauri-apps/api/event");
  const heard = vi.fn();
  const stop = starting(heard);
  await vi.waitFor(async () => {
    await emit("starting", 37);
    expect(heard).toHaveBeenCalledWith(37);
  });
  stop();
});
