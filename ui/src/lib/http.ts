// The port of the panel in a browser: the local API at the same origin, with the bearer token of
// the link that opened it.

import { sold, till } from "./cashier.svelte";
import { inNames } from "./folios";
import { ANSWER_MS, asProblem, DIAGNOSIS_MS, isProblemView, LONG_ANSWER_MS, permitted, permittedAgain, Problem, SESSION_ENDED, SNAPSHOT_MS, unreachable, within, type Port } from "./port";
import { keepRoom } from "./rooms";
import { EventParser } from "./sse";
import { T } from "./text";
import type { PracticeView, PushView, Query } from "./types";

const KEPT = "timbre.token";
const BACK = "timbre.back";

interface Options {
  base?: string;
  /** Asked for with each question: a new link may bring a new one. */
  token?: () => string | null;
  fetch?: typeof fetch;
  /** The panel is another machine's: who it is, a cookie says that no script sees. */
  entered?: boolean;
  /** The panel of the shop that this one is the practice of. */
  back?: string | null;
  go?: (address: string) => void;
}

/** Takes the token out of `#token=…`, keeps it for this tab, and cleans the address bar. */
export function takeToken(place: Location = location, past: History = history, kept: Storage = sessionStorage): string | null {
  const fragment = new URLSearchParams(place.hash.replace(/^#/, ""));
  const token = fragment.get("token");
  if (!token) return kept.getItem(KEPT);
  kept.setItem(KEPT, token);
  fragment.delete("token");
  fragment.delete("back");
  const rest = fragment.toString();
  past.replaceState(past.state, "", place.pathname + place.search + (rest ? `#${rest}` : ""));
  return token;
}

/** Takes the way back out of `#back=…` as `takeToken` does; only to a panel of this machine. */
export function takeBack(place: Location = location, kept: Storage = sessionStorage): string | null {
  const back = new URLSearchParams(place.hash.replace(/^#/, "")).get("back");
  if (back && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(back)) {
    kept.setItem(BACK, back);
    // Who has come to practise begins by selling.
    keepRoom("sale");
  }
  return kept.getItem(BACK);
}

export function httpPort({ base = "", token = () => null, fetch: ask = (...args) => fetch(...args), entered = false, back = null, go = (address) => location.assign(address) }: Options = {}): Port {
  const bearer = (): Record<string, string> => {
    const known = token();
    return known ? { authorization: `Bearer ${known}` } : {};
  };

  interface Asked {
    body?: unknown;
    /** A body that is sent as it is. */
    raw?: BodyInit;
    headers?: Record<string, string>;
    ms?: number;
    /** How somebody in charge is asked. */
    permit?: typeof permitted;
  }

  /** The whole answer is read within the time there is. */
  function send<A>(method: string, path: string, read: (response: Response) => Promise<A>, { body, raw, headers = {}, ms = ANSWER_MS, permit: allow = permitted }: Asked = {}): Promise<A> {
    // No page of elsewhere can send these headers unasked: a change without them is refused.
    const all = { accept: "application/json", "timbre-client": "panel", ...bearer(), ...headers };
    const typed = { "content-type": "application/json", ...all };
    const sent = raw !== undefined ? { headers: typed, body: raw } : body === undefined ? { headers: all } : { headers: typed, body: JSON.stringify(body) };
    return allow((permit) =>
      within(ms, async (signal) => {
        let response: Response;
        try {
          response = await ask(`${base}/v1${path}`, { method, signal, ...sent, headers: { ...sent.headers, ...permit } });
        } catch {
          throw unreachable(T.problem.unreachable);
        }
        if (!response.ok) throw await problemOf(response);
        try {
          return await read(response);
        } catch {
          throw unreachable(T.problem.cutShort);
        }
      }),
    );
  }

  const json = <A>(method: string, path: string, asked?: Asked) => send(method, path, async (response) => inNames((await response.json()) as A), asked);

  const download = (path: string) => send("GET", path, async (response) => save(await response.blob(), nameOf(response)), { headers: { accept: "*/*" }, ms: LONG_ANSWER_MS });

  const looking = permittedAgain();
  const at = (id: string) => `/documents/${encodeURIComponent(id)}`;

  return {
    snapshot: () => json("GET", "/stats/snapshot", { ms: SNAPSHOT_MS }),
    documents: (query) => json("GET", `/documents${search(query)}`),
    document: (id) => json("GET", at(id)),
    xml: (id) => send("GET", `${at(id)}/xml`, async (response) => text(await response.arrayBuffer()), { headers: { accept: "application/xml" } }),
    picture: (id) => send("GET", `${at(id)}/picture`, (response) => response.text(), { headers: { accept: "image/svg+xml" } }),
    print: (id, ceded) => json("POST", `${at(id)}/print`, { body: { ceded }, ms: LONG_ANSWER_MS }),
    settlePaper: (id, printed) => json("POST", `${at(id)}/paper`, { body: { printed } }),
    printers: () => json("GET", "/printers"),
    foundPrinters: () => json("GET", "/printers/found", { ms: LONG_ANSWER_MS }),
    putPrinter: (printer) => json("PUT", `/printers/${encodeURIComponent(printer.name)}`, { body: printer, ms: LONG_ANSWER_MS }),
    removePrinter: (name) => json("DELETE", `/printers/${encodeURIComponent(name)}`),
    testPrinter: (printer) => json("POST", "/printer/test", { body: { printer }, ms: LONG_ANSWER_MS }),
    setLogo: (file) => (file ? json("PUT", "/logo", { raw: file as BlobPart as BodyInit, headers: { "content-type": "image/png" } }) : json("DELETE", "/logo")),
    issue: (body, key) => json("POST", "/documents", { body, headers: { "idempotency-key": key }, permit: sold }),
    vouchers: () => json("GET", "/vouchers/terms"),
    setVouchers: (order) => json("PUT", "/vouchers/terms", { body: order }),
    record: (body, key) => json("POST", "/vouchers", { body, headers: { "idempotency-key": key }, permit: sold }),
    vouched: (from, to, cursor) => json("GET", `/vouchers?${new URLSearchParams({ from, to, cursor: cursor ?? "" })}`),
    undoVouched: (body) => json("POST", "/vouchers/undo", { body }),
    exportVouched: (from, to) => download(`/vouchers/export?${new URLSearchParams({ from, to })}`),
    acts: (q, before) => json("GET", `/acts?${new URLSearchParams({ q, ...(before === null ? {} : { before: String(before) }) })}`, { permit: looking }),
    preview: (body) => json("POST", "/documents/preview", { body }),
    resend: (ids) => json("POST", "/resend", { body: { ids }, ms: LONG_ANSWER_MS }),
    resendFound: (matching) => json("POST", "/resend", { body: { matching }, ms: LONG_ANSWER_MS }),
    count: (query) => json("GET", `/documents/found${search(query)}`, { ms: LONG_ANSWER_MS }),
    company: () => json("GET", "/company"),
    setCompany: (order) => json("PUT", "/company", { body: order }),
    loadCertificate: (file, password, holder) =>
      json("POST", "/certificate", { body: { pfx: base64(file), password, holder }, ms: LONG_ANSWER_MS }),
    diagnose: () => json("POST", "/diagnosis", { ms: DIAGNOSIS_MS }),
    lock: () => json("GET", "/issuing/lock"),
    unlock: (order) => json("POST", "/issuing/unlock", { body: order, ms: LONG_ANSWER_MS }),
    acceptClock: (who) => json("POST", "/clock/accept", { body: { who } }),
    tokens: () => json("GET", "/tokens"),
    makeToken: (order) => json("POST", "/tokens", { body: order }),
    revokeToken: (name, who) => json("DELETE", `/tokens/${encodeURIComponent(name)}?${new URLSearchParams({ who })}`),
    webhooks: () => json("GET", "/webhooks"),
    putWebhook: (name, order) => json("PUT", `/webhooks/${encodeURIComponent(name)}`, { body: order }),
    removeWebhook: (name, who) => json("DELETE", `/webhooks/${encodeURIComponent(name)}?${new URLSearchParams({ who })}`),
    testWebhook: (name) => json("POST", `/webhooks/${encodeURIComponent(name)}/test`, { ms: LONG_ANSWER_MS }),
    redeliverWebhook: (name) => json("POST", `/webhooks/${encodeURIComponent(name)}/redeliver`),
    settings: () => json("GET", "/settings"),
    setSettings: (order) => json("PUT", "/settings", { body: order }),
    place: () => json("GET", "/place", { ms: LONG_ANSWER_MS }),
    beginCheck: () => json("POST", "/check"),
    check: () => json("GET", "/check"),
    staff: () => json("GET", "/staff"),
    putWorker: (worker) => json("PUT", `/staff/${encodeURIComponent(worker.name)}`, { body: worker }),
    removeWorker: (name) => json("DELETE", `/staff/${encodeURIComponent(name)}`),
    permit: async (name, pin, act) => (await json<{ permit: string }>("POST", "/staff/permit", { body: { name, pin, act } })).permit,
    today: () => json("GET", "/stats/today", { ms: LONG_ANSWER_MS }),
    exportFound: (query, form) => download(`/documents/export/${form}${search(query)}`),
    sale: (id) => send("GET", `${at(id)}/sale`, (response) => response.text()),
    issueText: (sale, key) => json("POST", "/documents", { raw: sale, headers: { "idempotency-key": key }, permit: sold }),
    // What it is, the agent sees.
    checkBatch: (file, anew) => json("POST", `/batch/check?anew=${anew}`, { raw: file, headers: { "content-type": "application/octet-stream" }, ms: LONG_ANSWER_MS }),
    exampleSheet: () => download("/batch/example"),
    reissue: (id, { sale, newNumber, who }) =>
      json("POST", `${at(id)}/reissue?${new URLSearchParams({ who, ...(newNumber ? { folio: "new" } : {}) })}`, { raw: sale ?? "", ms: LONG_ANSWER_MS }),
    noteVerdict: (id, order) => json("POST", `${at(id)}/verdict`, { body: order }),
    foundAccepted: (id, who) => json("POST", `${at(id)}/found-accepted`, { body: { who }, ms: LONG_ANSWER_MS }),
    numberAnnulled: (id, who) => json("POST", `${at(id)}/number-annulled`, { body: { who } }),
    loadFolios: (file, [part, parts], usedUpTo) =>
      json("POST", `/folios?${new URLSearchParams({ share: `${part}/${parts}`, used_up_to: usedUpTo === null ? "" : String(usedUpTo) })}`, {
        raw: file,
        headers: { "content-type": "application/xml" },
        ms: LONG_ANSWER_MS,
      }),
    stopRange: (order) => json("POST", "/folios/stop", { body: order }),
    resumeRange: (order) => json("POST", "/folios/resume", { body: order }),
    rangeAnnulled: (order) => json("POST", "/folios/annulled", { body: order }),
    skippedAnnulled: (order) => json("POST", "/folios/skipped-annulled", { body: order }),
    resendPending: () => json("POST", "/resend", { ms: LONG_ANSWER_MS }),
    sending: (running) => send("POST", "/sending", async () => {}, { body: { running } }),
    leave: entered ? leave : undefined,
    practice: entered ? undefined : { begin: practise, end: back === null ? undefined : async () => go(`${back}/`) },
    subscribe(onPush, onLost) {
      const end = new AbortController();
      listen(end.signal, onPush).then(
        () => end.signal.aborted || onLost(),
        () => end.signal.aborted || onLost(),
      );
      return () => end.abort();
    },
  };

  async function practise(): Promise<void> {
    const { panel } = await json<PracticeView>("POST", "/practice", { ms: LONG_ANSWER_MS });
    go(`${panel}&${new URLSearchParams({ back: location.origin })}`);
  }

  async function leave(): Promise<void> {
    const left = await within(ANSWER_MS, (signal) => ask(`${base}/salir`, { method: "POST", headers: { "timbre-client": "panel" }, signal })).catch(() => null);
    if (!left?.ok) throw unreachable(T.problem.unreachable);
    till.take(null);
    location.assign("/entrar");
  }

  /** `EventSource` can't carry the token, so the stream is read by hand. Ends when the stream does. */
  async function listen(signal: AbortSignal, onPush: (push: PushView) => void): Promise<void> {
    const response = await ask(`${base}/v1/events`, {
      headers: { accept: "text/event-stream", ...bearer() },
      cache: "no-store",
      signal,
    });
    if (!response.ok || !response.body) throw await problemOf(response);
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
        if (event.event === "push") onPush(inNames(JSON.parse(event.data) as PushView));
      }
    }
  }
}

/** A document is in the encoding that its first line names, and the SII's is not UTF-8. */
function text(bytes: ArrayBuffer): string {
  const head = new TextDecoder("latin1").decode(bytes.slice(0, 120));
  const encoding = /encoding=["']([\w-]+)["']/.exec(head)?.[1] ?? "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** The name that the agent gave to a file. */
function nameOf(response: Response): string {
  return /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "documentos";
}

/** Hands a file to the browser, which keeps it where it keeps downloads. */
function save(file: Blob, name: string): string {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken hold of it when the click was handled.
  setTimeout(() => URL.revokeObjectURL(link.href));
  return name;
}

function search(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}

/** What was refused, as the agent says it. A proxy's or a crash's page is no answer of the agent. */
function base64(file: Uint8Array): string {
  return btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(""));
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 401 && isProblemView(body) && body.code === SESSION_ENDED) {
    // Who enters next is not who stood here.
    till.take(null);
    return asProblem({ ...body, status: 401 });
  }
  if (response.status === 401) return refused(401, T.problem.noToken);
  if (isProblemView(body)) return asProblem({ ...body, status: body.status || response.status });
  if (response.status >= 500) return unreachable(T.problem.noAnswer(response.status));
  return refused(response.status, T.problem.refused(response.status));
}

function refused(status: number, detail: string): Problem {
  return new Problem({ status, code: `http-${status}`, title: detail, detail, errors: [] });
}
