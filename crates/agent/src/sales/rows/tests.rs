//! Tables as shops keep them: read whole, or refused where a sale could come out of them wrong.

use super::*;

const HEADS: &str = "numero;cliente;producto;cantidad;precio\n";

fn map(extra: Value) -> RowMap {
    let mut map = json!({
        "key": "numero", "prefix": "tienda-", "decimal": ",", "numbers": ["PrcItem", "QtyItem"],
        "fixed": { "Encabezado.IdDoc.TipoDTE": "39" },
        "sale": { "Encabezado.Receptor.RUTRecep": "cliente" },
        "line": { "NmbItem": "producto", "QtyItem": "cantidad", "PrcItem": "precio" },
    });
    if let (Value::Object(map), Value::Object(extra)) = (&mut map, extra) {
        map.extend(extra);
    }
    serde_json::from_value(map).unwrap()
}

fn sales(table: &[u8]) -> Vec<(Option<String>, Value)> {
    let offers = read(&map(json!({})), table).into_iter().map(|entry| entry.offer.unwrap());
    offers.map(|offer| (offer.key, serde_json::from_slice(&offer.body).unwrap())).collect()
}

/// `line key: names of the lines` of each sale below the heads, or `line !code place`.
fn told_by(map: &RowMap, table: &[u8]) -> Vec<String> {
    let say = |entry: Entry| match entry.offer {
        Err(no) => format!("{} !{} {}", entry.line, no.code, no.path),
        Ok(offer) => {
            let body: Value = serde_json::from_slice(&offer.body).unwrap();
            let names =
                body["Detalle"].as_array().unwrap().iter().map(|line| line["NmbItem"].as_str().unwrap());
            let names: Vec<_> = names.collect();
            format!("{} {}: {}", entry.line, offer.key.unwrap_or_default(), names.join(", "))
        }
    };
    read(map, table).into_iter().map(say).collect()
}

#[track_caller]
fn check(rows: &str, expect: &[&str]) {
    assert_eq!(told_by(&map(json!({})), format!("{HEADS}{rows}").as_bytes()), expect, "{rows}");
}

#[test]
fn lines_of_one_key_are_one_sale_and_numbers_are_the_tables_own() {
    let table = "numero;cliente;producto;cantidad;precio\n\
                 1;;Pan amasado;2;350\n1;;\"Queso \"\"chanco\"\"; kilo\";1;1.234,50\n\n2;77777777-7;Té;1;990\n";
    let found = sales(table.as_bytes());
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].0.as_deref(), Some("tienda-1"));
    let expected = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": "39" } },
        "Detalle": [
            { "NmbItem": "Pan amasado", "PrcItem": "350", "QtyItem": "2" },
            { "NmbItem": "Queso \"chanco\"; kilo", "PrcItem": "1234.50", "QtyItem": "1" },
        ],
    });
    assert_eq!(found[0].1, expected);
    assert_eq!(found[1].1["Encabezado"]["Receptor"]["RUTRecep"], "77777777-7");
}

/// What separates others separates nothing here.
#[test]
fn cells_are_separated_by_what_the_map_says() {
    for separator in [',', '\t', '|'] {
        let map = map(json!({ "separator": separator, "decimal": "." }));
        let rows =
            "numero|cliente|producto|cantidad|precio\n1||Pan; amasado|2|350.5\n1||\"Sal | fina\"|1|10\n";
        let table = rows.replace('|', &separator.to_string());
        let sale = format!("2 tienda-1: Pan; amasado, Sal {separator} fina");
        assert_eq!(told_by(&map, table.as_bytes()), [sale], "{separator:?}");
    }
}

/// «350.50» became $35.050, and «1.5» fifteen units.
#[test]
fn a_point_that_groups_nothing_is_refused_under_a_decimal_comma() {
    check(
        "a8;;Pan;1;350.50\na9;;Pan;1.5;1000\nb1;;Pan;0.500;1000\nb2;;Pan;1.500;1.234,50\n",
        &[
            "2 !table-number línea 2, columna «precio»",
            "3 !table-number línea 3, columna «cantidad»",
            "4 !table-number línea 4, columna «cantidad»",
            "5 tienda-b2: Pan",
        ],
    );
    let point = map(json!({ "decimal": "." }));
    let table = format!("{HEADS}1;;Pan;1;350,50\n2;;Pan;1;1,234.50\n");
    let told = told_by(&point, table.as_bytes());
    assert_eq!(told, ["2 !table-number línea 2, columna «precio»", "3 tienda-2: Pan"]);
    assert!(serde_json::from_value::<RowMap>(json!({ "decimal": "x", "line": {} })).is_err());
}

#[test]
fn a_file_that_is_no_table_of_sales_is_told_so_and_one_column_is_one() {
    let why =
        |table: &str| read(&map(json!({})), table.as_bytes())[0].offer.as_ref().unwrap_err().message.clone();
    assert_eq!(
        why("Querida Rosa,\nte escribo\n"),
        "No es la tabla de ventas: no trae ninguna de sus columnas («numero», «cliente», «producto»…)."
    );
    assert_eq!(why("numero;cliente\n1;\n"), "La tabla no trae la columna «producto».");
    assert_eq!(why(&format!("{HEADS}1\n")), "La línea trae 1 columna y la tabla tiene 5.");
}

/// The sale went out without its bad line, and the mended file only met its key.
#[test]
fn a_bad_line_takes_its_whole_sale_with_it_and_no_other() {
    check(
        "a1;;Pan;1;10\nb1;;Pan;1;350\nb1;;Te;1\nb1;;Queso;1;1000\nc1;;Pan;1;10\n",
        &["2 tienda-a1: Pan", "3 !table-invalid línea 4", "6 tienda-c1: Pan"],
    );
    check(
        "b1;;Pan;1;350\nb1;;Te;1;3.5\nc1;;Pan;1;10\n",
        &["2 !table-number línea 3, columna «precio»", "4 tienda-c1: Pan"],
    );
    check(
        "1;;Pan;1;10\n2;;Pan\n3;;Té;1;20\n",
        &["2 tienda-1: Pan", "3 !table-invalid línea 3", "4 tienda-3: Té"],
    );
}

/// A key behind a cell that is too much is another column's value.
#[test]
fn a_bad_line_whose_key_is_not_sure_takes_the_sales_beside_it() {
    let table = "producto;numero;cliente;cantidad;precio\n\
                 Te;0;;1;10\nPan;1;;1;10\nPan;dulce;1;;1;10\nQueso;2;;1;10\nQueso;3;;1;10\n";
    let expect = [
        "2 tienda-0: Te",
        "3 !table-beside-fault línea 4",
        "4 !table-invalid línea 4",
        "5 !table-beside-fault línea 4",
        "6 tienda-3: Queso",
    ];
    assert_eq!(told_by(&map(json!({})), table.as_bytes()), expect);
}

#[test]
fn a_line_without_a_key_is_no_sale_of_its_own() {
    check(
        "1;;Pan;1;10\n;;Te;1;10\n;;Queso;1;10\n2;;Pan;1;10\n3;;Pan;1;10\n",
        &[
            "2 !table-beside-fault línea 3",
            "3 !table-key-missing línea 3",
            "4 !table-key-missing línea 4",
            "5 !table-beside-fault línea 4",
            "6 tienda-3: Pan",
        ],
    );
    // Where no column is the key, each line is a sale.
    let table = format!("{HEADS}1;;Pan;1;10\n;;Te;1;10\n3;;Queso\n4;;Sal;1;10\n");
    let told = told_by(&map(json!({ "key": null })), table.as_bytes());
    assert_eq!(told, ["2 : Pan", "3 : Te", "4 !table-invalid línea 4", "5 : Sal"]);
}

/// The exempt book was taxed with the bread, and the second customer was lost.
#[test]
fn lines_of_one_key_that_say_two_sales_are_none() {
    check(
        "1;77777777-7;Pan;1;10\n1;;Te;1;10\n2;77777777-7;Pan;1;10\n2;66666666-6;Te;1;10\n3;;Pan;1;10\n3;77777777-7;Te;1;9\n",
        &["2 tienda-1: Pan, Te", "4 !table-sale-differs línea 5", "6 !table-sale-differs línea 7"],
    );
    // Each line says it again, as most tables do.
    check("1;77777777-7;Pan;1;10\n1;77777777-7;Te;1;10\n1;;Sal;1;10\n", &["2 tienda-1: Pan, Te, Sal"]);
    let by_type = map(json!({ "sale": { "Encabezado.IdDoc.TipoDTE": "cliente" } }));
    let table = format!("{HEADS}c1;39;Pan;1;10\nc1;41;Libro;1;10\n");
    assert_eq!(told_by(&by_type, table.as_bytes()), ["2 !table-sale-differs línea 3"]);
}

#[test]
fn a_key_that_comes_again_further_down_is_refused_wherever_it_stands() {
    check(
        "1;;Pan;1;10\n2;;Pan;1;10\n1;;Te;1;10\n3;;Pan;1;10\n",
        &["2 !table-key-again línea 2", "3 tienda-2: Pan", "4 !table-key-again línea 4", "5 tienda-3: Pan"],
    );
}

#[test]
fn a_quote_that_is_not_closed_is_told_where_it_opened() {
    check(
        "1;;Pan;1;10\n2;;Pan;1;10\n2;;\"Te;1;10\n3;;Pan;1;10\n",
        &["2 tienda-1: Pan", "3 !table-quote línea 4"],
    );
    let no = read(&map(json!({})), format!("{HEADS}1;;\"Te;1;10\n").as_bytes()).remove(0).offer.unwrap_err();
    assert!(no.message.contains("línea 2"), "{}", no.message);
    check(
        "1;;\"Queso\" chanco;1;10\n2;;Pan;1;10\n3;;Pan;1;10\n",
        &["2 !table-quote línea 2", "3 !table-beside-fault línea 2", "4 tienda-3: Pan"],
    );
    let heads = format!("\"{HEADS}1;;Te;1;10\n");
    assert_eq!(told_by(&map(json!({})), heads.as_bytes()), ["1 !table-quote línea 1"]);
    // Closed by another line's: what stands between the two is lost to both.
    check(
        "1;;Pan;1;10\n2;;\"Te;1;10\n3;;\"Pan\";1;10\n3;;Sal;1;10\n4;;Sal;1;10\n",
        &[
            "2 !table-beside-fault línea 3",
            "3 !table-quote línea 3",
            "5 !table-beside-fault línea 3",
            "6 tienda-4: Sal",
        ],
    );
    check(
        "2;;\"Te;1;10\n3;;Tubo 5\";1;10\n4;;Sal;1;10\n",
        &["2 !table-quote línea 2", "4 !table-beside-fault línea 2"],
    );
    check("2;;\"Té\nverde\";1;10\n3;;Tubo 5\";1;10\n", &["2 tienda-2: Té\nverde", "4 tienda-3: Tubo 5\""]);
}

#[test]
fn a_spreadsheets_windows_1252_is_read_as_what_it_is() {
    let name = |table: &[u8]| sales(table)[0].1["Detalle"][0]["NmbItem"].as_str().unwrap().to_owned();
    let heads = HEADS.as_bytes();
    assert_eq!(name(&[heads, b"1;;\xd1and\xfa;1;10\r\n"].concat()), "Ñandú");
    assert_eq!(
        name(&[heads, b"1;;Queso \x96 \x80 \x93x\x94 MEN\xda\xbb;1;10\r\n"].concat()),
        "Queso – € “x” MENÚ»"
    );
    assert_eq!(name(&["\u{feff}".as_bytes(), heads, "1;;Ñandú –;1;10\n".as_bytes()].concat()), "Ñandú –");
}

#[test]
fn a_table_that_is_not_one_text_is_refused_and_not_guessed_at() {
    let heads = HEADS.as_bytes();
    let no = |table: &[u8]| {
        let mut all = read(&map(json!({})), table);
        assert_eq!(all.len(), 1, "{all:?}");
        let no = all.remove(0).offer.unwrap_err();
        (no.code, no.path, no.message)
    };
    let mixed = no(&[heads, "1;;Ñandú;1;10\n".as_bytes(), b"2;;\xd1and\xfa;1;10\n"].concat());
    assert_eq!((mixed.0.as_str(), mixed.1.as_str()), ("table-encoding", "línea 3"));
    assert!(mixed.2.contains("línea 2") && mixed.2.contains("línea 3"), "{}", mixed.2);
    for wide in [&b"\xff\xfen\0u\0"[..], b"\xfe\xff\0n", b"n\0u\0"] {
        assert!(no(wide).2.contains("UTF-16"), "{wide:?}");
    }
    let control = no(&[heads, b"1;;Pan\x81;1;10\n"].concat());
    assert_eq!(control.0, "table-control");
    assert!(control.2.contains("U+0081") && control.2.contains("«producto»"), "{}", control.2);
    assert_eq!(no(&[heads, b"1;;Pan\0;1;10\n"].concat()).0, "table-control");
    assert!(
        no(b"numero;cliente;producto;cantidad;precio;precio\n").2.contains("más de una columna «precio»")
    );
    assert!(no(b"folio;cliente;producto;cantidad;precio\n").2.contains("«numero»"));
}

#[test]
fn line_ends_and_the_spreadsheets_own_first_line_are_known() {
    let rows = "1;;Pan;1;10\n1;;Te;1;10\n";
    for end in ["\n", "\r\n", "\r"] {
        let table = format!("sep=;\n{HEADS}{rows}").replace('\n', end);
        assert_eq!(told_by(&map(json!({})), table.as_bytes()), ["3 tienda-1: Pan, Te"], "{end:?}");
    }
    let other = told_by(&map(json!({})), format!("sep=,\n{HEADS}{rows}").as_bytes());
    assert_eq!(other, ["1 !table-invalid línea 1"]);
}

/// What is held is the table, which has a size it may not pass.
#[test]
fn a_table_of_ten_thousand_lines_is_read_and_one_without_end_is_not() {
    let rows: String = (0..10_000).map(|n| format!("{};;Pan {n};1;1.990\n", n / 4)).collect();
    let found = sales(format!("{HEADS}{rows}").as_bytes());
    assert_eq!(found.len(), 2_500);
    assert!(found.iter().all(|(_, sale)| sale["Detalle"].as_array().unwrap().len() == 4));
    assert_eq!(found[2_499].1["Detalle"][3]["NmbItem"], "Pan 9999");
    let rows = "1;;;;\n".repeat(MOST_ROWS + 1);
    check(&rows, &["1 !table-invalid línea 1"]);
    check(&"x".repeat(MOST_BYTES), &["1 !table-invalid línea 1"]);
}
