//! States of one document.

/// getEstDte and the REST service's `codigo` (manual OI2004; OAS boleta electrónica); `FIRMA` is
/// getEstDteAv (OIFE2006).
pub(super) const TABLE: super::Table = &[
    ("DOK", "El SII tiene el documento y sus datos coinciden."),
    (
        "DNK",
        "El SII tiene otro documento con este folio, con datos distintos. Puede ser otra caja o un respaldo restaurado: deje de usar ese rango de folios y revise en sii.cl qué se emitió.",
    ),
    ("FAU", "El SII no ha recibido el documento."),
    (
        "FNA",
        "El folio no está autorizado: fuera de rango, vencido o anulado. Use otro folio y anule este en sii.cl.",
    ),
    ("FAN", "El folio fue anulado antes de enviarse. El documento debe emitirse de nuevo con otro folio."),
    ("EMP", "La empresa no está autorizada en este ambiente del SII. Revise su resolución en sii.cl."),
    ("TMD", "El SII aceptó el documento, y después una nota de débito modificó su texto."),
    ("TMC", "El SII aceptó el documento, y después una nota de crédito modificó su texto."),
    ("MMD", "El SII aceptó el documento, y después una nota de débito modificó sus montos."),
    ("MMC", "El SII aceptó el documento, y después una nota de crédito modificó sus montos."),
    ("AND", "El SII aceptó el documento, y después una nota de débito lo anuló."),
    ("ANC", "El SII aceptó el documento, y después una nota de crédito lo anuló."),
    ("FIRMA 0", "El SII respondió la consulta por la firma del documento."),
    ("FIRMA 1", "La sesión con el SII venció. Se inicia otra sola."),
    ("FIRMA 2", "El SII no conoce la sesión. Se inicia otra sola."),
    ("FIRMA 5", "El SII no entendió la consulta por la firma del documento. Avise a quien le da soporte."),
    ("FIRMA 9", "El dueño del certificado no tiene permiso sobre esta empresa. Autorícelo en sii.cl."),
    (
        "FIRMA NO",
        "El SII tiene un documento con este folio y estos datos, pero firmado de otra forma. Revise en sii.cl cuál es antes de seguir: puede haberlo emitido otra caja o un respaldo restaurado.",
    ),
];
