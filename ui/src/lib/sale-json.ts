// The sale as the agent takes it: JSON with the SII's own tag names.

import type { Problem } from "./port";
import { checkRut } from "./rut";
import type { T } from "./text";

export type Method = keyof typeof T.sale.methods;

export interface Line {
  id: number;
  code: string | null;
  name: string;
  /** `3`, `0.5` */
  quantity: string;
  /** What its field says while it is written in; charged only when it is a quantity. */
  typed?: string;
  price: number;
}

export interface Receiver {
  rut: string;
  name: string;
  activity: string;
  address: string;
  district: string;
}

export interface SaleBody {
  Encabezado: { IdDoc: Record<string, number>; Receptor?: Record<string, string> };
  Detalle: Record<string, unknown>[];
  /** What a note corrects. */
  Referencia?: Record<string, number | string>;
}

export function saleJson(kind: 39 | 33, lines: Line[], receiver: Receiver): SaleBody {
  const Detalle = lines.map((line) => ({
    ...(line.code ? { CdgItem: { TpoCodigo: "INT1", VlrCodigo: line.code } } : {}),
    NmbItem: line.name,
    // A decimal goes as text, so that it stays exact.
    QtyItem: line.quantity.includes(".") ? line.quantity : Number(line.quantity),
    PrcItem: line.price,
  }));
  if (kind === 39) return { Encabezado: { IdDoc: { TipoDTE: 39 } }, Detalle };
  // Shelf prices include the tax (MntBruto 1); charged at the till is paid in full (FmaPago 1).
  return { Encabezado: { IdDoc: { TipoDTE: 33, MntBruto: 1, FmaPago: 1 }, Receptor: receptor(receiver) }, Detalle };
}

function receptor(receiver: Receiver): Record<string, string> {
  const check = checkRut(receiver.rut);
  return {
    RUTRecep: check.state === "right" ? check.rut : receiver.rut.trim(),
    RznSocRecep: receiver.name.trim(),
    GiroRecep: receiver.activity.trim(),
    DirRecep: receiver.address.trim(),
    CmnaRecep: receiver.district.trim(),
  };
}

/** Nota de crédito electrónica. */
export const CREDIT_NOTE = 61;

/** The note that annuls a document whole (CodRef 1): its receptor and lines follow from the document itself. */
export function annulling(row: { series: string; folio: number }, reason: string): object {
  const Referencia = { TpoDocRef: Number(row.series), FolioRef: row.folio, CodRef: 1, RazonRef: reason };
  return { Encabezado: { IdDoc: { TipoDTE: CREDIT_NOTE } }, Referencia };
}

/** Whom a sale of a file names, for the eye. */
export function receiverOf(text: string): string {
  try {
    const sale = JSON.parse(text) as { Encabezado?: { Receptor?: { RznSocRecep?: unknown; RUTRecep?: unknown } } };
    const { RznSocRecep, RUTRecep } = sale.Encabezado?.Receptor ?? {};
    return [RznSocRecep, RUTRecep].find((name): name is string => typeof name === "string" && name !== "") ?? "";
  } catch {
    return ""; // What is wrong with it the agent says.
  }
}

/** Why a sale was refused, each reason once: what a path points at is named as the cashier knows it. */
export function reasons(problem: Problem, lines: Line[]): string[] {
  const { errors } = problem.view;
  if (errors.length === 0) return [problem.message];
  const named = errors.map(({ path, message }) => {
    const at = /\bDetalle\[(\d+)\]/.exec(path);
    const line = at ? lines[Number(at[1])] : undefined;
    return line ? `${line.name}: ${message}` : message;
  });
  return [...new Set(named)];
}
