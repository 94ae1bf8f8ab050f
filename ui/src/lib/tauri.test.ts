import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, test, vi } from "vitest";

import type { Problem } from "./port";
import { tauriPort } from "./tauri";

afterEach(clearMocks);

test("each question is one command with its arguments", async () => {
  const calls: unknown[] = [];
  mockIPC((command, args) => void calls.push([command, args]));
  const port = tauriPort();
  await port.snapshot();
  await port.documents({ state: "queued" });
  await port.issue({ Detalle: [] }, "k1");
  await port.resendPending();
  await port.sending(false);
  expect(calls).toEqual([
    ["snapshot", {}],
    ["documents", { query: { state: "queued" } }],
    ["issue", { sale: { Detalle: [] }, key: "k1" }],
    ["resend_pending", {}],
    ["sending", { running: false }],
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
