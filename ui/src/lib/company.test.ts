import { expect, test } from "vitest";

import { companyData, typedOf } from "./company";

test("what is typed goes in the SII's tags, and comes back the same", () => {
  const typed = { RUTEmisor: "76.192.083-9", RznSoc: " Almacén ", Acteco: "471100, 472101", NroResol: "80", FchResol: "2014-08-22", CmnaOrigen: "" };
  const data = companyData(typed);
  expect(data).toEqual({ RUTEmisor: "76.192.083-9", RznSoc: "Almacén", Acteco: [471100, 472101], NroResol: 80, FchResol: "2014-08-22" });
  expect(companyData(typedOf(data))).toEqual(data);
});

test("what is no number is left for the agent to refuse", () => {
  expect(companyData({ NroResol: "ochenta", Acteco: "471100 x" })).toEqual({ NroResol: "ochenta", Acteco: [471100, "x"] });
});
