// The sale as the agent takes it: JSON with the SII's own tag names.

import type { Discount } from "./discount";
import { capital } from "./format";
import type { Problem } from "./port";
import { checkRut } from "./rut";
import { T } from "./text";

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
  /** What is taken off this line. */
  off?: Discount;
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
  DscRcgGlobal?: { TpoMov: "D"; GlosaDR: string; TpoValor: "%" | "$"; ValorDR: number | string };
  /** What a note corrects. */
  Referencia?: Record<string, number | string>;
}

/** `off` is taken off the whole sale. A boleta names its buyer where there is one. */
export function saleJson(kind: 39 | 33, lines: Line[], receiver: Receiver, off: Discount | null = null): SaleBody {
  const Detalle = lines.map((line) => ({
    ...(line.code ? { CdgItem: { TpoCodigo: "INT1", VlrCodigo: line.code } } : {}),
    NmbItem: line.name,
    QtyItem: figure(line.quantity),
    PrcItem: line.price,
    ...(line.off ? { [line.off.unit === "%" ? "DescuentoPct" : "DescuentoMonto"]: figure(line.off.value) } : {}),
  }));
  const rest: Pick<SaleBody, "Detalle" | "DscRcgGlobal"> = { Detalle };
  if (off) rest.DscRcgGlobal = { TpoMov: "D", GlosaDR: "Descuento", TpoValor: off.unit, ValorDR: figure(off.value) };
  if (kind === 39) {
    const { RUTRecep, RznSocRecep } = receptor(receiver);
    const Receptor = RUTRecep || RznSocRecep ? { Receptor: { RUTRecep, RznSocRecep } } : {};
    return { Encabezado: { IdDoc: { TipoDTE: 39 }, ...Receptor }, ...rest };
  }
  // Shelf prices include the tax (MntBruto 1); charged at the till is paid in full (FmaPago 1).
  return { Encabezado: { IdDoc: { TipoDTE: 33, MntBruto: 1, FmaPago: 1 }, Receptor: receptor(receiver) }, ...rest };
}

/** A decimal goes as text, so that it stays exact. */
function figure(value: string): number | string {
  return value.includes(".") ? value : Number(value);
}

function receptor(receiver: Receiver) {
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
    const sale = JSON.parse(text) as { Encabezado?: { IdDoc?: { TipoDTE?: unknown }; Receptor?: { RznSocRecep?: unknown; RUTRecep?: unknown } } };
    const { RznSocRecep, RUTRecep } = sale.Encabezado?.Receptor ?? {};
    const said = [RznSocRecep, RUTRecep].find((name): name is string => typeof name === "string" && name !== "");
    // A boleta alone may be anybody's.
    return said ?? ([39, 41].includes(Number(sale.Encabezado?.IdDoc?.TipoDTE)) ? T.list.noReceiver : "");
  } catch {
    return ""; // What is wrong with it the agent says.
  }
}

/** Which document a sale of a file is to be, also where it can't be one. */
export function kindIn(text: string): string {
  try {
    const type = (JSON.parse(text) as { Encabezado?: { IdDoc?: { TipoDTE?: unknown } } }).Encabezado?.IdDoc?.TipoDTE;
    const code = Number(type ?? NaN);
    return Number.isInteger(code) ? (T.kinds[code] ?? T.today.kind(String(code))) : "";
  } catch {
    return ""; // What is wrong with it the agent says.
  }
}

/** Whom a factura was made out to, by its sale as it came in. */
export function receiverIn(text: string): Omit<Receiver, "rut"> | null {
  const sale = JSON.parse(text) as { Encabezado?: { Receptor?: Record<string, unknown> } };
  const said = sale.Encabezado?.Receptor;
  const word = (tag: string) => (typeof said?.[tag] === "string" ? said[tag] : "");
  const known = { name: word("RznSocRecep"), activity: word("GiroRecep"), address: word("DirRecep"), district: word("CmnaRecep") };
  return known.name ? known : null;
}

/** As much of a product's name as it takes to know it. */
const known = (name: string) => (name.length > 40 ? `${name.slice(0, 39).trimEnd()}…` : name);

/** Why a sale was refused, each reason once: what a path points at is named as the cashier knows it. */
export function reasons(problem: Problem, lines: Line[]): string[] {
  const { errors } = problem.view;
  if (errors.length === 0) return [capital(problem.message)];
  const named = errors.map(({ path, message }) => {
    const at = /\bDetalle\[(\d+)\]/.exec(path);
    const line = at ? lines[Number(at[1])] : undefined;
    return line ? `${known(line.name)}: ${message}` : message;
  });
  return [...new Set(named)];
}
