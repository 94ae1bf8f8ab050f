// What the SII wants to know of who issues, field by field, as a person types it.

import { date } from "./format";
import { T } from "./text";
import type { RefusalView } from "./types";

export interface CompanyField {
  /** The SII's own tag. */
  tag: string;
  most: number;
  wide?: boolean;
  numeric?: boolean;
  /** Several are written in one field, with commas between them. */
  several?: boolean;
  /** Only what is printed beside the rest: most shops have no need of it. */
  more?: boolean;
  /** What large boletas are judged by, which changes from day to day. */
  uf?: boolean;
}

export const COMPANY_FIELDS: CompanyField[] = [
  { tag: "RUTEmisor", most: 12 },
  { tag: "RznSoc", most: 100, wide: true },
  { tag: "GiroEmis", most: 80, wide: true },
  { tag: "Acteco", most: 30, numeric: true, several: true },
  { tag: "DirOrigen", most: 60, wide: true },
  { tag: "CmnaOrigen", most: 20 },
  { tag: "FchResol", most: 10 },
  { tag: "NroResol", most: 6, numeric: true },
  { tag: "UnidadSII", most: 60 },
  { tag: "CasaMatriz", most: 100, wide: true, more: true },
  { tag: "Sucursal", most: 20, more: true },
  { tag: "CdgSIISucur", most: 9, numeric: true, more: true },
  { tag: "CiudadOrigen", most: 20, more: true },
  { tag: "Telefono", most: 42, several: true, more: true },
  { tag: "CorreoEmisor", most: 80, wide: true, more: true },
  { tag: "ValorUF", most: 12, uf: true },
  { tag: "FchUF", most: 10, uf: true },
];

/** As the agent takes it: what is left out is not said, several are a list. What was `kept` and has no field here stays. */
export function companyData(typed: Record<string, string>, kept: Record<string, unknown> = {}): Record<string, unknown> {
  const said = COMPANY_FIELDS.map((field) => [field, (typed[field.tag] ?? "").trim()] as const).filter(([, text]) => text !== "");
  const fields = COMPANY_FIELDS.map(({ tag }) => tag);
  const others = Object.entries(kept).filter(([tag]) => !fields.includes(tag));
  return Object.fromEntries([...others, ...said.map(([field, text]) => [field.tag, valueOf(field, text)] as const)]);
}

function valueOf({ tag, numeric, several }: CompanyField, text: string): unknown {
  if (tag.startsWith("Fch")) return plainDate(text);
  const value = numeric ? whole : (one: string) => one;
  // A telephone has spaces in it, a number has none.
  return several ? text.split(numeric ? /[\s,;]+/ : /\s*[,;]\s*/).filter(Boolean).map(value) : value(text);
}

/** `22-08-2014`, as people write it, is `2014-08-22`; what is no date the agent refuses. */
function plainDate(text: string): string {
  const [, day, month, year] = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text) ?? [];
  return day && month ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : text;
}

/** What is no number goes as it was typed: the agent says what is wrong with it. */
function whole(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** What is kept, to be changed; the UF as people write it. */
export function typedOf(data: Record<string, unknown>): Record<string, string> {
  const typed = Object.fromEntries(COMPANY_FIELDS.map(({ tag }) => [tag, ([data[tag] ?? ""].flat() as unknown[]).join(", ")]));
  return { ...typed, ValorUF: (typed.ValorUF ?? "").replace(".", ","), FchResol: date(typed.FchResol ?? "") };
}

/** How many days ago a plain date was, by another; `null` where it is none. Below zero it is yet to come. */
export function daysSince(date: string, today: string): number | null {
  const days = (Date.parse(today) - Date.parse(date)) / 86_400_000;
  return Number.isFinite(days) ? Math.round(days) : null;
}

/** What is wrong with a field, as it stands beside it: of what is missing its label says the name already. */
export function besideField({ code, message }: RefusalView): string {
  if (code === "company-data-missing") return T.setup.company.missing;
  return message;
}
