//! Where the figures of a document come from, as `preview --explain` says it.

mod desk;

use timbre_chile::Chile;
use timbre_core::document::NoDocuments;
use timbre_core::{Preview, Regime};

fn preview(sale: &str) -> Preview {
    let sale = desk::sale(sale).expect("a sale");
    Chile::default().preview(&sale, Some(&desk::issuer()), &NoDocuments, desk::now()).expect("good")
}

fn told(sale: &str) -> Vec<String> {
    preview(sale)
        .explained
        .into_iter()
        .map(|one| format!("{} {}: {}", one.tag, one.amount, one.from))
        .collect()
}

#[test]
fn a_factura_says_where_each_figure_comes_from() {
    let sale = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 33, "FmaPago": 1 }, "Receptor": { "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" },
        "Totales": { "SaldoAnterior": -500, "CredEC": 100 } },
      "Detalle": [ { "NmbItem": "Vino", "QtyItem": 2.5, "PrcItem": 3361.5, "DescuentoPct": 10, "CodImpAdic": 25 }, { "NmbItem": "Copa", "QtyItem": 1, "PrcItem": 1000 },
                   { "NmbItem": "Libro", "IndExe": 1, "MontoItem": 500 }, { "NmbItem": "Envase", "IndExe": 3, "QtyItem": 2, "PrcItem": 100 }, { "NmbItem": "Flete", "IndExe": 2, "MontoItem": 300 } ],
      "DscRcgGlobal": { "TpoMov": "D", "TpoValor": "%", "ValorDR": 5 } }"#;
    assert_eq!(
        told(sale),
        [
            "Detalle[0].MontoItem 7564: 2,5 × 3.361,5 − 840 de descuento (10 %), al peso",
            "Detalle[1].MontoItem 1000: 1 × 1.000, al peso",
            "Detalle[2].MontoItem 500: el valor que dice la línea",
            "Detalle[3].MontoItem 200: 2 × 100, al peso",
            "Detalle[4].MontoItem 300: el valor que dice la línea",
            "DscRcgGlobal[0] 428: descuento global de 5 % sobre 8.564, al peso",
            "MntNeto 8136: líneas 1, 2: 7.564 + 1.000 − 428",
            "MntExe 500: línea 3: 500",
            "TasaIVA 19: la tasa del IVA (DL 825, art. 14)",
            "IVA 1546: 19 % de 8.136, al peso",
            "ImptoReten[0].MontoImp 1473: Impuesto a los vinos (25): 20,5 % de 7.186, el valor neto de la línea 1, al peso",
            "CredEC 100: lo dice la venta",
            "GrntDep 200: envases: línea 4: 200",
            "MntTotal 11755: 8.136 neto + 500 exento + 1.546 IVA + 1.473 otros impuestos + 200 envases − 100 crédito especial",
            "MontoNF 300: lo que no se factura aquí: línea 5: 300",
            "MontoPeriodo 12055: 11.755 de total y 300 no facturable",
            "SaldoAnterior -500: lo dice la venta",
            "VlrPagar 11555: 12.055 del período y -500 de saldo anterior",
        ]
    );
}

#[test]
fn a_boleta_says_how_its_iva_comes_out_of_the_price() {
    let sale = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": [ { "NmbItem": "Sellador", "QtyItem": 1, "PrcItem": 5980 } ] }"#;
    assert_eq!(
        told(sale),
        [
            "Detalle[0].MontoItem 5980: 1 × 5.980, al peso",
            "MntNeto 5025: 5.980 con IVA (línea 1: 5.980), dividido por 1,19, al peso",
            "IVA 955: 5.980 con IVA menos 5.025 de neto, para que el total no se mueva",
            "MntTotal 5980: 5.025 neto + 955 IVA",
        ]
    );
}

/// Every figure of every golden sale has its words, and they are of that figure.
#[test]
fn no_total_is_left_unexplained() {
    let mut seen = 0;
    for folder in std::fs::read_dir(desk::golden("")).expect("the folder is committed") {
        for file in std::fs::read_dir(folder.expect("it can be read").path()).expect("a folder") {
            let path = file.expect("it can be read").path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let preview = preview(&std::fs::read_to_string(&path).expect("UTF-8"));
            for (tag, amount) in preview.totals.as_object().expect("totals") {
                let taxes = amount.as_array().into_iter().flatten().enumerate();
                let mut wanted: Vec<(String, i64)> = taxes
                    .map(|(at, tax)| {
                        (format!("{tag}[{at}].MontoImp"), tax["MontoImp"].as_i64().expect("pesos"))
                    })
                    .collect();
                wanted.extend(amount.as_i64().map(|amount| (tag.clone(), amount)));
                assert!(!wanted.is_empty());
                for (tag, amount) in wanted {
                    let found = preview.explained.iter().find(|one| one.tag == tag);
                    let found = found.unwrap_or_else(|| panic!("{tag} of {}", path.display()));
                    assert_eq!(found.amount.0, amount, "{tag} of {}", path.display());
                    assert!(found.from.len() > 5, "{found:?}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 150, "{seen}");
}
