//! What a day came to: the room of the day, a search of it, its table for a spreadsheet and the panel's numbers say the
//! same.

use timbre_agent::export::Form;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::Query;
use timbre_app::Running;
use timbre_tests::{boleta, factura, sell, until};

use crate::types::{accepted, as_type, note, shop};

/// Sales, what they came to, and what was rejected or replaced; told alike by all who tell it.
#[track_caller]
fn told(shop: &Running) -> (u64, i64, u64, u64) {
    let agent = &shop.agent;
    let day = agent.today().unwrap();
    let query = Query { from: Some(day.date.clone()), to: Some(day.date.clone()), ..Query::default() };
    let found = agent.count(&query).unwrap();
    assert_eq!((found.sales, found.total, found.rejected), (day.sales, day.total, day.rejected.documents));

    let mut csv = Vec::new();
    agent.export(&query, Form::Csv, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let table: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(';').collect()).collect();
    assert_eq!(table.len() as u64, found.documents);
    // As an accountant does it: by the columns of type, total and state.
    let worth = |cells: &Vec<&str>| {
        let total: i64 = cells[7].parse().unwrap();
        match (cells[8], cells[1]) {
            ("RECHAZADO" | "REEMPLAZADO", _) | (_, "Guía de despacho") => 0,
            (_, "Nota de crédito") => -total,
            _ => total,
        }
    };
    assert_eq!(table.iter().map(worth).sum::<i64>(), day.total);

    let stats = agent.stats();
    let of_hours: u64 = day.hours.iter().map(|hour| hour.documents).sum();
    assert_eq!(stats.issued_today, of_hours + day.rejected.documents);
    assert_eq!(stats.issued_today, agent.snapshot().issued_today);
    assert_eq!((stats.total + found.replaced, stats.rejected), (found.documents, found.rejected));
    (day.sales, day.total, day.rejected.documents, found.replaced)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_its_search_its_table_and_the_panel_tell_one_sum() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    shop.sim.as_ref().unwrap().annul(39, 2, 2).unwrap();
    let mut guia = as_type(factura(900), 52);
    guia["Encabezado"]["IdDoc"]["IndTraslado"] = 1.into();
    guia["Encabezado"]["Transporte"] = serde_json::json!({ "DirDest": "Camino Real 55", "CmnaDest": "Buin" });
    for (key, sale) in
        [("33", factura(1_000)), ("39", boleta(5_000)), ("annulled", boleta(70_000)), ("52", guia)]
    {
        sell(&shop, &sale, key).await.unwrap_or_else(|no| panic!("{key}: {no:#?}"));
    }
    accepted(&shop, &["T33F1", "T39F1", "T52F1"]).await;
    until(&shop, |shop| shop.agent.stats().rejected == 1).await;
    assert_eq!(told(&shop), (2, 2_380 + 5_000, 1, 0));

    let mut part = note(61, (39, 1), 3);
    part["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    part["Detalle"] = serde_json::json!({ "NmbItem": "Pan amasado", "QtyItem": 1, "PrcItem": 600 });
    let mut more = note(56, (33, 1), 3);
    more["Detalle"] = serde_json::json!({ "NmbItem": "Harina 25 kg", "QtyItem": 1, "PrcItem": 100 });
    for (key, sale) in [("61", part), ("56", more)] {
        sell(&shop, &sale, key).await.unwrap_or_else(|no| panic!("{key}: {no:#?}"));
    }
    accepted(&shop, &["T61F1", "T56F1"]).await;
    let sum = 2_380 + 5_000 - 600 + 119;
    assert_eq!(told(&shop), (2, sum, 1, 0));
    let rejected = shop.agent.today().unwrap().rejected;
    assert_eq!((rejected.documents, rejected.total), (1, 70_000));

    // It is sold again under another folio: the sale counts, and once.
    let again = Reissue { sale: None, new_number: true, who: "Ana".to_owned() };
    let made = shop.agent.reissue("T39F2", again).await.expect("it is made again");
    accepted(&shop, &[&made.document.id]).await;
    assert_eq!(told(&shop), (3, sum + 70_000, 0, 1));
    shop.stop().await;
}
