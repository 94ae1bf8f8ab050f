// What the demo shop answers with: papers, ranges and histories of its documents.

import { accepted, atAuthority } from "./demo-shop";
import { documentName } from "./folios";
import { Problem } from "./port";
import { counterOf } from "./states";
import type { DetailView, FoliosView, RangeView, RowView } from "./types";

/** A ticket, as plain as can be. */
export function drawing(row: RowView): string {
  const lines = [row.kind.toUpperCase(), `N° ${row.folio}`, row.receiver, `Total ${row.total}`].map(
    (text, i) => `<text x="32" y="${48 + i * 30}" font-family="monospace" font-size="20">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 200"><rect width="640" height="200" fill="#fff"/>${lines.join("")}</svg>`;
}

export function demoRange(first: number, last: number, part: number, parts: number, usedUpTo: number | null): RangeView {
  const own = { first: first + Math.floor(((last - first + 1) * (part - 1)) / parts), last: first + Math.floor(((last - first + 1) * part) / parts) - 1 };
  const next = Math.max(own.first, (usedUpTo ?? 0) + 1);
  const rest = { authorised: "2026-11-01", expires: "2027-05-01", expired: false, stopped: null, lent_first: first, lent_last: last };
  return { ...own, next, left: own.last - next + 1, ...rest };
}

export function notes(ranges: RangeView[]): FoliosView {
  const good = ranges.filter((range) => !range.expired && !range.stopped && range.left > 0);
  const left = good.reduce((sum, range) => sum + range.left, 0);
  return { series: "61", name: "Nota de crédito", left, next: good[0]?.next ?? null, runs_out: "2026-12-20T15:00:00Z", ...foreseen(left, 30), ranges };
}

/** As a shop that sells alike on six days uses its folios. */
export function foreseen(left: number, weekly: number): Pick<FoliosView, "weekly" | "days"> {
  const days: number[] = [];
  for (let rest = left, day = 0; weekly > 0 && day < 28 && rest > 0; day++) days.push((rest = Math.max(0, rest - (day % 7 === 6 ? 0 : Math.ceil(weekly / 6)))));
  return { weekly: weekly || null, days };
}

/** Under its own number, or as another document in its place. */
export function madeAgain(row: RowView, folio: number | null, at: number): { document: RowView; replaced: RowView | null } {
  const since = new Date(at).toISOString();
  const fresh = { ...row, state: "GENERADO", since, error: null, remarks: [], attention: null, attempts: 0, track: null };
  if (folio === null) return { document: { ...fresh, version: row.version + 1 }, replaced: null };
  const document = { ...fresh, id: `T${row.series}F${folio}`, folio, issued: since };
  const attention = `Anule el folio ${row.folio} en el sitio del SII: en su lugar está ${document.id}.`;
  return { document, replaced: { ...row, state: "REEMPLAZADO", since, attention, replaced_by: document.id } };
}

/** Refuses paper of what another document took the place of, as the agent does. */
export function inForce({ id, replaced_by }: RowView): void {
  if (!replaced_by) return;
  const detail = `${documentName(id)} ya no se imprime: en su lugar está ${documentName(replaced_by)}. Imprima ese documento.`;
  throw new Problem({ status: 409, code: "paper-replaced", title: "En conflicto", detail, errors: [] });
}

export function step(row: RowView, at: number, i: number): RowView {
  const since = new Date(at).toISOString();
  if (row.state === "GENERADO") return { ...row, state: "ENVIANDO", attempts: row.attempts + 1, since };
  if (row.state === "PENDIENTE") return { ...row, state: "ENVIANDO", error: null, next_try: null, attempts: row.attempts + 1, since };
  if (row.state === "ENVIANDO") return { ...atAuthority(row, at, i), since };
  if (row.state === "ENVIADO") return { ...accepted(row, at, i), since };
  return row;
}

export function timeline(row: RowView) {
  const at = (seconds: number) => new Date(Date.parse(row.issued) + seconds * 1000).toISOString();
  const steps = [
    { at: at(0), title: "Emitido", text: `Folio ${row.folio}, del rango vigente`, heard: null },
    { at: at(0), title: "Timbrado y firmado", text: "Guardado en este equipo antes de responder a la caja", heard: null },
  ] as DetailView["timeline"];
  if (row.attempts > 0) steps.push({ at: at(4), title: "ENVIANDO", text: `Intento ${row.attempts}`, heard: row.error });
  if (row.track) steps.push({ at: at(6), title: "ENVIADO", text: `Recibido, TrackID ${row.track}`, heard: `{"trackid":${row.track},"estado":"REC"}` });
  if (counterOf(row) === "accepted") steps.push({ at: row.since, title: row.state, text: row.remarks.map((r) => `${r.code}: ${r.meaning}`).join(" · "), heard: '{"estado":"EPR"}' });
  if (row.state === "RECHAZADO") steps.push({ at: row.since, title: row.state, text: row.remarks.map((r) => `${r.code}: ${r.meaning}`).join(" · "), heard: '{"estado":"RCH"}' });
  return steps;
}
