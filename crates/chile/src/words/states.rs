//! States of an upload.

/// Letters as the SII writes them; `ESTADO` are the bare numbers of getEstUp and getEstDte (manual
/// OI2004; OAS boleta electrónica).
pub(super) const TABLE: super::Table = &[
    ("REC", "El SII recibió el envío y todavía no lo revisa. Espere."),
    ("SOK", "El SII revisó el formato del envío y está bien. Espere."),
    ("CRT", "El SII revisó la carátula del envío y está bien. Espere."),
    ("FOK", "El SII revisó la firma del envío y está bien. Espere."),
    ("PDR", "El SII está procesando el envío. Espere."),
    ("PRD", "El SII está procesando el envío. Espere."),
    ("EPR", "El SII terminó de procesar el envío; el resultado de cada documento va aparte."),
    (
        "RSC",
        "El SII rechazó el envío completo porque no cumple el formato. Vea el detalle y corrija el documento.",
    ),
    ("RFR", "El SII rechazó el envío completo por la firma. Revise el certificado digital y emita de nuevo."),
    (
        "RCT",
        "El SII rechazó el envío completo por su carátula. Revise el número y la fecha de resolución de la empresa antes de emitir de nuevo.",
    ),
    ("RCH", "El SII rechazó el documento. El motivo llega al correo que la empresa registró en el SII."),
    ("RPR", "El SII aceptó el documento con reparos. Revise el detalle y corrija hacia adelante."),
    ("RLV", "El SII aceptó el documento con un reparo leve. Revise el detalle."),
    ("RCO", "El SII rechazó el envío porque sus datos no calzan entre sí. Vea el detalle."),
    ("RDC", "El SII revisa los datos del documento. Espere."),
    (
        "RPT",
        "El SII dice que el envío está repetido. No se rechaza ni se envía de nuevo: se consulta documento por documento.",
    ),
    ("VOF", "El SII no encuentra el archivo del envío por un problema suyo. Se sigue consultando."),
    ("LOK", "El SII aceptó el libro."),
    ("LSO", "El SII revisó el formato del libro y está bien. Espere."),
    ("LTC", "El libro quedó cuadrado en el SII."),
    ("LNC", "El libro no cuadra con los documentos que el SII tiene. Revise el detalle."),
    ("LRH", "El SII rechazó el libro."),
    ("LRC", "El SII rechazó el libro por su carátula."),
    ("LRF", "El SII rechazó el libro por su firma."),
    (
        "ESTADO 001",
        "La sesión con el SII venció. Se inicia otra sola; si se repite, revise el certificado digital.",
    ),
    (
        "ESTADO 002",
        "La sesión con el SII venció. Se inicia otra sola; si se repite, revise el certificado digital.",
    ),
    (
        "ESTADO 003",
        "El SII no conoce la sesión. Se inicia otra sola; si se repite, revise el certificado digital.",
    ),
    ("ESTADO 004", "El SII todavía no tiene una respuesta sobre el envío. Se sigue consultando."),
    ("ESTADO 005", "El SII todavía no tiene una respuesta sobre el envío. Se sigue consultando."),
    ("ESTADO 007", "El SII todavía no tiene una respuesta sobre el envío. Se sigue consultando."),
    (
        "ESTADO 106",
        "El dueño del certificado no tiene permiso de envío. En sii.cl: Factura electrónica, Sistema de facturación de mercado, Actualización de datos de empresa autorizada, Mantención de usuarios; déle los permisos.",
    ),
    ("ESTADO 107", "El SII todavía no tiene una respuesta sobre el envío. Se sigue consultando."),
    ("ESTADO -1", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -2", "El SII no pudo responder la consulta. Se sigue consultando."),
    (
        "ESTADO -3",
        "El SII no conoce el RUT de quien consulta. Revise que el certificado digital sea el de la persona autorizada.",
    ),
    ("ESTADO -4", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -5", "El SII no pudo responder la consulta. Se sigue consultando."),
    (
        "ESTADO -6",
        "El dueño del certificado no está autorizado por la empresa. Autorícelo en sii.cl, en la mantención de usuarios.",
    ),
    ("ESTADO -7", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -8", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -9", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -10", "El SII no pudo responder la consulta. Se sigue consultando."),
    (
        "ESTADO -11",
        "El envío todavía no está en los registros del SII. Se sigue consultando; si pasa de un día, avise a quien le da soporte.",
    ),
    ("ESTADO -12", "El SII no pudo responder la consulta. Se sigue consultando."),
    ("ESTADO -13", "La consulta llegó al SII sin el RUT de quien pregunta. Revise el certificado digital."),
    ("ESTADO -14", "El SII no pudo responder la consulta. Se sigue consultando."),
];
