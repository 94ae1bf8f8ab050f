//! The `Emisor` as a sale may say it: the tags of both schemas together. None of it is copied but the
//! seller's code; the rest must agree with the company.

use super::{Field, rut, text, whole};

pub static SENT: &[Field] = &[
    rut("RUTEmisor"),
    text("RznSoc", 100),
    text("RznSocEmisor", 100),
    text("GiroEmis", 80),
    text("GiroEmisor", 80),
    text("Telefono", 20).up_to(2),
    text("CorreoEmisor", 80),
    whole("Acteco", 1, 999_999).up_to(4),
    text("Sucursal", 20),
    whole("CdgSIISucur", 1, 999_999_999),
    text("DirOrigen", 70),
    text("CmnaOrigen", 20),
    text("CiudadOrigen", 20),
    text("CdgVendedor", 60),
    text("IdAdicEmisor", 20),
];
