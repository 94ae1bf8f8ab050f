// The sale as the agent takes it: JSON with the SII's own tag names.

import { checkRut } from "./rut";
import type { T } from "./text";

export type Method = keyof typeof T.sale.methods;

export interface Line {
  id: number;
  code: string | null;
  name: string;
  /** `3`, `0.5` */
  quantity: string;
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
