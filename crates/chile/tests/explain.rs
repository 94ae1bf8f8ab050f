//! Where the figures of a document come from, as `preview --explain` says it.

mod desk;

use timbre_chile::Chile;
use timbre_core::document::NoDocuments;
use timbre_core::{Preview, Regime};

fn preview(sale: &str) -> Preview {
    let sale = desk::sale(sale).expect("a sale");
    Chile::default().preview(&sale, Some(&desk::issuer()), &NoDocuments, desk::now()).expect("good")
}

/// The sale of a golden document.
fn golden(name: &str) -> String {
    std::fs::read_to_string(desk::golden(name)).expect("it is committed")
}

/// What is said of these tags, whole or but for the number of their line.
fn told_of(sale: &str, tags: &[&str]) -> Vec<String> {
    let of = |line: &String| tags.iter().any(|tag| line.starts_with(tag));
    told(sale).into_iter().filter(of).collect()
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
            "ImptoReten[0].MontoImp 1473: Impuesto a los vinos (25): 20,5 % de 7.186, el valor neto de la línea 1 (7.564) después de los descuentos y recargos globales, al peso",
            "CredEC 100: lo dice la venta",
            "GrntDep 200: envases: línea 4: 200",
            "MntTotal 11755: 8.136 neto + 500 exento + 1.546 IVA + 1.473 otros impuestos + 200 envases − 100 crédito especial",
            "MontoNF 300: lo que no se factura aquí: línea 5: 300",
            "MontoPeriodo 12055: 11.755 del total + 300 de lo no facturable",
            "SaldoAnterior -500: lo dice la venta",
            "VlrPagar 11555: 12.055 del período − 500 de saldo anterior",
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

/// Formato DTE 2.4.2, campo 117: some taxes are taken of what the lines state, not of what they are worth.
#[test]
fn a_tax_says_what_it_is_taken_of() {
    assert_eq!(
        told_of(
            &golden("impuestos/205-faenamiento-y-margen.json"),
            &["MntBase ", "MntMargenCom ", "ImptoReten", "TasaIVA "]
        ),
        [
            "MntBase 4000010: las bases de faenamiento que dicen las líneas",
            "MntMargenCom 17782: los márgenes de comercialización que dicen las líneas",
            "TasaIVA 19: la tasa del IVA (DL 825, art. 14)",
            "ImptoReten[0].MontoImp 1478: IVA de margen de comercialización (14): 19 % de 7.777, el margen \
             (MntMargComer) de la línea 3, al peso",
            "ImptoReten[1].MontoImp 200001: IVA anticipado faenamiento de carne (17): 5 % de 4.000.010, la base de \
             faenamiento (MntBaseFaena) de la línea 1, al peso",
            "ImptoReten[2].MontoImp 1901: IVA de margen de instrumentos de prepago (50): 19 % de 10.005, el margen \
             (MntMargComer) de la línea 2, al peso",
        ]
    );
}

#[test]
fn what_is_not_billed_is_told_with_its_signs_and_discounts() {
    assert_eq!(
        told_of(
            &golden("boleta/009-no-facturable.json"),
            &["MontoNF", "TotalPeriodo", "SaldoAnterior", "VlrPagar"]
        ),
        [
            "MontoNF 500: lo que no se factura aquí: líneas 2, 3: 2.000 − 1.500",
            "TotalPeriodo 6460: 5.960 del total + 500 de lo no facturable",
            "SaldoAnterior 1200: lo dice la venta",
            "VlrPagar 7660: 6.460 del período + 1.200 de saldo anterior",
        ]
    );
    // IndExeDR 2: the discount is of what is not billed, and of nothing else.
    let sale = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [ { "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1190 }, { "NmbItem": "Envase", "IndExe": 2, "QtyItem": 1, "PrcItem": 1000 } ],
        "DscRcgGlobal": { "TpoMov": "D", "TpoValor": "%", "ValorDR": 10, "IndExeDR": 2 } }"#;
    assert_eq!(
        told_of(sale, &["DscRcgGlobal", "MntNeto", "MontoNF"]),
        [
            "DscRcgGlobal[0] 100: descuento global de 10 % sobre 1.000, al peso",
            "MntNeto 1000: 1.190 con IVA (línea 1: 1.190), dividido por 1,19, al peso",
            "MontoNF 900: lo que no se factura aquí: línea 2: 1.000 − 100",
        ]
    );
}

#[test]
fn a_surcharge_is_added() {
    let sale = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 41 } }, "Detalle": [ { "NmbItem": "Libro", "QtyItem": 1, "PrcItem": 1000, "RecargoPct": 2.5 } ],
        "DscRcgGlobal": { "TpoMov": "R", "TpoValor": "$", "ValorDR": 150 } }"#;
    assert_eq!(
        told(sale),
        [
            "Detalle[0].MontoItem 1025: 1 × 1.000 + 25 de recargo (2,5 %), al peso",
            "DscRcgGlobal[0] 150: recargo global en pesos",
            "MntExe 1175: línea 1: 1.025 + 150",
            "MntTotal 1175: 1.175 exento",
        ]
    );
}

#[test]
fn lines_are_named_as_long_as_they_can_be_read() {
    let net_of = |lines: usize| {
        let line = r#"{ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1000 }"#;
        let detail = vec![line; lines].join(",");
        told_of(
            &format!(r#"{{ "Encabezado": {{ "IdDoc": {{ "TipoDTE": 39 }} }}, "Detalle": [ {detail} ] }}"#),
            &["MntNeto"],
        )
    };
    assert!(
        net_of(12)[0].contains("líneas 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12: 1.000 + "),
        "{:?}",
        net_of(12)
    );
    assert_eq!(
        net_of(13),
        ["MntNeto 10924: 13.000 con IVA (13 líneas que suman 13.000), dividido por 1,19, al peso"]
    );
}

/// In millionths: `3.361,5` is 3361500000.
fn number(text: &str) -> Option<i128> {
    let (whole, part) = text.split_once(',').unwrap_or((text, ""));
    let digits = format!("{}{part:0<6}", whole.replace('.', ""));
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| digits.parse().expect("digits"))
}

/// To the nearest whole, halves up.
fn near(n: i128, d: i128) -> i128 {
    (2 * n + d) / (2 * d)
}

/// What the words come to by themselves; `None` where they only say who states the figure.
fn worked_out(words: &str) -> Option<i128> {
    const UNIT: i128 = 1_000_000;
    match words {
        "la tasa del IVA (DL 825, art. 14)" => return Some(19),
        "ninguna línea" | "nada se cobra" | "no es parte de la venta (IndExe 4 o 5)" => return Some(0),
        "el valor que dice la línea"
        | "lo dice la venta"
        | "descuento global en pesos"
        | "recargo global en pesos"
        | "las bases de faenamiento que dicen las líneas"
        | "los márgenes de comercialización que dicen las líneas" => return None,
        _ => {}
    }
    let words = words.split_once(" (línea").map_or(words, |(before, _)| before);
    let first = |text: &str| text.split([' ', ';']).find_map(|word| number(word.trim_end_matches(',')));
    let last = |text: &str| text.split(' ').next_back().and_then(number);
    for per in [" % de ", " % sobre "] {
        if let Some((rate, base)) = words.split_once(per) {
            return Some(near(last(rate)? * first(base)?, 100 * UNIT * UNIT));
        }
    }
    if let Some((gross, net)) = words.split_once(" con IVA menos ") {
        return Some((first(gross)? - first(net)?) / UNIT);
    }
    if words.contains(" con IVA") {
        return Some(near(first(words)? * 100, 119 * UNIT));
    }
    let words = words.rsplit_once(": ").map_or(words, |(_, sum)| sum);
    let words = words.split_once("que suman ").map_or(words, |(_, sum)| sum);
    let mut parts = words.split_inclusive([' ']).map(str::trim).peekable();
    let (mut sum, mut sign) = (0, 1);
    while let Some(word) = parts.next() {
        match (word, number(word.trim_end_matches(','))) {
            ("−", _) => sign = -1,
            ("+", _) => sign = 1,
            // Of a product the next is its other factor.
            (_, Some(one)) if parts.next_if_eq(&"×").is_some() => {
                sum += near(one * number(parts.next()?.trim_end_matches(','))?, UNIT * UNIT);
            }
            (_, Some(one)) => sum += sign * one / UNIT,
            // A percentage that a discount says beside its amount.
            (word, None) if word.starts_with('(') => {
                parts.next();
            }
            _ => {}
        }
    }
    Some(sum)
}

/// Every figure of every golden sale has its words, and what they tell to reckon comes to that figure.
#[test]
fn no_total_is_left_unexplained() {
    let (mut seen, mut worked) = (0, 0);
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
                    seen += 1;
                }
            }
            for one in &preview.explained {
                if let Some(figure) = worked_out(&one.from) {
                    assert_eq!(figure, i128::from(one.amount.0), "{one:?} of {}", path.display());
                    worked += 1;
                }
            }
        }
    }
    assert!(seen > 150 && worked > 250, "{seen} {worked}");
}
