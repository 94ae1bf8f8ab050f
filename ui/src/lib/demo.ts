// A whole agent in memory: it issues, sends and answers like the real one, as fast as it is told to.

import { demoRange, drawing, foreseen, inForce, madeAgain, notes, step, timeline } from "./demo-answers";
import { DemoAccess } from "./demo-access";
import { newRow, random, seededRows, type Scenario } from "./demo-shop";
import { dayOf, foundOf, hourOf } from "./demo-sums";
import { taken } from "./discount";
import { amount } from "./entry";
import { day } from "./format";
import { Problem, type Again, type Port } from "./port";
import { canResend, counterOf, inLens, lacksPaper, type Lens } from "./states";
import type { BatchView, Counters, DetailView, FoliosView, FoundPrinterView, FoundView, IssuedView, LoadedRangeView, NotedOrder, PageView, PaperView, PreviewView, PrintersView, PrinterView, PushView, Query, RangeOrder, RangeView, ReissuedView, RangeDecision, RowView, Sentence, Snapshot, StoppedView, TodayView } from "./types";
import type { SaleBody } from "./sale-json";

interface Options {
  documents?: number;
  scenario?: Scenario;
  environment?: string;
  now?: () => number;
}

export class DemoShop extends DemoAccess implements Port {
  rows: RowView[];
  running: boolean;
  /** Keys and the documents they made. */
  readonly issued = new Map<string, IssuedView>();
  standing: string | null = null;
  /** Why nothing can be issued. */
  stopped: StoppedView | null = null;
  /** A disk that has little room left. */
  room: Snapshot["room"];
  /** What is pushed to. */
  private readonly listeners = new Set<{ onPush: (push: PushView) => void; onLost: () => void }>();
  private version = 1;
  private readonly run = new Date().toISOString();
  private readonly next = random(11);
  private readonly now: () => number;
  private readonly scenario: Scenario;
  private readonly environment: string;
  folios = { 39: 51_790, 33: 796 };
  /** Ranges of credit notes. */
  loaded: RangeView[] = [demoRange(1, 100, 1, 1, null)];
  private readonly bodies = new Map<string, SaleBody>();

  constructor({ documents = 40, scenario = "busy", environment = "training", now = Date.now }: Options = {}) {
    super();
    this.now = now;
    this.scenario = scenario;
    this.environment = environment;
    this.running = scenario !== "stopped";
    this.rows = scenario === "empty" || scenario === "bare" ? [] : seededRows(documents, now(), scenario);
  }

  /** Lets it live by itself: something happens every now and then. */
  live(every = 1500): () => void {
    const timer = setInterval(() => this.tick(), every);
    return () => clearInterval(timer);
  }

  /** One step of the sender's work, and now and then a sale at another till. */
  tick(): void {
    const changed: RowView[] = [];
    if (this.running && this.scenario !== "offline") {
      const at = this.now();
      this.rows = this.rows.map((row, i) => {
        if (changed.length > 2 || i > 200 || this.next() < 0.35) return row;
        const moved = step(row, at, i);
        if (moved !== row) changed.push(moved);
        return moved;
      });
    }
    if (this.scenario === "busy" && this.next() < 0.4) {
      const row = newRow(39, this.take(39), Math.round(this.next() * 2400) * 10 + 990, this.now());
      this.rows = [row, ...this.rows];
      changed.unshift(row);
    }
    this.push(changed);
  }

  /** Tells everyone; `all` when more changed than the rows say. */
  push(changed: RowView[], all = false): void {
    const revision = ++this.version;
    const rows = changed.map((row) => ({ ...row, revision }));
    const now = new Map(rows.map((row) => [row.id, row]));
    if (now.size) this.rows = this.rows.map((row) => now.get(row.id) ?? row);
    const push = { snapshot: this.shot(), rows, all };
    for (const { onPush } of this.listeners) onPush(structuredClone(push));
  }

  protected moment(): number {
    return this.now();
  }

  protected told(): void {
    this.push([]);
  }

  /** Breaks the stream, as a network does. */
  lose(): void {
    for (const { onLost } of [...this.listeners]) onLost();
    this.listeners.clear();
  }

  async snapshot(): Promise<Snapshot> {
    this.reach();
    return this.shot();
  }

  async documents(query: Query): Promise<PageView> {
    this.reach();
    const found = this.matching(query);
    const from = query.cursor ? found.findIndex((row) => row.id === query.cursor) + 1 : 0;
    const rows = found.slice(from, from + (query.limit ?? 50));
    const end = from + rows.length >= found.length;
    return { rows: structuredClone(rows), next: end ? null : (rows.at(-1)?.id ?? null) };
  }

  async count(query: Query): Promise<FoundView> {
    this.reach();
    return foundOf(this.matching(query));
  }

  async today(): Promise<TodayView> {
    this.reach();
    const date = day(this.now());
    const sums = dayOf(this.rows.filter((row) => row.date === date));
    const next = random(3);
    const answers = Array.from({ length: this.rows.length ? 90 : 0 }, (_, i) => {
      const took_ms = Math.round(180 + next() ** 4 * 6_000);
      return { at: new Date(this.now() - (90 - i) * 20_000).toISOString(), ok: took_ms < 5_000, took_ms };
    });
    return { date, hour: hourOf(this.now()), ...sums, vouchers: this.vouchedOn(date), answers };
  }

  async exportFound(_: Query, form: "csv" | "xml"): Promise<string> {
    await this.allowed("export");
    return `documentos.${form}`;
  }

  async sale(id: string): Promise<string> {
    this.reach();
    return JSON.stringify(this.bodies.get(id) ?? { Encabezado: { IdDoc: { TipoDTE: Number(this.find(id).series) } } });
  }

  async reissue(id: string, { newNumber }: Again): Promise<ReissuedView> {
    await this.allowed("reissue");
    const row = this.find(id);
    const { document, replaced } = madeAgain(row, newNumber ? this.take(row.series === "33" ? 33 : 39) : null, this.now());
    this.rows = this.rows.flatMap((one) => (one.id === id ? (replaced ? [document, replaced] : [document]) : [one]));
    this.push(replaced ? [document, replaced] : [document]);
    const why = newNumber ? "así se pidió; se usa un folio nuevo" : "el SII no tiene este documento; se conserva su folio";
    const number = newNumber ? "new" : "same";
    return { document, number, why, replaced, task: replaced?.attention ?? null, warnings: [], environment: this.environment };
  }

  async noteVerdict(id: string, { said, why, who }: NotedOrder): Promise<RowView> {
    const by = await this.allowed("note_verdict", who);
    return this.settle(id, { state: { accepted: "ACEPTADO", objected: "REPARO", rejected: "RECHAZADO" }[said], error: `Según el sitio del SII, lo anotó ${by}${why && `: ${why}`}` });
  }

  foundAccepted = (id: string): Promise<RowView> => this.allowed("found_accepted").then(() => this.settle(id, { state: "ACEPTADO", remarks: [] }));

  numberAnnulled = (id: string): Promise<RowView> => this.allowed("number_annulled").then(() => this.settle(id, {}));

  private settle(id: string, change: Partial<RowView>): RowView {
    this.reach();
    const row = { ...this.find(id), ...change, attention: null };
    this.rows = this.rows.map((one) => (one.id === id ? row : one));
    this.push([row]);
    return row;
  }

  async loadFolios(_: ArrayBuffer, [part, parts]: [number, number], usedUpTo: number | null): Promise<LoadedRangeView> {
    await this.allowed("load_folios");
    const loaded = demoRange(101, 200, part, parts, usedUpTo);
    this.loaded = [...this.loaded, loaded];
    this.push([]);
    return { ...loaded, warnings: [] };
  }

  stopRange = (order: RangeDecision) => this.range("stop_range", order, (by) => ({ stopped: `${order.why}. Lo detuvo ${by}` }));
  resumeRange = (order: RangeDecision) => this.range("resume_range", order, () => ({ stopped: null }));
  rangeAnnulled = (order: RangeOrder) => this.range("range_annulled", order, () => ({ annulled: true, stopped: "sus folios sin usar se anularon" }));
  skippedAnnulled = (order: RangeOrder) =>
    this.range("skipped_annulled", order, (_, { skipped }) => ({ skipped: skipped?.filter(({ first, last }) => order.folio < first || last < order.folio) ?? [] }));

  private async range(act: string, { folio, who }: RangeOrder, change: (by: string, held: RangeView) => Partial<RangeView>): Promise<RangeView> {
    const by = await this.allowed(act, who);
    const held = this.loaded.find(({ first, last }) => first <= folio && folio <= last)!;
    const range = { ...held, ...change(by, held) };
    this.loaded = this.loaded.map((one) => (one === held ? range : one));
    this.push([]);
    return range;
  }

  async issueText(sale: string, key: string): Promise<IssuedView> {
    return this.issue(JSON.parse(sale) as object, key);
  }

  async checkBatch(file: ArrayBuffer): Promise<BatchView> {
    this.reach();
    const lines = new TextDecoder().decode(file).split("\n").filter((line) => line.trim());
    return { sales: lines.map((line, i) => this.looked(line, i + 1)), short: [] };
  }

  async exampleSheet(): Promise<string> {
    return "planilla-de-ejemplo.csv";
  }

  private looked(sale: string, line: number): BatchView["sales"][number] {
    let body: Partial<SaleBody>;
    try {
      body = JSON.parse(sale) as Partial<SaleBody>;
    } catch {
      const why = { code: "json-malformed", path: `línea ${line}`, message: "El texto no es un JSON válido. Revise comas, comillas y llaves." };
      return { line, key: "", sale: "", kind: "", totals: null, refusals: [why], warnings: [], issued: null };
    }
    const key = `archivo-${sale}`;
    const issued = this.issued.get(key)?.document ?? null;
    const bare = { line, key, sale, kind: "Factura", warnings: [], issued };
    if (body.Detalle?.length) return { ...bare, totals: { MntTotal: this.sum(body as SaleBody) }, refusals: [] };
    return { ...bare, totals: null, refusals: [{ code: "detail-missing", path: "Detalle", message: "Falta al menos un producto." }] };
  }

  private matching(query: Query): RowView[] {
    const words = (query.q ?? "").toLowerCase();
    return this.rows.filter((row) => {
      if (query.state === "to_annul" && !(row.state === "REEMPLAZADO" && row.attention)) return false;
      if (query.state && query.state !== "to_annul" && !inLens(row, query.state as Lens) && row.state !== query.state) return false;
      if (query.type && row.series !== query.type) return false;
      if ((query.from && row.date < query.from) || (query.to && row.date > query.to)) return false;
      return !words || [row.id, `${row.kind} ${row.folio}`, String(row.folio), row.receiver, row.receiver_id, row.sold_by ?? "", String(row.total)].some((f) => f.toLowerCase().includes(words));
    });
  }

  async document(id: string): Promise<DetailView> {
    this.reach();
    const row = this.find(id);
    const neto = Math.round(row.total / 1.19);
    const lines = this.bodies.get(id)?.Detalle.map((d) => {
      const quantity = String(d.QtyItem);
      return { name: String(d.NmbItem), quantity, price: String(d.PrcItem), amount: amount(quantity, Number(d.PrcItem)) };
    });
    return {
      row: structuredClone(row),
      timeline: timeline(row),
      totals: { MntNeto: neto, IVA: row.total - neto, MntTotal: row.total },
      lines: lines ?? [{ name: "Venta del día", quantity: "1", price: String(row.total), amount: row.total }],
      sha256: "4f1c9d27e0b85a3376f2a91be4d06c58123e7f9a0b4cd5e6817293a4b5c6d7e8",
      versions: [],
      cedes: row.series === "33",
      replaces: null,
    };
  }

  async xml(id: string): Promise<string> {
    const row = this.find(id);
    return `<?xml version="1.0" encoding="ISO-8859-1"?>
<DTE version="1.0"><Documento ID="${row.id}"><Encabezado><IdDoc><TipoDTE>${row.series}</TipoDTE><Folio>${row.folio}</Folio><FchEmis>${row.date}</FchEmis></IdDoc>
<Emisor><RUTEmisor>76192083-9</RUTEmisor></Emisor><Totales><MntTotal>${row.total}</MntTotal></Totales></Encabezado></Documento></DTE>`;
  }

  async picture(id: string): Promise<string> {
    this.reach();
    return drawing(this.find(id));
  }

  /** What the printer does next, so that a test can make it fail. */
  printer: Pick<PaperView, "state" | "word" | "why"> = { state: "done", word: "Impreso", why: "" };

  async print(id: string, ceded = false): Promise<PaperView> {
    this.reach();
    inForce(this.find(id));
    if (ceded) return this.printed(id, { copy: "cedible", ...this.printer });
    const before = this.find(id).paper;
    const out = before && (before.copy !== "original" || !["failed", "waived"].includes(before.state));
    return this.printed(id, { copy: out ? "copia" : "original", ...this.printer });
  }

  async settlePaper(id: string, printed: boolean): Promise<PaperView> {
    this.reach();
    const copy = this.find(id).paper?.copy ?? "original";
    const said = printed ? { state: "seen", word: "Impreso, según quien lo vio" } : { state: "waived", word: "Sin imprimir, ya no hace falta" };
    return this.printed(id, { copy, ...said, why: "" });
  }

  private printed(id: string, paper: PaperView): PaperView {
    this.push([{ ...this.find(id), paper }]);
    return paper;
  }

  set: PrintersView = { printers: [], on_issue: true, logo: false, logo_trouble: null };
  /** What the imaginary machine has. */
  found: FoundPrinterView[] = [
    { device: "cola:Ticketera", name: "Ticketera" },
    { device: "serie:/dev/ttyUSB0", name: "USB-Serial" },
  ];

  async printers(): Promise<PrintersView> {
    this.reach();
    return structuredClone(this.set);
  }

  async foundPrinters(): Promise<FoundPrinterView[]> {
    this.reach();
    return structuredClone(this.found);
  }

  async putPrinter(printer: PrinterView): Promise<PrintersView> {
    await this.allowed("put_printer");
    const others = this.set.printers.filter((one) => one.name !== printer.name);
    this.set = { ...this.set, printers: [...others, structuredClone(printer)] };
    return this.printers();
  }

  async removePrinter(name: string): Promise<PrintersView> {
    await this.allowed("remove_printer");
    this.set = { ...this.set, printers: this.set.printers.filter((one) => one.name !== name) };
    return this.printers();
  }

  async testPrinter(): Promise<PaperView> {
    this.reach();
    return { copy: "original", ...this.printer };
  }

  async setLogo(file: Uint8Array | null): Promise<PrintersView> {
    await this.allowed("set_logo");
    this.set = { ...this.set, logo: file !== null };
    return this.printers();
  }

  async issue(sale: object, key: string): Promise<IssuedView> {
    this.reach();
    const known = this.issued.get(key);
    if (known) return { ...structuredClone(known), repeated: true };
    const body = sale as SaleBody;
    if (body.Referencia) await this.allowed("correct");
    const kind = body.Encabezado.IdDoc.TipoDTE === 33 ? 33 : 39;
    const whole = this.sum(body);
    const card = this.byCard(sale, whole);
    const total = whole - (card?.total ?? 0);
    const receptor = body.Encabezado.Receptor;
    const who: [string, string] | undefined = receptor && [receptor.RUTRecep ?? "", receptor.RznSocRecep ?? ""];
    const row = body.Referencia ? this.note(total) : { ...(await this.soldBy()), ...newRow(kind, this.take(kind), total, this.now(), who) };
    this.bodies.set(row.id, structuredClone(body));
    this.rows = [row, ...this.rows];
    const voucher = card && { ...card, key, at: row.issued, date: row.date, kind: row.kind, rest: row.id, repeated: false };
    if (voucher) this.records = [voucher, ...this.records];
    const view = { document: row, key, totals: { MntTotal: total }, warnings: [], repeated: false, voucher, environment: this.environment };
    this.issued.set(key, view);
    this.push([row]);
    return structuredClone(view);
  }

  async preview(sale: object): Promise<PreviewView> {
    this.reach();
    return { totals: { MntTotal: this.sum(sale as SaleBody) }, warnings: [], xml: "<DTE/>" };
  }

  async resend(ids: string[]) {
    this.reach();
    return this.queue(this.rows.filter((row) => ids.includes(row.id)));
  }

  async resendFound(query: Query) {
    await this.allowed("resend_found");
    return this.queue(this.matching(query).filter((row) => canResend(row)));
  }

  async resendPending() {
    await this.allowed("resend_pending");
    return this.queue(this.rows.filter((row) => canResend(row)));
  }

  async sending(running: boolean): Promise<void> {
    await this.allowed("sending");
    this.running = running;
    this.push([]);
  }

  subscribe(onPush: (push: PushView) => void, onLost: () => void): () => void {
    const listener = { onPush, onLost };
    this.listeners.add(listener);
    if (!this.down) onPush({ snapshot: this.shot(), rows: [], all: true });
    return () => this.listeners.delete(listener);
  }

  private queue(chosen: RowView[]) {
    const queued = chosen.filter((row) => canResend(row));
    this.running = true;
    const ids = new Set(queued.map((row) => row.id));
    const since = new Date(this.now()).toISOString();
    this.rows = this.rows.map((row) => (ids.has(row.id) && row.state === "PENDIENTE" ? { ...row, state: "GENERADO", next_try: null, since } : row));
    this.push(this.rows.filter((row) => ids.has(row.id)));
    return { queued: queued.length, skipped: chosen.length - queued.length, unreadable: 0, asked: 0, documents: queued.map((row) => row.id).slice(0, 500) };
  }

  private note(total: number): RowView {
    const [range, ...rest] = this.loaded;
    const folio = range?.next ?? 1;
    if (range) this.loaded = [{ ...range, next: folio + 1, left: range.left - 1 }, ...rest];
    return { ...newRow(33, folio, total, this.now()), id: `T61F${folio}`, series: "61", kind: "Nota de crédito" };
  }

  protected sum(body: SaleBody): number {
    // A note that says no more than what it annuls.
    const { TpoDocRef, FolioRef } = body.Referencia ?? {};
    if (TpoDocRef) return this.find(`T${TpoDocRef}F${FolioRef}`).total;
    const lines = body.Detalle.reduce((sum, line) => {
      const worth = amount(String(line.QtyItem), Number(line.PrcItem));
      const { DescuentoPct: part, DescuentoMonto: pesos } = line;
      return sum + worth - taken(part ? { unit: "%", value: String(part) } : pesos ? { unit: "$", value: String(pesos) } : null, worth);
    }, 0);
    const off = body.DscRcgGlobal;
    return lines - taken(off ? { unit: off.TpoValor, value: String(off.ValorDR) } : null, lines);
  }

  private take(kind: 39 | 33): number {
    this.folios[kind]--;
    return (kind === 39 ? 100_001 : 2_001) - this.folios[kind];
  }

  private find(id: string): RowView {
    const row = this.rows.find((one) => one.id === id);
    if (row) return row;
    const detail = `No hay un documento ${id}.`;
    throw new Problem({ status: 404, code: "document-unknown", title: "No encontrado", detail, errors: [] });
  }

  private shot(): Snapshot {
    const counters: Counters = { queued: 0, sending: 0, at_authority: 0, accepted: 0, problem: 0 };
    for (const row of this.rows) {
      const counter = counterOf(row);
      if (counter) counters[counter]++;
    }
    const now = this.now();
    const bare = this.scenario === "bare";
    const due = this.rows.filter((row) => row.deadline && counterOf(row) === "queued").at(-1);
    const active = this.running && this.scenario !== "offline" ? Math.min(5, counters.sending) : 0;
    return {
      environment: this.environment,
      company: bare ? null : { id: "76.192.083-9", name: "Almacén Don Lucho SpA" },
      sentence: this.sentence(counters),
      counters,
      to_annul: this.rows.filter((row) => row.state === "REEMPLAZADO" && row.attention).length,
      unprinted: this.rows.filter(lacksPaper).length,
      total: this.rows.length,
      issued_today: Math.min(this.rows.length, 128),
      workers: { active, allowed: 5, running: this.running },
      folios: bare ? [] : [this.left("39", "Boleta", 39), this.left("33", "Factura", 33), notes(this.loaded)],
      deadline: due?.deadline ? { document: due.id, at: due.deadline } : null,
      resendable: this.rows.filter(canResend).length,
      down: this.lines(),
      last_answer: this.rows.length
        ? { at: new Date(now - 4000).toISOString(), what: "estado", ok: this.scenario !== "offline", took_ms: 320, text: "Recibido" }
        : null,
      certificate: null,
      missing: bare ? ["los datos de la empresa", "el certificado digital", "un archivo de folios (CAF)"] : [],
      ...(this.stopped ?? bare ? { stopped: this.stopped ?? { code: "setup", text: "los datos de la empresa, el certificado digital, un archivo de folios (CAF)" } } : {}),
      ...(this.room ? { room: this.room } : {}),
      vouchers: this.stands(),
      two_sales: this.twoSales(),
      standing: this.standing,
      address: "http://127.0.0.1:4578",
      as_of: new Date(now).toISOString(),
      run: this.run,
      version: this.version,
    };
  }

  private lines(): Snapshot["down"] {
    if (this.scenario !== "offline") return [];
    const next_try = new Date(this.now() + 20_000).toISOString();
    return ["boleta", "dte"].map((channel) => ({ channel, why: "sin internet", next_try }));
  }

  private left(series: string, name: string, kind: 39 | 33): FoliosView {
    const left = this.folios[kind];
    const [next, last] = [100_001 - left, 100_000];
    const rest = { authorised: "2026-10-01", expires: null, expired: false, stopped: null, lent_first: 1, lent_last: last };
    return { series, name, left, next, ...foreseen(left, series === "39" ? 900 : 0), sells: true, ranges: [{ first: 1, last, next, left, ...rest }] };
  }

  private sentence({ queued, problem }: Counters): Sentence {
    if (this.scenario === "bare") return { mood: "stopped", text: "Falta para empezar: los datos de la empresa, el certificado digital, un archivo de folios (CAF)" };
    if (!this.running) return { mood: "waiting", text: `El envío está detenido. ${queued} por enviar` };
    if (this.scenario === "offline") return { mood: "waiting", text: `Sin internet: puede seguir vendiendo. ${queued} por enviar` };
    if (problem === 1) return { mood: "attention", text: "1 documento necesita su atención" };
    if (problem > 1) return { mood: "attention", text: `${problem} documentos necesitan su atención` };
    return { mood: "calm", text: "Todo al día" };
  }
}
