import { describe, expect, test, vi } from "vitest";

import { httpPort, takeBack, takeToken } from "./http";
import type { Problem } from "./port";
import { lastRoom } from "./rooms";
import { EventParser } from "./sse";
import { T } from "./text";

function answer(status: number, body: unknown, type = "application/json") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return vi.fn<typeof fetch>().mockImplementation(async () => new Response(text, { status, headers: { "content-type": type } }));
}

async function thrownBy(fetch: typeof globalThis.fetch): Promise<Problem> {
  return httpPort({ fetch })
    .issue({}, "k1")
    .then(
      () => Promise.reject(new Error("nothing was thrown")),
      (problem: Problem) => problem,
    );
}

describe("the local API", () => {
  test("a sale goes with its key and the token", async () => {
    const fetch = answer(201, { document: { id: "T39F1" } });
    const issued = await httpPort({ token: () => "abc", fetch }).issue({ Detalle: [] }, "k1");
    expect(issued.document.id).toBe("T39F1");
    const [address, request] = fetch.mock.calls[0] ?? [];
    expect(address).toBe("/v1/documents");
    expect(request?.headers).toMatchObject({ authorization: "Bearer abc", "idempotency-key": "k1", "content-type": "application/json" });
    expect(request?.body).toBe('{"Detalle":[]}');
  });

  test("what an answer or a refusal says of a document calls it by its name", async () => {
    const seen = await httpPort({ fetch: answer(200, { row: { id: "T39F1" }, timeline: [{ title: "Anulado", text: "por T61F1" }] }) }).document("T39F1");
    expect(seen).toMatchObject({ row: { id: "T39F1" }, timeline: [{ text: "por Nota de crédito 1" }] });
    const refused = { status: 409, code: "already-annulled", title: "No", detail: "T39F1 ya lo anula T61F1.", errors: [] };
    expect(await thrownBy(answer(409, refused))).toMatchObject({ message: "Boleta 1 ya lo anula Nota de crédito 1." });
  });

  test("a refusal is said in the window's own words where its language has some for the code", async () => {
    const line = (code: string) => ({ code, path: "", message: `${code}, dicho por el agente.` });
    const refused = { status: 422, code: "folio-none", title: "No", detail: "No hay folios.", errors: [line("folio-none"), line("line-price")] };
    vi.spyOn(T, "refusals", "get").mockReturnValue({ "folio-none": "No folios are left." });
    const { message, view } = await thrownBy(answer(422, refused));
    expect([message, ...view.errors.map((one) => one.message)]).toEqual(["No folios are left.", "No folios are left.", "line-price, dicho por el agente."]);
  });

  test("a query keeps only what is asked", async () => {
    const fetch = answer(200, { rows: [], next: null });
    await httpPort({ fetch }).documents({ state: "queued", q: "pan y té", limit: 50 });
    expect(fetch.mock.calls[0]?.[0]).toBe("/v1/documents?state=queued&q=pan+y+t%C3%A9&limit=50");
  });

  test("the chosen documents go in one request, all that waits in one without names", async () => {
    const fetch = answer(200, { queued: 2, skipped: 0 });
    const port = httpPort({ fetch });
    expect(await port.resend(["T39F1", "T39F2"])).toEqual({ queued: 2, skipped: 0 });
    await port.resendPending();
    expect(fetch.mock.calls.map(([address, request]) => [address, request?.body])).toEqual([
      ["/v1/resend", '{"ids":["T39F1","T39F2"]}'],
      ["/v1/resend", undefined],
    ]);
  });

  test("a sale of a file goes as it is written, and a CAF with both answers", async () => {
    const fetch = answer(201, {});
    const port = httpPort({ fetch });
    await port.issueText('{"PrcItem":1.50}', "archivo-1");
    await port.loadFolios(new ArrayBuffer(3), [2, 3], 60);
    await port.loadFolios(new ArrayBuffer(3), [1, 1], null);
    await port.reissue("T33F1", { sale: null, newNumber: true, who: "Rosa Ñ" });
    await port.resendFound({ type: "33" });
    expect(fetch.mock.calls.map(([address, request]) => [address, typeof request?.body === "string" ? request.body : "bytes"])).toEqual([
      ["/v1/documents", '{"PrcItem":1.50}'],
      ["/v1/folios?share=2%2F3&used_up_to=60", "bytes"],
      ["/v1/folios?share=1%2F1&used_up_to=", "bytes"],
      ["/v1/documents/T33F1/reissue?who=Rosa+%C3%91&folio=new", ""],
      ["/v1/resend", '{"matching":{"type":"33"}}'],
    ]);
    expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ "idempotency-key": "archivo-1" });
  });

  test("a file is kept under the name that the agent gave it", async () => {
    const file = new Response("id;tipo", { headers: { "content-disposition": 'attachment; filename="documentos-2026.csv"' } });
    const fetch = vi.fn<typeof globalThis.fetch>().mockResolvedValue(file);
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    expect(await httpPort({ fetch }).exportFound({ type: "33" }, "csv")).toBe("documentos-2026.csv");
    expect(fetch.mock.calls[0]?.[0]).toBe("/v1/documents/export/csv?type=33");
    expect(click).toHaveBeenCalledOnce();
  });

  test("a document is read in the encoding its first line names", async () => {
    const bytes = Uint8Array.from('<?xml version="1.0" encoding="ISO-8859-1"?>\n<NmbItem>Ñandú</NmbItem>', (c) => c.charCodeAt(0));
    const fetch = vi.fn<typeof globalThis.fetch>().mockResolvedValue(new Response(bytes));
    expect(await httpPort({ fetch }).xml("T39F1")).toContain("Ñandú");
  });

  test("the sending is stopped without an answer to read", async () => {
    const fetch = vi.fn<typeof globalThis.fetch>().mockResolvedValue(new Response(null, { status: 204 }));
    await httpPort({ fetch }).sending(false);
    expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"running":false}');
  });

  test("a refusal is told in the agent's words", async () => {
    const view = { status: 422, code: "rut-digit", title: "RUT", detail: "El RUT no cuadra.", errors: [{ code: "rut-digit", path: "Receptor", message: "x" }] };
    const problem = await thrownBy(answer(422, view, "application/problem+json"));
    expect(problem.view).toEqual(view);
    expect(problem.message).toBe("El RUT no cuadra.");
    expect(problem.unreachable).toBe(false);
  });

  test.each([
    ["no line", vi.fn<typeof fetch>().mockRejectedValue(new TypeError("failed"))],
    ["a proxy's page", answer(502, "<html>Bad gateway</html>", "text/html")],
    ["an answer cut short", answer(201, '{"document":')],
  ])("%s leaves doubt", async (_, fetch) => expect((await thrownBy(fetch)).unreachable).toBe(true));

  test("an agent that does not answer leaves doubt after ten seconds", async () => {
    vi.useFakeTimers();
    let heard: AbortSignal | null | undefined;
    const fetch = vi.fn<typeof globalThis.fetch>((_, request) => {
      heard = request?.signal;
      return new Promise(() => {});
    });
    const thrown = thrownBy(fetch);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(heard?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await thrown).toMatchObject({ unreachable: true, message: "Timbre no respondió a tiempo." });
    expect(heard?.aborted).toBe(true);
  });

  test("a new link's token is used from then on", async () => {
    let token = "old";
    const fetch = answer(200, {});
    const port = httpPort({ token: () => token, fetch });
    token = "new";
    await port.snapshot();
    expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ authorization: "Bearer new" });
  });

  test("without permission it says how to get in", async () => {
    const problem = await thrownBy(answer(401, { status: 401, code: "token-invalid", title: "", detail: "Va en la cabecera", errors: [] }));
    expect(problem.view.code).toBe("http-401");
    expect(problem.message).toContain("Ábralo desde el enlace");
  });

  test("where a session ended it is said as such, and who entered can leave", async () => {
    const problem = await thrownBy(answer(401, { status: 401, code: "session-ended", title: "", detail: "La sesión terminó.", errors: [] }));
    expect(problem.view).toMatchObject({ code: "session-ended", status: 401 });
    expect(httpPort({ fetch: answer(200, {}) }).leave).toBeUndefined();
    const fetch = answer(500, "");
    await expect(httpPort({ fetch, entered: true }).leave?.()).rejects.toMatchObject({ unreachable: true });
    expect(fetch.mock.calls[0]?.[0]).toBe("/salir");
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ method: "POST", headers: { "timbre-client": "panel" } });
  });

  test("pushes are read from the stream, and its end is told once", async () => {
    const push = { snapshot: { version: 3 }, rows: [] };
    const fetch = answer(200, `: hola\n\nevent: push\ndata: ${JSON.stringify(push)}\n\nevent: other\ndata: {}\n\n`, "text/event-stream");
    const onPush = vi.fn();
    await new Promise<void>((lost) => httpPort({ token: () => "abc", fetch }).subscribe(onPush, lost));
    expect(onPush).toHaveBeenCalledExactlyOnceWith(push);
    expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ authorization: "Bearer abc" });
  });
});

describe("server-sent events", () => {
  test("come whole, however they are cut", () => {
    const text = "event: push\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n:beat\n\ndata:x\n\n";
    for (let cut = 1; cut < text.length; cut++) {
      const parser = new EventParser();
      const events = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
      expect(events, `cut at ${cut}`).toEqual([
        { event: "push", data: '{"a":\n1}' },
        { event: "message", data: "x" },
      ]);
    }
  });

  test("an unfinished one waits", () => {
    const parser = new EventParser();
    expect(parser.feed("data: 1\n")).toEqual([]);
    expect(parser.feed("\n")).toEqual([{ event: "message", data: "1" }]);
  });
});

test("the token leaves the address bar and stays for the tab", () => {
  const place = { hash: "#token=s3cret", pathname: "/panel", search: "?a=1" } as Location;
  const replaceState = vi.fn();
  expect(takeToken(place, { state: null, replaceState } as unknown as History)).toBe("s3cret");
  expect(replaceState).toHaveBeenCalledWith(null, "", "/panel?a=1");
  expect(takeToken({ ...place, hash: "" } as Location, history)).toBe("s3cret");
});

describe("practising", () => {
  const kept = () => {
    const held = new Map<string, string>();
    return { getItem: (name: string) => held.get(name) ?? null, setItem: (name: string, value: string) => void held.set(name, value) } as Storage;
  };

  test("the practice shop is opened, with the way back, and the way back is gone", async () => {
    const went: string[] = [];
    const fetch = answer(200, { panel: "http://127.0.0.1:5001/#token=abc" });
    const go = (address: string) => void went.push(address);
    const shop = httpPort({ fetch, go });
    expect(shop.practice?.end).toBeUndefined();
    await shop.practice?.begin();
    expect(fetch.mock.calls[0]?.[0]).toBe("/v1/practice");
    expect(went).toEqual([`http://127.0.0.1:5001/#token=abc&back=${encodeURIComponent(location.origin)}`]);
    await httpPort({ go, back: "http://127.0.0.1:4578" }).practice?.end?.();
    expect(went[1]).toBe("http://127.0.0.1:4578/");
    expect(httpPort({ entered: true }).practice).toBeUndefined();
  });

  test("the way back is kept for the tab, and leads to this machine alone", () => {
    const tab = kept();
    const at = (hash: string) => takeBack({ hash } as Location, tab);
    for (const elsewhere of ["https://timbre.example", "javascript:alert(1)", "http://127.0.0.1.example", "http://127.0.0.1:1@example"]) {
      expect(at(`#token=a&back=${encodeURIComponent(elsewhere)}`)).toBeNull();
    }
    expect(at("#token=a&back=http%3A%2F%2F127.0.0.1%3A4578")).toBe("http://127.0.0.1:4578");
    expect(lastRoom()).toBe("sale");
    expect(at("")).toBe("http://127.0.0.1:4578");
  });
});
