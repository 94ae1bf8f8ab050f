// The documents of an imaginary shop, made from a seed: for tests, for `npm run dev`, and to look
// at the window without an agent.

import { day } from "./format";
import type { RowView } from "./types";

export type Scenario = "calm" | "busy" | "offline" | "problem" | "stopped" | "empty" | "bare";

const PEOPLE: [string, string][] = [
  ["76.354.771-K", "Panadería Los Aromos Ltda."],
  ["77.218.450-6", "Constructora Río Bueno SpA"],
  ["12.345.678-5", "María Ignacia Ñancupil Pérez"],
  ["96.790.240-3", "Minera Los Pelambres"],
  ["78.901.234-2", "Ferretería El Martillo y Cía."],
];

/** Small, quick, and the same for the same seed. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const iso = (ms: number) => new Date(ms).toISOString();

export function newRow(kind: 39 | 33, folio: number, total: number, at: number, who?: [string, string]): RowView {
  const [receiver_id, receiver] = who ?? ["66.666.666-6", ""];
  return {
    id: `T${kind}F${folio}`,
    series: String(kind),
    kind: kind === 39 ? "Boleta" : "Factura",
    folio,
    version: 1,
    revision: 0,
    channel: kind === 39 ? "boleta" : "dte",
    date: day(at),
    issued: iso(at),
    total,
    receiver_id,
    receiver,
    state: "GENERADO",
    since: iso(at),
    attention: null,
    annulled_by: null,
    replaced_by: null,
    track: null,
    attempts: 0,
    next_try: null,
    error: null,
    remarks: [],
    deadline: iso(at + 3_600_000),
  };
}

/** Newest first. */
export function seededRows(count: number, now: number, scenario: Scenario, seed = 7): RowView[] {
  const next = random(seed);
  const rows: RowView[] = [];
  let [boleta, factura, at] = [48_210, 1_204, now - 20_000];
  for (let i = 0; i < count; i++) {
    const isFactura = next() < 0.12;
    const total = Math.round((500 + next() * next() * 80_000) / 10) * 10;
    const who = isFactura ? PEOPLE[Math.floor(next() * PEOPLE.length)] : undefined;
    const row = isFactura ? newRow(33, factura--, total, at, who) : newRow(39, boleta--, total, at);
    rows.push(settle(row, i, at, now, scenario, next));
    at -= 20_000 + Math.floor(next() * 160_000);
  }
  return rows;
}

function settle(row: RowView, i: number, at: number, now: number, scenario: Scenario, next: () => number): RowView {
  if (scenario === "offline" && i < 14) {
    const error = "Sin internet: no se pudo llegar al SII";
    return { ...row, state: "PENDIENTE", error, next_try: iso(now + 30_000 + i * 2000) };
  }
  if (scenario === "stopped" && i < 9) return row;
  if (scenario === "problem" && (i === 3 || i === 17)) return rejected(row, at);
  if (scenario === "problem" && (i === 5 || i === 6)) {
    const paper =
      i === 5
        ? { copy: "original", state: "failed", word: "No impreso", why: "la impresora no tiene papel" }
        : { copy: "original", state: "partial", word: "Parcial", why: "la impresora no confirmó que terminó" };
    return { ...accepted(row, at, i), paper };
  }
  if (scenario === "problem" && i === 9) {
    const attention = "Lleva 3 intentos sin respuesta clara del SII";
    return { ...row, state: "VERIFICANDO", attention, attempts: 3, error: "El SII cortó la conexión antes de responder", since: iso(at + 9000) };
  }
  if (scenario !== "calm" && i < 2) return row;
  if (scenario !== "calm" && i < 4) return { ...row, state: "ENVIANDO", attempts: 1, since: iso(at + 4000) };
  if (i < 7) return atAuthority(row, at, i);
  if (scenario === "busy" && i === 8) {
    const error = "El SII respondió con un error propio (503)";
    return { ...row, state: "PENDIENTE", attempts: 2, error, next_try: iso(now + 48_000), since: iso(at + 30_000) };
  }
  if (scenario === "busy" && i === 11) return rejected(row, at);
  if (next() < 0.02) return objected(row, at);
  return accepted(row, at, i);
}

const track = (i: number) => String(7_482_190_000 - i * 37);

export function atAuthority(row: RowView, at: number, i: number): RowView {
  return { ...row, state: "ENVIADO", track: track(i), attempts: 1, since: iso(at + 6000), error: null, next_try: null, deadline: null };
}

export function accepted(row: RowView, at: number, i: number): RowView {
  return { ...atAuthority(row, at, i), state: "ACEPTADO", since: iso(at + 11_000) };
}

function objected(row: RowView, at: number): RowView {
  const remark = {
    code: "DTE-1-650",
    words: "Fecha de emisión anterior a la de recepción",
    meaning: "Llegó al SII después de su plazo. El documento vale; no hay nada que corregir.",
  };
  return { ...accepted(row, at, 40), state: "REPARO", remarks: [remark] };
}

function rejected(row: RowView, at: number): RowView {
  const remark = {
    code: "DTE-3-101",
    words: "Folio ya fue recibido anteriormente",
    meaning: "El SII ya tiene un documento con este folio. Se emite de nuevo con otro folio.",
    advice: {
      whose: { word: "ours", text: "de este equipo" },
      number: { word: "used", text: "El folio quedó usado" },
      action: { word: "issue-again", text: "Emita de nuevo con otro folio." },
    },
  };
  return { ...atAuthority(row, at, 90), state: "RECHAZADO", remarks: [remark], error: "El SII ya tiene un documento con este folio" };
}
