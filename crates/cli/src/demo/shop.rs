//! The sales of a corner shop, the n-th always the same: mostly boletas, every tenth a factura, with
//! the decimals, discounts, exempt lines and Ñ that break careless programs.

use serde_json::{Value, json};

/// What is sold: name, price with IVA, unit (`KG` is weighed), exempt.
const SHELF: [(&str, u32, &str, bool); 16] = [
    ("Pan amasado", 350, "UN", false),
    ("Marraqueta", 2_190, "KG", false),
    ("Leche entera 1 L", 1_150, "UN", false),
    ("Queso mantecoso", 9_990, "KG", false),
    ("Piñas en conserva", 2_390, "UN", false),
    ("Ají de color Ñuñoa", 890, "UN", false),
    ("Té & hierbas «Cordillera»", 1_790, "UN", false),
    ("Palta Hass", 5_490, "KG", false),
    ("Diario", 1_000, "UN", true),
    ("Detergente 3 L", 6_990, "UN", false),
    ("Huevos, bandeja de 30", 7_490, "UN", false),
    ("Café en grano 250 g", 5_690, "UN", false),
    ("Libro «Cuentos de la pampa»", 8_500, "UN", false),
    ("Limones", 1_690, "KG", false),
    ("Bebida 1,5 L", 1_990, "UN", false),
    ("Carga de celular", 5_000, "UN", true),
];

/// Who asks for a factura: RUT, name, business, address, comuna.
const CUSTOMERS: [(&str, &str, &str, &str, &str); 3] = [
    ("77777777-7", "Panadería Ñuñoa Ltda.", "Elaboración de pan", "Av. Irarrázaval 2450", "Ñuñoa"),
    ("88888888-8", "Hotel Peñalolén S.A.", "Hoteles", "Av. Grecia 8735", "Peñalolén"),
    ("44444444-4", "Comercial El Cóndor SpA", "Venta al por mayor", "Los Ángeles 77", "Viña del Mar"),
];

/// The n-th sale of the day.
pub fn sale(n: u64) -> Value {
    let mut sale = if n % 10 == 9 { factura(n) } else { boleta(n) };
    sale["Timbre"] = json!({ "Caja": format!("{}", n % 3 + 1), "Cajero": "Begoña" });
    sale
}

fn boleta(n: u64) -> Value {
    let count = n % 5 + 1;
    let mut lines: Vec<Value> = (0..count).map(|i| line(n, i)).collect();
    // All-exempt would have to be another type of document.
    if lines.iter().all(|line| line.get("IndExe").is_some()) {
        lines.push(json!({ "NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350 }));
    }
    let exempt = lines.iter().any(|line| line.get("IndExe").is_some());
    let mut sale = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        // One line may stand without its list.
        "Detalle": if lines.len() == 1 { lines.remove(0) } else { Value::Array(lines) },
    });
    if !exempt && n % 7 == 3 {
        sale["DscRcgGlobal"] =
            json!({ "TpoMov": "D", "GlosaDR": "Cliente frecuente", "TpoValor": "%", "ValorDR": 5 });
    }
    if n % 6 == 2 {
        sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "66666666-6", "RznSocRecep": "Señora Muñoz" });
    }
    sale
}

fn line(n: u64, i: u64) -> Value {
    let (name, price, unit, exempt) = SHELF[((n * 7 + i * 5) % SHELF.len() as u64) as usize];
    let mut line = json!({ "NmbItem": name, "PrcItem": price });
    if unit == "KG" {
        // Scales print three decimals: as text or as a number, both are exact.
        line["UnmdItem"] = json!("KG");
        line["QtyItem"] = json!(format!("0.{:03}", 125 + (n * 37 + i) % 800));
    } else {
        line["QtyItem"] = json!(n % 3 + 1);
        if !exempt && (n + i) % 11 == 4 {
            line["DescuentoMonto"] = json!(50);
        }
    }
    if exempt {
        line["IndExe"] = json!(1);
    }
    line
}

/// Net prices, to a trader.
fn factura(n: u64) -> Value {
    let (rut, name, business, address, comuna) = CUSTOMERS[(n / 10 % CUSTOMERS.len() as u64) as usize];
    let mut lines = vec![
        json!({ "NmbItem": "Harina especial, saco", "QtyItem": n % 4 + 1, "UnmdItem": "UN", "PrcItem": "18487.395" }),
        json!({ "NmbItem": "Levadura", "QtyItem": "1.5", "UnmdItem": "KG", "PrcItem": 4_190 }),
    ];
    if n % 20 == 19 {
        lines[0]["DescuentoMonto"] = json!(500);
    }
    if n % 30 == 29 {
        lines.push(json!({ "NmbItem": "Libro exento «Recetas del año»", "QtyItem": 1, "PrcItem": 12_000, "IndExe": 1 }));
    }
    json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33, "FmaPago": 1 },
            "Receptor": {
                "RUTRecep": rut, "RznSocRecep": name, "GiroRecep": business, "DirRecep": address, "CmnaRecep": comuna,
            },
        },
        "Detalle": lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenth_sale_is_a_factura_and_no_boleta_is_all_exempt() {
        for n in 0..500 {
            let sale = sale(n);
            let kind = sale["Encabezado"]["IdDoc"]["TipoDTE"].as_u64().unwrap();
            assert_eq!(kind, if n % 10 == 9 { 33 } else { 39 });
            let lines = match &sale["Detalle"] {
                Value::Array(lines) => lines.clone(),
                one => vec![one.clone()],
            };
            assert!(lines.iter().any(|line| line.get("IndExe").is_none()), "{n}");
            for line in lines {
                let whole = line["QtyItem"].as_str().is_some() || line["QtyItem"].as_u64() > Some(0);
                assert!(whole && line["NmbItem"].as_str().unwrap().chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn a_day_has_everything_that_breaks_careless_programs() {
        let day: String = (0..40).map(|n| sale(n).to_string()).collect();
        for mark in ["Ñ", "KG", "DescuentoMonto", "DscRcgGlobal", "IndExe", "0.", "«", "&", "66666666-6"] {
            assert!(day.contains(mark), "{mark}");
        }
        assert_eq!(sale(17), sale(17));
    }
}
