//! The Emisor a sale may carry agrees with the company, or the sale is another's.

use super::{Making, header_path};
use crate::tags::{Item, plain};
use crate::tipo::Family;

/// Tags of a sale's Emisor beside those of the company's data.
const SAME: [(&str, &str); 13] = [
    ("RUTEmisor", "RUTEmisor"),
    ("RznSoc", "RznSoc"),
    ("RznSocEmisor", "RznSoc"),
    ("GiroEmis", "GiroEmis"),
    ("GiroEmisor", "GiroEmis"),
    ("Telefono", "Telefono"),
    ("CorreoEmisor", "CorreoEmisor"),
    ("Acteco", "Acteco"),
    ("Sucursal", "Sucursal"),
    ("CdgSIISucur", "CdgSIISucur"),
    ("DirOrigen", "DirOrigen"),
    ("CmnaOrigen", "CmnaOrigen"),
    ("CiudadOrigen", "CiudadOrigen"),
];

/// Of the sale and not of the company: copied as they come (formato DTE 2.4.2, CdgVendedor, and the
/// supplier of timber).
const OF_THE_SALE: [&str; 4] = ["CdgVendedor", "IdAdicEmisor", "RUTProveedor", "RznSocProveedor"];

pub fn check(making: &mut Making<'_>) {
    let Some(sender) = making.order.sender.take() else { return };
    for (tag, ours) in SAME {
        for said in sender.leaves(tag) {
            if making.firm.tags(ours).any(|own| own.to_lowercase() == said.to_lowercase()) {
                continue;
            }
            let own: Vec<&str> = making.firm.tags(ours).collect();
            if own.is_empty() {
                let message =
                    format!("{} «{said}» no se usa: la empresa configurada no lo tiene.", plain::place(tag));
                making.warn("member-ignored", header_path("Emisor", tag), message);
                continue;
            }
            let message = format!(
                "{} dice «{said}» y la empresa configurada tiene «{}»; corrija la venta u omita {tag}.",
                plain::place(tag),
                own.join(", ")
            );
            making.refuse("sender-mismatch", header_path("Emisor", tag), message);
        }
    }
    for tag in OF_THE_SALE {
        let Some(said) = sender.leaf(tag) else { continue };
        match making.tipo.family() {
            Family::Dte => {
                let emisor = making.order.document.within("Encabezado").within("Emisor");
                emisor.set(tag, said);
            }
            Family::Boleta => {
                making.refuse(
                    "tag-not-for-type",
                    header_path("Emisor", tag),
                    format!("{} no va en una boleta; quite {tag}.", plain::place(tag)),
                );
            }
        }
    }
    if let Some(export) = sender.group("GuiaExport") {
        let emisor = making.order.document.within("Encabezado").within("Emisor");
        emisor.push("GuiaExport", Item::Group(export.clone()));
    }
}
