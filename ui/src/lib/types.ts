// Made from crates/agent/src/view.rs by its test; UPDATE=1 writes it anew. Do not edit.

export type Snapshot = { 
/**
 * `training`, `certification` or `production`.
 */
environment: string, 
/**
 * Nothing can be issued before there is one.
 */
company: CompanyView | null, sentence: Sentence, counters: Counters, 
/**
 * Documents in the folder, one that was replaced counted as the one in its place: the sum of the counters.
 */
total: number, 
/**
 * Replaced documents whose number a person has still to annul.
 */
to_annul: number, 
/**
 * Documents whose paper did not come out, or not whole.
 */
unprinted: number, issued_today: number, workers: Workers, folios: Array<FoliosView>, deadline: DeadlineView | null, 
/**
 * When all that waits will have been sent, RFC 3339; absent where that can't be told.
 */
forecast?: string, 
/**
 * This machine's clock, where something was ever wrong with it.
 */
clock?: ClockView, 
/**
 * Documents that resending all pending would take up, flagged or not: those that wait, and
 * those in doubt, which are asked about.
 */
resendable: number, 
/**
 * Channels to the authority that nothing goes through now.
 */
down: Array<DownView>, last_answer: AnswerView | null, certificate: CertificateView | null, 
/**
 * What is missing before a document can be issued; empty when nothing is.
 */
missing: Array<string>, 
/**
 * Why no document can be issued now.
 */
stopped?: StoppedView, 
/**
 * How much room the disk has, while it is little.
 */
room?: RoomView, 
/**
 * A card's voucher stands for a document today, as the company declared.
 */
vouchers: boolean, 
/**
 * Where they do: a sale that a card pays a part of is made in two.
 */
two_sales: boolean, 
/**
 * What this run does out of the ordinary, for as long as it does it: a sentence.
 */
standing: string | null, 
/**
 * The local panel and API, for the status line.
 */
address: string | null, 
/**
 * When this was true (RFC 3339).
 */
as_of: string, 
/**
 * Which run of the agent says this: another one counts its versions anew.
 */
run: string, 
/**
 * Grows with every change, so that an older snapshot is never shown over a newer one.
 */
version: number, };

export type CompanyView = { 
/**
 * Tax id as the authority writes it: `76192083-9`.
 */
id: string, name: string, };

export type Sentence = { mood: Mood, text: string, };

export type Mood = "calm" | "waiting" | "attention" | "stopped";

export type Counters = { 
/**
 * Por enviar: GENERADO, PENDIENTE.
 */
queued: number, 
/**
 * Enviando.
 */
sending: number, 
/**
 * En el SII: ENVIADO, VERIFICANDO.
 */
at_authority: number, 
/**
 * Aceptados: ACEPTADO, REPARO.
 */
accepted: number, 
/**
 * Con problema: RECHAZADO, or needs a person.
 */
problem: number, };

export type Workers = { 
/**
 * Requests in flight now.
 */
active: number, allowed: number, 
/**
 * False when a person stopped the sending.
 */
running: boolean, };

export type FoliosView = { series: string, 
/**
 * `Boleta`, `Factura`.
 */
name: string, left: number, 
/**
 * The folio that comes next.
 */
next: number | null, 
/**
 * When they run out at the pace of past weeks, or expire if that is sooner, RFC 3339; absent where that can't
 * be told.
 */
runs_out?: string, 
/**
 * They expire before they are used up.
 */
expiring?: boolean, 
/**
 * Documents of one week at that pace; absent where it is not known.
 */
weekly: number | null, 
/**
 * What is left at the end of today and of each day after it at that pace: to the day of the last one, or for as
 * many days as are foreseen.
 */
days: number[], 
/**
 * A shop sells with it: no note, and no document that is no sale.
 */
sells?: boolean, 
/**
 * It is time to load more.
 */
low?: boolean, ranges: Array<RangeView>, };

export type SpanView = { first: number, last: number, 
/**
 * Of folios passed over: they were given here, and their documents are missing through damage. Others were passed
 * over when issuing was unlocked.
 */
lost?: boolean, };

export type RangeView = { first: number, last: number, next: number, left: number, 
/**
 * `AAAA-MM-DD`.
 */
authorised: string, expires: string | null, expired: boolean, stopped: string | null, 
/**
 * The folios that were left when it expired are annulled at the authority; so a person said.
 */
annulled?: boolean, 
/**
 * What the authority lent, of which `first` to `last` is this machine's share.
 */
lent_first: number, lent_last: number, 
/**
 * Folios that were passed over when issuing was unlocked, or that damage took: a person has still to look in the authority's site
 * which of them were used, and to annul the others there.
 */
skipped?: Array<SpanView>, };

export type DeadlineView = { document: string, 
/**
 * RFC 3339.
 */
at: string, 
/**
 * There is no data coverage, and so the term stands still: this is when it would end if that came back now.
 */
stands?: boolean, 
/**
 * How much of the term has run, in percent: 0, 50, 80, 95; 100 when it is over.
 */
level?: number, };

export type WarningView = { 
/**
 * Percent of the term: 50, 80, 95; 100 when it is over.
 */
level: number, 
/**
 * The one whose term ends first.
 */
document: string, 
/**
 * How many they are.
 */
documents: number, 
/**
 * When its term ends, RFC 3339.
 */
limit: string, 
/**
 * A Spanish sentence.
 */
text: string, };

export type ClockView = { 
/**
 * The authority's time less this machine's, in seconds, as it was found last.
 */
offset_seconds: number, 
/**
 * It is within the tolerance.
 */
good: boolean, tolerance_seconds: number, 
/**
 * When it was found, by this machine's clock, RFC 3339.
 */
seen: string, 
/**
 * Nothing is sold until it is corrected, or somebody in charge accepts it.
 */
stops: boolean, 
/**
 * Who accepted it as it is.
 */
accepted_by: string | null, 
/**
 * A Spanish sentence.
 */
text: string, };

export type DownView = { channel: string, 
/**
 * In plain words.
 */
why: string, 
/**
 * When it is tried next, RFC 3339: what waits for this channel goes then.
 */
next_try: string, };

export type AnswerView = { at: string, what: string, ok: boolean, took_ms: number, text: string, };

export type CertificateView = { holder: string, subject: string, 
/**
 * RFC 3339.
 */
not_before: string, not_after: string, };

export type StoppedView = { 
/**
 * `setup` (something was never loaded), `store` (nothing can be kept), `locked` (a person must decide), or
 * why nothing can be signed: `certificate-…`, `clock-…`.
 */
code: string, 
/**
 * In plain words.
 */
text: string, };

export type RowView = { 
/**
 * `T39F1234`.
 */
id: string, series: string, 
/**
 * `Boleta`.
 */
kind: string, folio: number, version: number, 
/**
 * Grows with every change of the row, so that an older one is never shown over a newer one.
 */
revision: number, 
/**
 * The channel to the authority that it goes by.
 */
channel: string, 
/**
 * Date of issue, `AAAA-MM-DD`.
 */
date: string, 
/**
 * When it was stamped, RFC 3339.
 */
issued: string, total: number, receiver_id: string, receiver: string, 
/**
 * Who sold it, where the sale has it.
 */
sold_by?: string, 
/**
 * GENERADO, ENVIANDO, ENVIADO, VERIFICANDO, PENDIENTE, ACEPTADO, REPARO, RECHAZADO, REEMPLAZADO.
 */
state: string, 
/**
 * When it came into that state, RFC 3339.
 */
since: string, attention: string | null, annulled_by: string | null, replaced_by: string | null, 
/**
 * The paper of it that a person is told of: one that is lacking, else the one that was dealt with last.
 */
paper?: PaperView, 
/**
 * The customer's and the one to be ceded, where there are both.
 */
papers?: Array<PaperView>, track: string | null, attempts: number, next_try: string | null, 
/**
 * In plain words.
 */
error: string | null, remarks: Array<RemarkView>, 
/**
 * «No despachar»: what it covers must not leave before the authority has it.
 */
hold_goods?: boolean, 
/**
 * When the law wants it at the authority, RFC 3339; absent once it is there.
 */
deadline: string | null, };

export type PaperView = { 
/**
 * `original`, `copia`, `cedible`.
 */
copy: string, 
/**
 * asked, begun, done, handed, partial, failed, seen, waived.
 */
state: string, 
/**
 * `Impreso`.
 */
word: string, 
/**
 * What happened, where it is not well.
 */
why: string, };

export type PrintersView = { printers: Array<PrinterView>, 
/**
 * Each document is printed when it is issued.
 */
on_issue: boolean, 
/**
 * What is printed bears the shop's logo.
 */
logo: boolean, 
/**
 * What is wrong with the logo that is set, in words.
 */
logo_trouble: string | null, };

export type PrinterView = { 
/**
 * The shop's own is `principal`.
 */
name: string, 
/**
 * `red:192.168.1.50`, `cola:NOMBRE`, `dispositivo:/dev/usb/lp0`, `serie:COM3`, `carpeta:RUTA`.
 */
device: string, 
/**
 * What is printed on it unasked: `all`, `narrow` (what narrow paper may bear: boletas), `wide` (all else), `asked`
 * (only what names it).
 */
takes: string, 
/**
 * `80mm`, `58mm`, `letter`.
 */
paper: string, 
/**
 * `pc858`, `pc850`, `wpc1252`, `ascii`.
 */
codepage: string, 
/**
 * The printer's own number of that page, where it is not Epson's.
 */
codepage_number: number | null, 
/**
 * Letters are drawn: for a printer whose pages have no accents.
 */
pictures: boolean, cut: boolean, drawer: boolean, 
/**
 * The code on documents where the law leaves it to the shop.
 */
stamp_on_boletas: boolean, 
/**
 * `ask`, or `none` for a printer on the network that prints, tells nothing and never ends the line: its papers are
 * *handed* when its end has taken every byte.
 */
status?: string, 
/**
 * Bits a second of a serial line.
 */
baud: number | null, };

export type FoundPrinterView = { 
/**
 * As [`PrinterView::device`].
 */
device: string, name: string, };

export type RemarkView = { code: string, words: string, meaning: string, advice?: AdviceView, };

export type AdviceView = { whose: LabelView, number: LabelView, action: LabelView, };

export type LabelView = { word: string, text: string, };

export type PageView = { rows: Array<RowView>, 
/**
 * Ask for the next page with it.
 */
next: string | null, 
/**
 * As many documents were looked at as may be for one page, down to those issued then (RFC 3339): there
 * may be more from `next` on.
 */
reached?: string, };

export type Query = { 
/**
 * States by name, or the counters' names: queued, sending, at_authority, accepted,
 * problem; also to_annul and unprinted.
 */
state?: string, type?: string, from?: string, to?: string, q?: string, cursor?: string, limit?: number, };

export type DetailView = { row: RowView, timeline: Array<StepView>, 
/**
 * The country's own total tags.
 */
totals: Record<string, unknown>, lines: Array<LineView>, 
/**
 * SHA-256 of the signed bytes.
 */
sha256: string, 
/**
 * It waits, can't be read and leaves never: who has its sale may put another in its place.
 */
lost?: boolean, 
/**
 * Every version there is, ascending.
 */
versions: Array<VersionView>, 
/**
 * It has a copy to be ceded, which is printed on its own.
 */
cedes: boolean, 
/**
 * The rejected document that it is in the place of.
 */
replaces: string | null, };

export type LineView = { name: string, quantity: string, price: string, amount: number, };

export type StepView = { 
/**
 * RFC 3339.
 */
at: string, title: string, text: string, 
/**
 * What the authority said, exactly, where it said something.
 */
heard: string | null, };

export type IssuedView = { document: RowView, key: string | null, totals: Record<string, unknown>, warnings: Array<RefusalView>, 
/**
 * The key was known: this is the document it made then.
 */
repeated: boolean, 
/**
 * The part of the sale that a card's voucher stands for: the document is for the rest.
 */
voucher: VouchedView | null, 
/**
 * The environment, in every answer.
 */
environment: string, };

export type PreviewView = { totals: Record<string, unknown>, warnings: Array<RefusalView>, xml: string, 
/**
 * Where each figure comes from.
 */
explained?: Array<ExplainedView>, };

export type ExplainedView = { 
/**
 * The authority's tag, with its place where there are several.
 */
tag: string, amount: number, from: string, };

export type RefusalView = { code: string, 
/**
 * JSON path.
 */
path: string, message: string, 
/**
 * The codes by which the authority would say the same, where they are known.
 */
authority_codes?: Array<string>, };

export type ProblemView = { status: number, code: string, title: string, 
/**
 * A Spanish sentence.
 */
detail: string, errors: Array<RefusalView>, };

export type ResentView = { queued: number, 
/**
 * Named, but not in a state from which anything can be sent.
 */
skipped: number, 
/**
 * They wait, and are damaged: what can't be read can't be sent.
 */
unreadable: number, 
/**
 * Named, and with the authority: it is asked about them now, and nothing is sent.
 */
asked: number, 
/**
 * The ids of those that were taken up, in the order of issue: at most the first 500.
 */
documents: Array<string>, };

export type FoundView = { documents: number, 
/**
 * How many of them are sales: a note is none of its own, and what was rejected or replaced counts nothing.
 */
sales: number, 
/**
 * What they come to as sales: debit notes add, credit notes take off, and what is no sale, was rejected or
 * replaced counts nothing.
 */
total: number, 
/**
 * How many took something off it.
 */
credits: number, 
/**
 * How many it leaves out since their type is no sale.
 */
no_sale: number, 
/**
 * How many it leaves out since another document is in their place.
 */
replaced: number, 
/**
 * There may be more: not all documents were looked at. The counts below are whole all the same.
 */
more: boolean, 
/**
 * Those that resending them would take up: what waits, and what is in doubt.
 */
resendable: number, 
/**
 * Of these, those in doubt, which are asked about.
 */
verifying: number, 
/**
 * Those that were rejected; the total leaves them out.
 */
rejected: number, };

export type BatchView = { 
/**
 * In the order of the file.
 */
sales: Array<BatchSaleView>, 
/**
 * What keeps the whole file from being issued, though each sale is good: a Spanish sentence each.
 */
short: Array<string>, };

export type BatchSaleView = { 
/**
 * Where it begins, from 1.
 */
line: number, 
/**
 * Issue it with this key: the same file, read again, says the same one.
 */
key: string, 
/**
 * Its exact text, to be issued as it is.
 */
sale: string, 
/**
 * `Factura`; empty where that can't be told.
 */
kind: string, 
/**
 * The country's own total tags; `null` where it is refused.
 */
totals: Record<string, unknown> | null, refusals: Array<RefusalView>, warnings: Array<RefusalView>, 
/**
 * It was issued before, from this file or with its own key.
 */
issued: RowView | null, };

export type RangeOrder = { 
/**
 * The type of document.
 */
type: string, folio: number, 
/**
 * Who decides.
 */
who: string, };

export type LoadedRangeView = { warnings: Array<RefusalView>, first: number, last: number, next: number, left: number, 
/**
 * `AAAA-MM-DD`.
 */
authorised: string, expires: string | null, expired: boolean, stopped: string | null, 
/**
 * The folios that were left when it expired are annulled at the authority; so a person said.
 */
annulled?: boolean, 
/**
 * What the authority lent, of which `first` to `last` is this machine's share.
 */
lent_first: number, lent_last: number, 
/**
 * Folios that were passed over when issuing was unlocked, or that damage took: a person has still to look in the authority's site
 * which of them were used, and to annul the others there.
 */
skipped?: Array<SpanView>, };

export type RangeDecision = { 
/**
 * The type of document.
 */
type: string, folio: number, 
/**
 * Who decides, and why.
 */
who: string, why: string, };

export type NotedOrder = { 
/**
 * `accepted`, `objected` (accepted with objections) or `rejected`.
 */
said: "accepted" | "objected" | "rejected", 
/**
 * The site's own words; a rejection has some.
 */
why: string, who: string, };

export type ReissuedView = { 
/**
 * The current one: a later version under the same number, or the document in its place.
 */
document: RowView, 
/**
 * `same` or `new`.
 */
number: string, 
/**
 * Why that number, in plain words.
 */
why: string, 
/**
 * The document it is in the place of, where it got another number.
 */
replaced: RowView | null, 
/**
 * What a person has still to do, in plain words.
 */
task: string | null, warnings: Array<RefusalView>, 
/**
 * The environment, in every answer.
 */
environment: string, };

export type VersionView = { version: number, 
/**
 * When it was stamped, RFC 3339.
 */
issued: string, 
/**
 * SHA-256 of its signed bytes.
 */
sha256: string, };

export type LockView = { 
/**
 * `index-ahead`, `anchor-ahead`, `anchor-missing`, `other-history`, `damage`, `till-ahead` or
 * `grant-unreadable`.
 */
reason: string, 
/**
 * A Spanish sentence.
 */
text: string, 
/**
 * How each range goes on once issuing is unlocked.
 */
folios: Array<LockedFoliosView>, };

export type LockedFoliosView = { series: string, name: string, 
/**
 * Folios that may be used although their documents are not here; `None` when there are none.
 */
used_from: number | null, used_to: number | null, 
/**
 * The folio it goes on with; `None` when none is left.
 */
next: number | null, 
/**
 * The highest folio of it that a till was given, as it says; whoever unlocks says whether it is so.
 */
seen: number | null, 
/**
 * The till that says so.
 */
seen_by: string | null, };

export type UnlockOrder = { who: string, 
/**
 * The last folio of each type that was used elsewhere, as they saw it at the authority: none up to it is issued here. 0: none but
 * those that are known. Of what a till says that it was given, something must be said.
 */
used_up_to: Record<string, number>, 
/**
 * The highest folio of each type that a till was given, as whoever decides was shown it; 0 where none said anything. Where another was
 * told since, nothing is lifted (`last-seen-changed`).
 */
seen?: Record<string, number>, 
/**
 * Also where the authority could not be asked whether it knows the next folios.
 */
unasked: boolean, };

export type PushView = { snapshot: Snapshot, rows: Array<RowView>, 
/**
 * More may have changed than the rows say: every page is to be read again.
 */
all: boolean, 
/**
 * Legal terms that run out, each said once.
 */
warnings?: Array<WarningView>, };

export type StatsView = { environment: string, 
/**
 * GENERADO.
 */
queued: number, 
/**
 * ENVIANDO.
 */
sending: number, 
/**
 * ENVIADO.
 */
sent: number, 
/**
 * VERIFICANDO.
 */
verifying: number, 
/**
 * PENDIENTE.
 */
pending: number, 
/**
 * ACEPTADO.
 */
accepted: number, 
/**
 * REPARO.
 */
objected: number, 
/**
 * RECHAZADO.
 */
rejected: number, 
/**
 * Need a person (rejected ones included).
 */
errors: number, 
/**
 * Replaced ones whose number a person has still to annul.
 */
to_annul: number, 
/**
 * Folios that were passed over when issuing was unlocked, or that damage took, and that a person has still to look for.
 */
skipped: number, 
/**
 * One that was replaced counts as the one in its place.
 */
total: number, issued_today: number, workers_active: number, workers_allowed: number, 
/**
 * Folios left, by type.
 */
folios_left: Record<string, number>, 
/**
 * When the folios of each type run out, RFC 3339; `null` where that can't be told.
 */
folios_run_out: Record<string, string | null>, deadline: DeadlineView | null, 
/**
 * When all that waits will have been sent, RFC 3339.
 */
forecast: string | null, clock: ClockView | null, last_answer: AnswerView | null, 
/**
 * Fsyncs of the journal since the start.
 */
fsyncs: number, };

export type Diagnosis = { environment: string, 
/**
 * RFC 3339.
 */
at: string, checks: Array<Check>, };

export type Check = { 
/**
 * Stable, for programs: `certificate`, `host`, `seed`.
 */
code: string, outcome: Outcome, 
/**
 * What was looked at, in Spanish.
 */
title: string, 
/**
 * What was found, and what to do where it is not well.
 */
detail: string, 
/**
 * What it is looked at for.
 */
about: string, 
/**
 * What a developer may want to know; nothing secret.
 */
facts: unknown, };

export type Outcome = "ok" | "warn" | "fail";

export type CompanyOrder = { environment: string, 
/**
 * The country's own tags.
 */
data: Record<string, unknown>, };

export type CompanyDataView = { environment: string, id: string, name: string, data: Record<string, unknown>, };

export type PracticeView = { 
/**
 * What to open in a browser of this machine; the token is in the fragment.
 */
panel: string, };

export type LoadedCertificateView = { warning: string | null, holder: string, subject: string, 
/**
 * RFC 3339.
 */
not_before: string, not_after: string, };

export type StaffView = { workers: Array<WorkerView>, };

export type WorkerView = { name: string, 
/**
 * `cajero` or `encargado`.
 */
role: string, 
/**
 * No PIN of theirs is looked at before then (RFC 3339): too many were wrong.
 */
locked_until?: string, };

export type WorkerOrder = { name: string, role: string, 
/**
 * 4 to 12 digits. It is forgotten once it was made into what is kept.
 */
pin: string, };

export type TodayView = { 
/**
 * The day in the country's legal time, `2026-11-22`.
 */
date: string, 
/**
 * The hour it is now in that time, 0 to 23.
 */
hour: number, 
/**
 * Only those with something in them; by type and hour, ascending.
 */
hours: Array<HourView>, 
/**
 * How many sales these are: a note is none of its own.
 */
sales: number, 
/**
 * What they come to: debit notes add, credit notes take off, and what is no sale counts nothing.
 */
total: number, 
/**
 * What the authority has rejected, which is in none of the sums above until it is made again.
 */
rejected: RejectedView, 
/**
 * Sales that card vouchers stand for: no documents, and in none of the sums above.
 */
vouchers: VoucherSumsView, 
/**
 * How the authority answered of late, the oldest first: since this agent was started.
 */
answers: Array<PaceView>, };

export type HourView = { series: string, hour: number, documents: number, 
/**
 * How many of them are sales of their own.
 */
sales: number, 
/**
 * Whole pesos, as the documents say them: those of notes too are above zero.
 */
total: number, 
/**
 * What that is multiplied by among the sales: 1, -1 for credit notes, 0 for what is no sale.
 */
weight: number, };

export type RejectedView = { documents: number, 
/**
 * What they would have come to, by the same rule as the sales.
 */
total: number, };

export type PaceView = { 
/**
 * RFC 3339.
 */
at: string, ok: boolean, took_ms: number, };

export type VoucherOrder = { stands: boolean, 
/**
 * The first day, `AAAA-MM-DD`.
 */
since: string, 
/**
 * A sale that a card pays a part of is made in two. Else one act makes both: the record of that part, and a
 * document for the rest, in one line. UNCONFIRMED: the authority says nothing of the lines of that document.
 */
two_sales: boolean, who: string, };

export type VoucherTermsView = { 
/**
 * Today they do.
 */
stands: boolean, terms: Array<VoucherTermView>, };

export type VoucherTermView = { since: string, stands: boolean, 
/**
 * A sale that a card pays a part of is made in two.
 */
two_sales: boolean, };

export type VoucherUndoOrder = { key: string, who: string, 
/**
 * A word about why, for whoever looks at it later.
 */
why: string, };

export type UndoneView = { 
/**
 * RFC 3339.
 */
at: string, who: string, why: string, };

export type VoucherSumsView = { sales: number, total: number, };

export type VouchedView = { key: string, 
/**
 * When it was written down, RFC 3339.
 */
at: string, 
/**
 * The day in the country's legal time.
 */
date: string, 
/**
 * What would have been issued: `Boleta`.
 */
kind: string, 
/**
 * What the voucher stands for of it.
 */
total: number, 
/**
 * The document of the rest, where a card paid a part: `T39F1234`.
 */
rest: string | null, 
/**
 * The means of payment, as the till names them.
 */
means: Array<string>, 
/**
 * The key was known: this is the record that it made then.
 */
repeated: boolean, 
/**
 * It was taken back, and counts no more.
 */
undone?: UndoneView, };

export type VouchersView = { rows: Array<VouchedView>, 
/**
 * Ask for the next page with it.
 */
next: string | null, };

export type ActsView = { rows: Array<ActView>, 
/**
 * Ask for older ones with it; there may be none.
 */
next: number | null, };

export type ActView = { 
/**
 * No other act has it.
 */
number: number, 
/**
 * RFC 3339.
 */
at: string, who: string, what: string, 
/**
 * The documents it was about, the first ones of many.
 */
documents: Array<string>, 
/**
 * How many those were.
 */
count: number, };

export type TokenView = { name: string, 
/**
 * `read`, `issue` or `manage`: each may do what the one before may.
 */
scope: string, 
/**
 * RFC 3339.
 */
made: string, 
/**
 * To some ten minutes, RFC 3339; absent where it was never used.
 */
last_used: string | null, };

export type TokenOrder = { name: string, 
/**
 * `issue` when it is not said.
 */
scope?: string, 
/**
 * Who made it.
 */
who: string, };

export type NewTokenView = { name: string, scope: string, token: string, };

export type WebhookView = { name: string, url: string, 
/**
 * The states that it is told of.
 */
states: Array<string>, 
/**
 * RFC 3339.
 */
made: string, 
/**
 * Tries of the one that was tried most, none of which was taken.
 */
tries: number, 
/**
 * When one of them is tried again, RFC 3339.
 */
next_try: string | null, 
/**
 * Events that were given up and wait for somebody to have them delivered again.
 */
put_aside: number, 
/**
 * The last tries, the newest first.
 */
attempts: Array<AttemptView>, };

export type AttemptView = { event: string, 
/**
 * `T39F1234`; empty for a test.
 */
document: string, 
/**
 * RFC 3339.
 */
at: string, 
/**
 * What was answered; absent where nothing was.
 */
status: number | null, 
/**
 * Why it counts as undelivered; empty where it was taken.
 */
why: string, };

export type WebhookOrder = { url: string, 
/**
 * Verdicts when none is said.
 */
states: Array<string>, who: string, };

export type NewWebhookView = { name: string, secret: string, };

export type SettingsView = { 
/**
 * Where the file is.
 */
file: string, settings: Array<SettingView>, 
/**
 * What is written there and changed there alone.
 */
others: Array<OtherSettingView>, 
/**
 * Some of what is written holds from the next start on.
 */
waits: boolean, };

export type SealingView = { on: boolean, 
/**
 * Files of the journal, and those of them that are sealed.
 */
segments: number, sealed: number, 
/**
 * A recovery key was shown in this run and not typed back: nothing is sealed with it.
 */
unconfirmed: boolean, 
/**
 * Who keeps the folder's key on this machine, in words.
 */
keeper: string, 
/**
 * That is less than could be had: who copies the folder may have the key with it.
 */
weaker: boolean, };

export type RoomView = { free_bytes: number, 
/**
 * About so many sales fit yet, told as fewer rather than more.
 */
sales: number, };

export type SettingView = { 
/**
 * As the file calls it, `sender.parcel`.
 */
name: string, 
/**
 * What is written; nothing where the default holds.
 */
value: string | null, default: string, 
/**
 * The bounds of a number; both, or none.
 */
least: number | null, most: number | null, 
/**
 * What it may be, where it is no number.
 */
choices: Array<string>, };

export type OtherSettingView = { name: string, 
/**
 * As it is written.
 */
value: string, };

export type SettingsOrder = { 
/**
 * By name; with nothing the default is to hold.
 */
settings: Record<string, string | null>, who: string, };

export type PlaceView = { path: string, 
/**
 * What it holds, and its journal alone.
 */
bytes: number, journal_bytes: number, 
/**
 * What is left on its disk; absent where the system does not tell.
 */
free_bytes: number | null, 
/**
 * The drop folder, where there is one.
 */
drop: FolderView | null, };

export type FolderView = { issued: number, refused: number, 
/**
 * Sales that can't be issued yet: all of them, and the first hundred by name.
 */
waiting_total: number, waiting: Array<WaitingFileView>, 
/**
 * What lies in `entrada`, or in `caf` (then so named), and is not taken: all of it, and the first hundred.
 */
left_total: number, left: Array<LeftFileView>, 
/**
 * Why nothing is taken, a sentence.
 */
trouble: string | null, };

export type WaitingFileView = { file: string, 
/**
 * As the API would say it.
 */
code: string, why: string, 
/**
 * RFC 3339.
 */
since: string, };

export type LeftFileView = { file: string, 
/**
 * A sentence.
 */
why: string, };

export type CheckView = { 
/**
 * It is being looked at, and how far that is, in percent.
 */
running: boolean, percent: number, 
/**
 * When the last look ended, RFC 3339; absent before the first since the start.
 */
at: string | null, 
/**
 * What it came to.
 */
sound: boolean | null, 
/**
 * In words.
 */
lines: Array<string>, };
