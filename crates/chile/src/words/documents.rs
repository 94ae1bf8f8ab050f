//! States of one document.

use super::Action::*;
use super::Number::*;
use super::Whose::*;
use super::{Table, word};

/// getEstDte and the REST service's `codigo` (manual OI2004; OAS boleta electrónica); `FIRMA` is
/// getEstDteAv (OIFE2006).
pub(super) const TABLE: Table = &[
    word("DOK", Nobody, Used, Nothing, "El SII tiene el documento y sus datos coinciden."),
    word(
        "DNK",
        Folios,
        Burnt,
        OtherTills,
        "El SII tiene otro documento con este folio, con datos distintos. Puede ser otra caja o un respaldo restaurado: deje de usar ese rango de folios y revise en sii.cl qué se emitió.",
    ),
    word("FAU", Nobody, Free, Wait, "El SII no ha recibido el documento."),
    word(
        "FNA",
        Folios,
        Burnt,
        Caf,
        "El folio no está autorizado: fuera de rango, vencido o anulado. Use otro folio y anule este en sii.cl.",
    ),
    word(
        "FAN",
        Folios,
        Burnt,
        NewFolio,
        "El folio fue anulado antes de enviarse. El documento debe emitirse de nuevo con otro folio.",
    ),
    word(
        "EMP",
        Company,
        Apart,
        Resolution,
        "La empresa no está autorizada en este ambiente del SII. Revise su resolución en sii.cl.",
    ),
    word(
        "TMD",
        Nobody,
        Used,
        Nothing,
        "El SII aceptó el documento, y después una nota de débito modificó su texto.",
    ),
    word(
        "TMC",
        Nobody,
        Used,
        Nothing,
        "El SII aceptó el documento, y después una nota de crédito modificó su texto.",
    ),
    word(
        "MMD",
        Nobody,
        Used,
        Nothing,
        "El SII aceptó el documento, y después una nota de débito modificó sus montos.",
    ),
    word(
        "MMC",
        Nobody,
        Used,
        Nothing,
        "El SII aceptó el documento, y después una nota de crédito modificó sus montos.",
    ),
    word("AND", Nobody, Used, Nothing, "El SII aceptó el documento, y después una nota de débito lo anuló."),
    word("ANC", Nobody, Used, Nothing, "El SII aceptó el documento, y después una nota de crédito lo anuló."),
    word("FIRMA 0", Nobody, Apart, Nothing, "El SII respondió la consulta por la firma del documento."),
    word("FIRMA 1", Nobody, Apart, Wait, "La sesión con el SII venció. Se inicia otra sola."),
    word("FIRMA 2", Nobody, Apart, Wait, "El SII no conoce la sesión. Se inicia otra sola."),
    word(
        "FIRMA 5",
        Timbre,
        Apart,
        Support,
        "El SII no entendió la consulta por la firma del documento. Avise a quien le da soporte.",
    ),
    word(
        "FIRMA 9",
        Company,
        Apart,
        Permission,
        "El dueño del certificado no tiene permiso sobre esta empresa. Autorícelo en sii.cl.",
    ),
    word(
        "FIRMA NO",
        Folios,
        Burnt,
        OtherTills,
        "El SII tiene un documento con este folio y estos datos, pero firmado de otra forma. Revise en sii.cl cuál es antes de seguir: puede haberlo emitido otra caja o un respaldo restaurado.",
    ),
];
