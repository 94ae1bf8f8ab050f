import { expect, test } from "vitest";

import { besideField, companyData, daysSince, misformed, typedOf } from "./company";

test("what is typed goes in the SII's tags, and comes back the same", () => {
  const typed = { RUTEmisor: "76.192.083-9", RznSoc: " Almacén ", Acteco: "471100, 472101", NroResol: "80", FchResol: "2014-08-22", CmnaOrigen: "" };
  const data = companyData(typed);
  expect(data).toEqual({ RUTEmisor: "76.192.083-9", RznSoc: "Almacén", Acteco: [471100, 472101], NroResol: 80, FchResol: "2014-08-22" });
  expect(companyData(typedOf(data))).toEqual(data);
});

test("what was said elsewhere and has no field in the window is not lost by saving", () => {
  const kept = { RUTEmisor: "1-9", RznSoc: "Almacén", Telefono: ["2 2345 6789"], UnidadSII: "ÑUÑOA", RUTProvSW: "1-9" };
  expect(companyData({ ...typedOf(kept), RznSoc: "Otro" }, kept)).toEqual({ ...kept, RznSoc: "Otro" });
  expect(companyData({ ...typedOf(kept), UnidadSII: "" }, kept)).not.toHaveProperty("UnidadSII");
});

test("a branch, its head office and its two telephones go as the SII names them, and come back the same", () => {
  const typed = { CasaMatriz: "Calle Uno 1, Providencia", Sucursal: "PLAZA EGAÑA", CdgSIISucur: "81303347", Telefono: "2 2345 6789, +56 9 1234 5678" };
  const data = companyData(typed);
  expect(data).toEqual({ ...typed, CdgSIISucur: 81303347, Telefono: ["2 2345 6789", "+56 9 1234 5678"] });
  expect(companyData(typedOf(data))).toEqual(data);
});

test("the UF is shown as people write it, and its age is told in days", () => {
  expect(typedOf({ ValorUF: "39123.45", FchUF: "2026-11-22" })).toMatchObject({ ValorUF: "39123,45", FchUF: "22-11-2026" });
  expect(companyData({ ValorUF: " 39.123,45 ", FchUF: "22-11-2026" })).toEqual({ ValorUF: "39.123,45", FchUF: "2026-11-22" });
  expect(daysSince("2026-09-01", "2026-09-01")).toBe(0);
  // Over the night in which clocks are put forward.
  expect(daysSince("2026-09-05", "2026-09-08")).toBe(3);
  expect(daysSince("2026-12-09", "2026-11-22")).toBe(-17);
  expect(daysSince("ayer", "2026-11-22")).toBeNull();
});

test("what is no number is left for the agent to refuse", () => {
  expect(companyData({ NroResol: "ochenta", Acteco: "471100 x" })).toEqual({ NroResol: "ochenta", Acteco: [471100, "x"] });
});

test("what is wrong with a field is said without the SII's tag", () => {
  const said = (code: string, path: string, message: string) => besideField({ code, path, message });
  expect(said("rut-malformed", "RUTEmisor", "El RUT de la empresa: «x» no es un RUT.")).toBe("El RUT de la empresa: «x» no es un RUT.");
  expect(said("company-data-missing", "RznSoc", "Falta la razón social de la empresa.")).toBe("Falta este dato.");
});

test("a date is typed as people write it, or as the SII does", () => {
  const of = (FchResol: string) => companyData({ FchResol }).FchResol;
  expect(["22-08-2014", "2/8/2014", "2014-08-22", "ayer"].map(of)).toEqual(["2014-08-22", "2014-08-02", "2014-08-22", "ayer"]);
  expect(typedOf({ FchResol: "2014-08-22" }).FchResol).toBe("22-08-2014");
});

test("a day that is none and an activity without its six digits are said before anything is sent, as the field has them", () => {
  expect(misformed({ FchResol: "31-02-2014", FchUF: "2026-11-22", Acteco: "471100, 4721" })).toEqual({
    FchResol: "«31-02-2014» no es una fecha: escríbala como 31-01-2026.",
    Acteco: "«4721» no es un código de actividad: son seis números, como 471100.",
  });
  expect(misformed({ FchUF: "ayer" })).toHaveProperty("FchUF");
  expect(misformed({ FchResol: " 2/8/2014 ", FchUF: "", Acteco: "011101" })).toEqual({});
  // A number loses the zero that the code has.
  expect(typedOf(companyData({ Acteco: "011101" })).Acteco).toBe("011101");
});
