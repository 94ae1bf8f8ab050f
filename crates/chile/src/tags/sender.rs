//! The `Emisor` as a sale may say it: the tags of both schemas together. None of it is copied but what is
//! of the sale and not of the company; the rest must agree with the company.

use super::factura::GUIA_EXPORT;
use super::{Field, group, rut, text, whole};

pub static SENT: &[Field] = &[
    rut("RUTEmisor"),
    text("RznSoc", 100),
    text("RznSocEmisor", 100),
    text("GiroEmis", 80),
    text("GiroEmisor", 80),
    text("Telefono", 20).up_to(2),
    text("CorreoEmisor", 80),
    whole("Acteco", 1, 999_999).up_to(4),
    group("GuiaExport", GUIA_EXPORT).only(&[52]),
    text("Sucursal", 20),
    whole("CdgSIISucur", 1, 999_999_999),
    text("DirOrigen", 70),
    text("CmnaOrigen", 20),
    text("CiudadOrigen", 20),
    text("CdgVendedor", 60),
    text("IdAdicEmisor", 20),
    rut("RUTProveedor").only(&[33, 52]),
    text("RznSocProveedor", 100).only(&[33, 52]),
];
