//! A table of sales at the command line: what it says is issued, what can be misread is refused with its line,
//! and the mended table issues the rest alone.

mod desk;
mod shop;

use desk::Shop;
use serde_json::{Value, json};

const MAP: &str = r#"
decimal = ","
numbers = ["PrcItem", "QtyItem"]
key = "numero"
prefix = "tienda-"
fixed = { "Encabezado.IdDoc.TipoDTE" = "39" }
sale = { "Encabezado.Receptor.RUTRecep" = "rut" }
line = { NmbItem = "producto", QtyItem = "cantidad", PrcItem = "precio" }
"#;

/// What `issue --csv` answers: `line id total` of each document, `line code` of each refusal.
fn issued(shop: &Shop, map: &str, table: &str, exit: i32) -> Vec<String> {
    let ran = shop.run(&["issue", "--csv", map, table, "--json"]);
    assert_eq!(ran.code, exit, "{ran:?}");
    let say = |answer: Value| match answer["error"].as_str() {
        Some(code) => format!("{} {code}", answer["line"]),
        None => {
            let again = if answer["repeated"] == json!(true) { " again" } else { "" };
            format!("{} {} {}{again}", answer["line"], answer["id"].as_str().expect("an id"), answer["total"])
        }
    };
    ran.objects().into_iter().map(say).collect()
}

#[test]
fn a_table_is_issued_and_a_mended_one_issues_only_what_was_refused() {
    let shop = Shop::open();
    let map = shop.file("mapa.toml", MAP.as_bytes());
    let bad = "sep=;\r\nnumero;rut;producto;cantidad;precio\r\n\
               1;;Pan – 1 kg;2;1.350\r\n1;;Té;1;990\r\n2;;Pan;1;350.50\r\n3;;Pan;1;350\r\n3;;Té;1\r\n3;;Queso;1;1.000\r\n";
    // As a spreadsheet in Chile saves it.
    let saved = |text: &str| {
        let byte = |ch: char| if ch == '–' { 0x96 } else { u8::try_from(u32::from(ch)).expect("Latin-1") };
        text.chars().map(byte).collect::<Vec<u8>>()
    };
    let table = shop.file("ventas.csv", &saved(bad));
    assert_eq!(issued(&shop, &map, &table, 1), ["3 T39F1 3690", "5 table-number", "6 table-invalid"]);
    let said = shop.run(&["issue", "--csv", &map, &table]);
    assert!(said.err.contains("línea 5, columna «precio»") && said.err.contains("«350.50»"), "{said:?}");
    assert!(said.err.contains("línea 7") && said.err.contains("4 columnas"), "{said:?}");

    let mended = bad.replace("350.50", "350,50").replace("3;;Té;1\r\n", "3;;Té;1;990\r\n");
    let table = shop.file("ventas.csv", &saved(&mended));
    assert_eq!(issued(&shop, &map, &table, 0), ["3 T39F1 3690 again", "5 T39F2 351", "6 T39F3 2340"]);
    let xml = shop::ended(&mut shop.command(&["show", "T39F1", "--xml"]), "").stdout;
    let holds = |part: &[u8]| xml.windows(part.len()).any(|bytes| bytes == part);
    assert!(
        holds(b"<NmbItem>Pan - 1 kg</NmbItem>") && holds(b"<NmbItem>T\xe9</NmbItem>"),
        "the text of the paper"
    );
}

#[test]
fn a_table_that_can_not_be_read_issues_nothing() {
    let shop = Shop::open();
    let map = shop.file("mapa.toml", MAP.as_bytes());
    let before = shop.standing();
    let heads = "numero;rut;producto;cantidad;precio\n";
    let again = format!("{heads}1;;Pan;1;10\n2;;;1;10\n1;;Té;1;10\n");
    for (table, told) in [
        (again.into_bytes(), &["2 table-key-again", "3 required", "4 table-key-again"][..]),
        (b"\xff\xfen\0u\0".to_vec(), &["1 table-encoding"]),
        (b"numero;producto\n1;Pan\n".to_vec(), &["1 table-invalid"]),
    ] {
        let table = shop.file("ventas.csv", &table);
        assert_eq!(issued(&shop, &map, &table, 1), told);
    }
    assert_eq!(shop.standing(), before, "no folio was used");
    let map = shop.file("mapa.toml", MAP.replace("decimal = \",\"", "decimal = \";\"").as_bytes());
    let table = shop.file("ventas.csv", heads.as_bytes());
    let no = shop.run(&["issue", "--csv", &map, &table]);
    assert!(no.code == 2 && no.err.contains("mapa.toml"), "{no:?}");
}

/// Ten thousand lines of two hundred sales; what is held is the table, which has a size it may not pass.
#[test]
fn a_table_of_ten_thousand_lines_goes_through() {
    let shop = Shop::open();
    let map = shop.file("mapa.toml", MAP.as_bytes());
    let mut table = String::from("numero;rut;producto;cantidad;precio\n");
    for n in 0..10_000 {
        table.push_str(&format!("{};;Producto {n};1;1.000\n", n / 50));
    }
    let file = shop.file("ventas.csv", table.as_bytes());
    let told = issued(&shop, &map, &file, 0);
    assert_eq!(told.len(), 200);
    assert_eq!((told[0].as_str(), told[199].as_str()), ("2 T39F1 50000", "9952 T39F200 50000"));
    let file = shop.file("ventas.csv", table.repeat(64).as_bytes());
    assert_eq!(issued(&shop, &map, &file, 1), ["1 table-invalid"], "larger than a table may be");
}
