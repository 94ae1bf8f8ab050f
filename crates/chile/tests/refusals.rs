//! Sales that are refused: the code and the path of each reason, before any folio is asked for.

mod desk;

use desk::{draft, refused};
use serde_json::{Value, json};
use timbre_core::Refusals;

const LINE: &str = r#"{"NmbItem":"Pan","QtyItem":1,"PrcItem":1000}"#;
const RECEPTOR: &str =
    r#"{"RUTRecep":"77777777-7","RznSocRecep":"R","GiroRecep":"G","DirRecep":"D","CmnaRecep":"C"}"#;

/// A boleta with these elements in place of the plain ones.
fn boleta(id: &str, header: &str, lines: &str, rest: &str) -> String {
    format!(r#"{{"Encabezado":{{"IdDoc":{{"TipoDTE":39{id}}}{header}}},"Detalle":[{lines}]{rest}}}"#)
}

fn line(tags: &str) -> String {
    boleta("", "", &format!(r#"{{"NmbItem":"Pan",{tags}}}"#), "")
}

fn factura(id: &str, receptor: &str, lines: &str, rest: &str) -> String {
    format!(
        r#"{{"Encabezado":{{"IdDoc":{{"TipoDTE":33,"FmaPago":1{id}}},"Receptor":{receptor}}},"Detalle":[{lines}]{rest}}}"#
    )
}

fn exenta(lines: &str) -> String {
    factura("", RECEPTOR, lines, "").replacen(":33,", ":34,", 1)
}

fn header(header: &str) -> String {
    boleta("", header, LINE, "")
}

fn totals(totals: &str) -> String {
    header(&format!(r#","Totales":{{{totals}}}"#))
}

fn receptor(change: impl Fn(&str) -> String) -> String {
    factura("", &change(RECEPTOR), LINE, "")
}

fn reference(reference: &str) -> String {
    factura("", RECEPTOR, LINE, &format!(r#","Referencia":{reference}"#))
}

fn many(count: usize) -> String {
    vec![LINE; count].join(",")
}

#[test]
fn each_wrong_sale_is_refused_where_it_is_wrong() {
    let long = |n: usize| "x".repeat(n);
    let rows: Vec<(String, &str, &str)> = vec![
        // What is not a sale
        (r#"{}"#.into(), "type-missing", "Encabezado.IdDoc.TipoDTE"),
        (r#"{"dte":[]}"#.into(), "value-wrong-kind", "dte"),
        (r#"{"dte":{"Detalle":[]}}"#.into(), "type-missing", "dte.Encabezado.IdDoc.TipoDTE"),
        (r#"{"Encabezado":{"IdDoc":{"TipoDTE":46}}}"#.into(), "type-unsupported", "Encabezado.IdDoc.TipoDTE"),
        (
            r#"{"Encabezado":{"IdDoc":{"TipoDTE":"110"}}}"#.into(),
            "type-unsupported",
            "Encabezado.IdDoc.TipoDTE",
        ),
        (r#"{"Encabezado":{"IdDoc":{"TipoDTE":43}}}"#.into(), "type-unsupported", "Encabezado.IdDoc.TipoDTE"),
        (r#"{"Encabezado":{"IdDoc":{"TipoDTE":99}}}"#.into(), "type-unknown", "Encabezado.IdDoc.TipoDTE"),
        (r#"{"Encabezado":{"IdDoc":{"TipoDTE":39.5}}}"#.into(), "type-unknown", "Encabezado.IdDoc.TipoDTE"),
        (r#"{"respuesta":["XML"],"dte":{}}"#.into(), "unknown-tag", "respuesta"),
        // Tags
        (line(r#""QtItem":1,"PrcItem":1"#), "unknown-tag", "Detalle[0].QtItem"),
        (header(r#","Otros":{}"#), "unknown-tag", "Encabezado.Otros"),
        (boleta("", "", LINE, r#","Caja":1"#), "unknown-tag", "Caja"),
        (boleta(r#","FmaPago":1"#, "", LINE, ""), "unknown-tag", "Encabezado.IdDoc.FmaPago"),
        (boleta(r#","Folio":7"#, "", LINE, ""), "folio-given", "Encabezado.IdDoc.Folio"),
        (boleta("", "", LINE, r#","TED":"x""#), "tag-is-timbres", "TED"),
        (
            factura(r#","IndTraslado":1"#, RECEPTOR, LINE, ""),
            "tag-not-for-type",
            "Encabezado.IdDoc.IndTraslado",
        ),
        (
            factura("", RECEPTOR, r#"{"NmbItem":"Pisco","QtyItem":1,"PrcItem":1,"CodImpAdic":28}"#, ""),
            "additional-tax-unsupported",
            "Detalle[0].CodImpAdic",
        ),
        (line(r#""QtyItem":{},"PrcItem":1"#), "value-wrong-kind", "Detalle[0].QtyItem"),
        (line(r#""QtyItem":true,"PrcItem":1"#), "value-wrong-kind", "Detalle[0].QtyItem"),
        (boleta("", r#","Receptor":"yo""#, LINE, ""), "value-wrong-kind", "Encabezado.Receptor"),
        // Texts
        (
            line(&format!(r#""QtyItem":1,"PrcItem":1,"DscItem":"{}""#, long(1001))),
            "text-too-long",
            "Detalle[0].DscItem",
        ),
        (
            line(&format!(r#""QtyItem":1,"PrcItem":1,"DscItem":"{}""#, "&".repeat(1000))),
            "text-too-long",
            "Detalle[0].DscItem",
        ),
        (
            boleta("", "", &format!(r#"{{"NmbItem":"{}","MontoItem":1}}"#, long(81)), ""),
            "text-too-long",
            "Detalle[0].NmbItem",
        ),
        (
            boleta("", "", r#"{"NmbItem":"Pan 🍞","MontoItem":1}"#, ""),
            "text-not-latin1",
            "Detalle[0].NmbItem",
        ),
        (boleta("", "", r#"{"NmbItem":"日本","MontoItem":1}"#, ""), "text-not-latin1", "Detalle[0].NmbItem"),
        (boleta("", "", r#"{"NmbItem":"  ","MontoItem":1}"#, ""), "required", "Detalle[0].NmbItem"),
        (boleta("", "", r#"{"QtyItem":1,"PrcItem":1}"#, ""), "required", "Detalle[0].NmbItem"),
        // Numbers
        (line(r#""QtyItem":0,"PrcItem":1"#), "number-out-of-range", "Detalle[0].QtyItem"),
        (line(r#""QtyItem":-1,"PrcItem":1"#), "number-out-of-range", "Detalle[0].QtyItem"),
        (line(r#""QtyItem":1,"PrcItem":-350"#), "number-out-of-range", "Detalle[0].PrcItem"),
        (line(r#""QtyItem":"1,5","PrcItem":1"#), "number-malformed", "Detalle[0].QtyItem"),
        (line(r#""QtyItem":0.0000001,"PrcItem":1"#), "decimals-too-many", "Detalle[0].QtyItem"),
        (
            line(r#""QtyItem":1,"PrcItem":1,"DescuentoMonto":0.5"#),
            "number-not-whole",
            "Detalle[0].DescuentoMonto",
        ),
        (
            line(r#""QtyItem":1,"PrcItem":1,"DescuentoPct":101"#),
            "number-out-of-range",
            "Detalle[0].DescuentoPct",
        ),
        (line(r#""QtyItem":1,"PrcItem":1,"IndExe":3"#), "value-not-allowed", "Detalle[0].IndExe"),
        (line(r#""QtyItem":999999999999,"PrcItem":999999999999"#), "line-too-large", "Detalle[0]"),
        (
            line(r#""QtyItem":1,"PrcItem":5000,"DescuentoMonto":"1.000""#),
            "number-thousands",
            "Detalle[0].DescuentoMonto",
        ),
        (totals(r#""MntTotal":"1.000""#), "number-thousands", "Encabezado.Totales.MntTotal"),
        (totals(r#""SaldoAnterior":"-5.000""#), "number-thousands", "Encabezado.Totales.SaldoAnterior"),
        (
            boleta(
                r#","IndServicio":4"#,
                r#","Receptor":{"RUTRecep":"77777777-7"}"#,
                r#"{"NmbItem":"x","MontoItem":1,"InfoTicket":{"FolioTicket":1,"FchGenera":"2026-01-15 12:00:00"}}"#,
                "",
            ),
            "moment-malformed",
            "Detalle[0].InfoTicket.FchGenera",
        ),
        (
            factura("", RECEPTOR, LINE, "")
                .replace(r#""Receptor""#, r#""Transporte":{"HraSalida":"23:59:60"},"Receptor""#),
            "hour-malformed",
            "Encabezado.Transporte.HraSalida",
        ),
        // Lines
        (boleta("", "", "", ""), "no-lines", "Detalle"),
        (boleta("", "", &many(1001), ""), "too-many-lines", "Detalle"),
        (factura("", RECEPTOR, &many(61), ""), "too-many-lines", "Detalle"),
        (line(r#""QtyItem":1"#), "price-missing", "Detalle[0]"),
        (line(r#""QtyItem":1,"MontoItem":100"#), "price-missing", "Detalle[0]"),
        (line(r#""MontoItem":100,"DescuentoPct":5"#), "discount-without-price", "Detalle[0]"),
        (line(r#""QtyItem":1,"PrcItem":100,"DescuentoMonto":101"#), "line-negative", "Detalle[0]"),
        (line(r#""QtyItem":2,"PrcItem":100,"MontoItem":150"#), "line-mismatch", "Detalle[0].MontoItem"),
        (
            line(r#""QtyItem":1,"PrcItem":1000,"DescuentoPct":10,"DescuentoMonto":50"#),
            "line-mismatch",
            "Detalle[0].DescuentoMonto",
        ),
        // More than there is, and so no discount to take; still not what the sale says beside it.
        (
            factura(
                "",
                RECEPTOR,
                r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1000,"DescuentoPct":150,"DescuentoMonto":50}"#,
                "",
            ),
            "line-mismatch",
            "Detalle[0].DescuentoMonto",
        ),
        (
            factura(
                "",
                RECEPTOR,
                r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1000,"DescuentoMonto":50,"SubDscto":[{"TipoDscto":"%","ValorDscto":2},{"TipoDscto":"$","ValorDscto":20}]}"#,
                "",
            ),
            "line-parts",
            "Detalle[0].SubDscto",
        ),
        (
            factura(
                "",
                RECEPTOR,
                r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1000,"SubRecargo":{"TipoRecargo":"$","ValorRecargo":20}}"#,
                "",
            ),
            "line-parts",
            "Detalle[0].SubRecargo",
        ),
        // Parts of less than a peso, of nothing at all.
        (
            factura(
                "",
                RECEPTOR,
                r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1000,"SubDscto":{"TipoDscto":"$","ValorDscto":0.4}}"#,
                "",
            ),
            "line-parts",
            "Detalle[0].SubDscto",
        ),
        (line(r#""QtyItem":1,"PrcItem":"1.990""#), "price-thousands", "Detalle[0].PrcItem"),
        (line(r#""QtyItem":1,"PrcItem":"1.990","MontoItem":1990"#), "line-mismatch", "Detalle[0].MontoItem"),
        (line(r#""NroLinDet":2,"QtyItem":1,"PrcItem":100"#), "line-number", "Detalle[0].NroLinDet"),
        (
            line(r#""QtyItem":1,"PrcItem":100,"CdgItem":{"VlrCodigo":"1"}"#),
            "required",
            "Detalle[0].CdgItem[0].TpoCodigo",
        ),
        (
            factura("", RECEPTOR, r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1,"IndExe":5}"#, ""),
            "line-kind",
            "Detalle[0].IndExe",
        ),
        (
            factura("", RECEPTOR, LINE, r#","SubTotInfo":{"NroSTI":1,"LineasDeta":[1,2]}"#),
            "subtotal-line",
            "SubTotInfo[0].LineasDeta",
        ),
        (
            factura(
                "",
                RECEPTOR,
                LINE,
                r#","DscRcgGlobal":{"TpoMov":"D","TpoValor":"$","ValorDR":5,"IndExeDR":2}"#,
            ),
            "global-of-nothing",
            "DscRcgGlobal",
        ),
        (exenta(r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1,"IndExe":4}"#), "line-kind", "Detalle[0].IndExe"),
        (exenta(r#"{"NmbItem":"x","QtyItem":1,"PrcItem":1,"IndExe":3}"#), "line-kind", "Detalle[0].IndExe"),
        // Totals
        (totals(r#""MntTotal":999"#), "total-mismatch", "Encabezado.Totales.MntTotal"),
        (totals(r#""MntTotal":1001"#), "total-mismatch", "Encabezado.Totales.MntTotal"),
        (totals(r#""MntNeto":838"#), "total-mismatch", "Encabezado.Totales.MntNeto"),
        (totals(r#""IVA":190"#), "total-mismatch", "Encabezado.Totales.IVA"),
        (totals(r#""MntExe":1"#), "total-mismatch", "Encabezado.Totales.MntExe"),
        (totals(r#""VlrPagar":900"#), "total-mismatch", "Encabezado.Totales.VlrPagar"),
        (
            boleta("", "", LINE, r#","DscRcgGlobal":{"TpoMov":"D","TpoValor":"$","ValorDR":1001}"#),
            "total-negative",
            "DscRcgGlobal",
        ),
        (
            boleta("", "", LINE, r#","DscRcgGlobal":{"TpoMov":"D","ValorDR":1}"#),
            "required",
            "DscRcgGlobal[0].TpoValor",
        ),
        (line(r#""QtyItem":1,"PrcItem":1,"IndExe":1"#), "all-exempt", "Encabezado.IdDoc.TipoDTE"),
        (line(r#""QtyItem":1,"PrcItem":100,"DescuentoPct":100"#), "total-zero", "Detalle"),
        (line(r#""QtyItem":1,"PrcItem":1,"IndExe":2"#), "total-zero", "Detalle"),
        (
            factura("", RECEPTOR, r#"{"NmbItem":"Libro","IndExe":1,"QtyItem":1,"PrcItem":100}"#, ""),
            "all-exempt",
            "Encabezado.IdDoc.TipoDTE",
        ),
        (
            boleta(
                "",
                "",
                r#"{"NmbItem":"Libro","IndExe":1,"MontoItem":5000},{"NmbItem":"Bolsa","QtyItem":1,"PrcItem":0}"#,
                "",
            ),
            "all-exempt",
            "Encabezado.IdDoc.TipoDTE",
        ),
        // Dates
        (boleta(r#","FchEmis":"2026-01-16""#, "", LINE, ""), "date-in-future", "Encabezado.IdDoc.FchEmis"),
        (boleta(r#","FchEmis":"2026-01-13""#, "", LINE, ""), "date-late", "Encabezado.IdDoc.FchEmis"),
        (boleta(r#","FchEmis":"15/01/2026""#, "", LINE, ""), "date-malformed", "Encabezado.IdDoc.FchEmis"),
        (boleta(r#","FchEmis":"2002-07-31""#, "", LINE, ""), "date-out-of-range", "Encabezado.IdDoc.FchEmis"),
        (
            boleta(r#","PeriodoDesde":"2026-01-02","PeriodoHasta":"2026-01-01""#, "", LINE, ""),
            "period-reversed",
            "Encabezado.IdDoc.PeriodoHasta",
        ),
        (
            boleta(r#","PeriodoDesde":"2026-01-02""#, "", LINE, ""),
            "period-incomplete",
            "Encabezado.IdDoc.PeriodoDesde",
        ),
        // Emisor and receptor
        (header(r#","Emisor":{"RUTEmisor":"76192083-9"}"#), "sender-mismatch", "Encabezado.Emisor.RUTEmisor"),
        (header(r#","Emisor":{"RznSoc":"OTRA"}"#), "sender-mismatch", "Encabezado.Emisor.RznSoc"),
        (header(r#","Emisor":{"CdgVendedor":"1"}"#), "tag-not-for-type", "Encabezado.Emisor.CdgVendedor"),
        (
            header(r#","Receptor":{"RUTRecep":"76192083-8"}"#),
            "rut-check-digit",
            "Encabezado.Receptor.RUTRecep",
        ),
        (
            header(r#","Receptor":{"RUTRecep":"0-0"}"#),
            "receiver-code-missing",
            "Encabezado.Receptor.CdgIntRecep",
        ),
        (receptor(|r| r.replace("77777777-7", "0-0")), "rut-out-of-range", "Encabezado.Receptor.RUTRecep"),
        (header(r#","RUTProvSW":"0-0""#), "rut-out-of-range", "Encabezado.RUTProvSW"),
        (header(r#","Receptor":{"RUTRecep":"no"}"#), "rut-malformed", "Encabezado.Receptor.RUTRecep"),
        (boleta(r#","IndServicio":4"#, "", LINE, ""), "receiver-required", "Encabezado.Receptor.RUTRecep"),
        (
            boleta(r#","IndServicio":1"#, r#","Receptor":{"RUTRecep":"76192083-9"}"#, LINE, ""),
            "required",
            "Encabezado.Receptor.DirRecep",
        ),
        (
            receptor(|r| r.replace("77777777-7", "66.666.666-6")),
            "receiver-consumer",
            "Encabezado.Receptor.RUTRecep",
        ),
        (
            receptor(|r| r.replace("77777777-7", "55555555-5")),
            "receiver-foreign",
            "Encabezado.Receptor.RUTRecep",
        ),
        (receptor(|r| r.replace(r#","GiroRecep":"G""#, "")), "required", "Encabezado.Receptor.GiroRecep"),
        (
            receptor(|r| r.replace(r#""G""#, &format!("\"{}\"", long(41)))),
            "text-too-long",
            "Encabezado.Receptor.GiroRecep",
        ),
        (receptor(|_| "{}".into()), "required", "Encabezado.Receptor.RUTRecep"),
        // References
        (reference(r#"{"TpoDocRef":801,"FolioRef":"1"}"#), "required", "Referencia[0].FchRef"),
        (reference(r#"{"FolioRef":"1","FchRef":"2026-01-01"}"#), "required", "Referencia[0].TpoDocRef"),
        (
            reference(r#"{"TpoDocRef":99,"FolioRef":"1","FchRef":"2026-01-01"}"#),
            "reference-type",
            "Referencia[0].TpoDocRef",
        ),
        (
            reference(r#"{"TpoDocRef":52,"IndGlobal":1,"FolioRef":5,"FchRef":"2026-01-01"}"#),
            "reference-global",
            "Referencia[0].FolioRef",
        ),
        (
            reference(r#"{"TpoDocRef":801,"FolioRef":"1","RUTOtr":"76192083-9","FchRef":"2026-01-01"}"#),
            "tag-not-for-type",
            "Referencia[0].RUTOtr",
        ),
        (
            reference(r#"{"TpoDocRef":52,"FolioRef":0,"FchRef":"2026-01-01"}"#),
            "reference-folio",
            "Referencia[0].FolioRef",
        ),
        (boleta("", "", LINE, r#","Referencia":[{"NroLinRef":1}]"#), "reference-empty", "Referencia[0]"),
        (
            factura(
                "",
                RECEPTOR,
                LINE,
                &format!(
                    r#","Referencia":[{}]"#,
                    vec![r#"{"TpoDocRef":801,"FolioRef":"1","FchRef":"2026-01-01"}"#; 41].join(",")
                ),
            ),
            "too-many",
            "Referencia",
        ),
    ];
    assert!(rows.len() >= 40);
    for (sale, code, path) in rows {
        let found = refused(&sale);
        let short: String = sale.chars().take(300).collect();
        assert!(
            found.iter().any(|(c, p)| c == code && p == path),
            "{short}\nwants {code} at {path}, got {found:?}"
        );
    }
}

/// The till's block is part of "all".
#[test]
fn a_wrong_tills_block_is_told_beside_the_rest() {
    let till = r#","Timbre":{"Pagos":[{"Medio":"efectivo","Monto":"x"}],"Otro":1}"#;
    let found = refused(&boleta("", "", r#"{"NmbItem":"Pan","QtItem":1}"#, till));
    let codes: Vec<_> = found.iter().map(|(code, path)| (code.as_str(), path.as_str())).collect();
    for one in [
        ("till-data-invalid", "Timbre.Pagos[0].Monto"),
        ("till-data-invalid", "Timbre.Otro"),
        ("unknown-tag", "Detalle[0].QtItem"),
    ] {
        assert!(codes.contains(&one), "{one:?} in {codes:?}");
    }
    let found = refused(&format!(r#"{{"Encabezado":{{"IdDoc":{{"TipoDTE":99}}}}{till}}}"#));
    assert_eq!(found.len(), 3, "{found:?}");
    let alone = boleta("", "", LINE, r#","Timbre":{"Otro":1}"#);
    assert_eq!(refused(&alone), [("till-data-invalid".to_owned(), "Timbre.Otro".to_owned())]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let sale = r#"{"Documento":{"Encabezado":{"IdDoc":{"TipoDTE":33,"MntBruto":2},"Receptor":{"RUTRecep":"1-1"}},
        "Detalle":{"NmbItem":"🍞","QtyItem":0,"PrcItem":"x","Nada":1}}}"#;
    let found = refused(sale);
    for (code, path) in [
        ("value-not-allowed", "Documento.Encabezado.IdDoc.MntBruto"),
        ("rut-out-of-range", "Documento.Encabezado.Receptor.RUTRecep"),
        ("text-not-latin1", "Documento.Detalle[0].NmbItem"),
        ("number-out-of-range", "Documento.Detalle[0].QtyItem"),
        ("number-malformed", "Documento.Detalle[0].PrcItem"),
        ("unknown-tag", "Documento.Detalle[0].Nada"),
    ] {
        assert!(found.contains(&(code.into(), path.into())), "{code} {path} in {found:?}");
    }
}

/// What the reader could not read does not hide what the rules say of the rest, nor does it echo.
#[test]
fn rules_are_asked_beside_what_could_not_be_read() {
    let sale = r#"{"Encabezado":{"IdDoc":{"TipoDTE":33,"FchEmis":"2026-02-01"},"Receptor":{"RUTRecep":"66666666-6","RznSocRecep":"日","GiroRecep":"G","DirRecep":"D"}},
        "Detalle":[{"NmbItem":"Pan","QtyItem":1,"PrcItem":"x"},{"NmbItem":"Sal","QtyItem":1}]}"#;
    let mut found = refused(sale);
    found.sort();
    let wanted = [
        ("date-in-future", "Encabezado.IdDoc.FchEmis"),
        ("number-malformed", "Detalle[0].PrcItem"),
        ("price-missing", "Detalle[1]"),
        ("receiver-consumer", "Encabezado.Receptor.RUTRecep"),
        ("required", "Encabezado.Receptor.CmnaRecep"),
        ("text-not-latin1", "Encabezado.Receptor.RznSocRecep"),
    ];
    assert_eq!(found, wanted.map(|(code, path)| (code.to_owned(), path.to_owned())));
}

/// Every refusal is for a person: a Spanish sentence that ends.
#[test]
fn refusals_are_sentences() {
    for sale in [line(r#""QtItem":1"#), totals(r#""MntTotal":999"#), line(r#""QtyItem":0,"PrcItem":1"#)] {
        let Err(Refusals(refusals)) = draft(&sale) else { panic!("{sale}") };
        for refusal in refusals {
            assert!(refusal.message.ends_with('.') && refusal.message.len() > 20, "{refusal:?}");
            assert!(!refusal.temporary, "{refusal:?}");
        }
    }
    let Err(Refusals(hint)) = draft(&line(r#""QtItem":1,"PrcItem":1"#)) else { panic!() };
    assert!(hint[0].message.contains("QtyItem"), "{hint:?}");
    let Err(Refusals(both)) = draft(&totals(r#""MntTotal":1999"#)) else { panic!() };
    assert!(both[0].message.contains("1.999") && both[0].message.contains("1.000"), "{both:?}");
}

#[test]
fn a_peso_of_rounding_is_a_warning_and_ours_is_used() {
    let draft = draft(&totals(r#""MntNeto":841,"IVA":159,"MntTotal":1000"#)).expect("a till's own rounding");
    let warned: Vec<&str> = draft.warnings().iter().map(|w| w.path.as_str()).collect();
    assert_eq!(warned, ["Encabezado.Totales.MntNeto", "Encabezado.Totales.IVA"]);
    assert_eq!(draft.totals(), serde_json::json!({"MntNeto": 840, "IVA": 160, "MntTotal": 1000}));
}

/// An old UF decides with an old limit: who is refused by it, or was asked for more than the law wants, hears so.
#[test]
fn an_old_uf_is_told_where_it_decides() {
    let of = |day: Option<&str>, sale: &Value| {
        let mut company = desk::company();
        company["ValorUF"] = "39000.50".into();
        if let Some(day) = day {
            company["FchUF"] = day.into();
        }
        desk::draft_by(&desk::issuer_of(&company), &sale.to_string())
    };
    let large = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": { "NmbItem": "Piano", "PrcItem": 5_200_000 } });
    for (day, said) in [
        (Some("2025-09-01"), "la UF del 2025-09-01, que ya es antigua: "),
        (Some("2026-01-10"), "la UF del 2026-01-10: "),
        (None, "cerca de 135 UF: "),
    ] {
        let no = of(day, &large).err().expect("it names nobody").to_string();
        assert!(no.contains(said), "{day:?}: {no}");
        // Where it is put is told to whom it helps.
        assert_eq!(no.contains("se pone en Ajustes"), day == Some("2025-09-01"), "{day:?}: {no}");
    }
    let unknown = desk::draft_by(&desk::issuer_of(&desk::company()), &large.to_string());
    assert!(unknown.err().expect("it names nobody").to_string().contains("se pone en Ajustes"));
    let mut named = large.clone();
    named["Encabezado"]["IdDoc"]["MedioPago"] = 1.into();
    named["Encabezado"]["Receptor"] = json!({ "RUTRecep": "76192083-9", "RznSocRecep": "Ana" });
    let old =
        |draft: Box<dyn timbre_core::Draft>| draft.warnings().iter().any(|warning| warning.code == "uf-old");
    assert!(old(of(Some("2025-09-01"), &named).expect("good")));
    assert!(!old(of(Some("2026-01-10"), &named).expect("good")));
    named["Detalle"]["PrcItem"] = 5_000.into();
    assert!(!old(of(Some("2025-09-01"), &named).expect("good")), "far below the limit nothing depends on it");
}
