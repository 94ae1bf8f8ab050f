//! Errors and objections inside of a document, `SECCION-nivel-codigo`, and those of the SII's XML
//! parser.

/// Level 3 rejects, 2 is an objection, 1 a light one.
pub(super) const TABLE: super::Table = &[
    ("DTE-3-100", "El SII ya tenía este documento. No se envía de nuevo: se consulta cómo quedó."),
    (
        "DTE-3-101",
        "El SII ya recibió este folio con otros datos. Puede ser otra caja o un respaldo restaurado: deje de usar ese rango de folios y revise en sii.cl qué se emitió.",
    ),
    (
        "DTE-3-505",
        "La firma del documento es incorrecta. Emita de nuevo; si se repite, avise a quien le da soporte.",
    ),
    ("DTE-3-601", "El folio estaba anulado en el SII. El documento debe emitirse de nuevo con otro folio."),
    ("DTE-1-650", "El documento llegó al SII fuera de plazo. Quedó aceptado; envíe antes la próxima vez."),
    (
        "CAF-3-514",
        "La firma del CAF es inválida: el archivo fue abierto o modificado. Descárguelo de nuevo del SII y cárguelo sin abrirlo.",
    ),
    ("CAF-3-516", "El CAF no está autorizado o es inválido. Descárguelo de nuevo del SII."),
    (
        "CAF-3-517",
        "El CAF está vencido: pasaron más de seis meses desde su autorización. Cargue uno nuevo y anule los folios viejos en sii.cl.",
    ),
    (
        "CRT-3-11",
        "El RUT que envía no es el del certificado con que se inició la sesión. Revise el certificado cargado.",
    ),
    ("CRT-3-18", "La carátula no va dirigida al SII. Es un error de Timbre: avise a quien le da soporte."),
    (
        "CRT-3-19",
        "El número o la fecha de resolución de la empresa no corresponden. Corríjalos en los datos de la empresa.",
    ),
    (
        "ENV-3-0",
        "El envío tiene datos o caracteres que no cumplen el formato. Vea el detalle y corrija el documento.",
    ),
    (
        "ENV-3-6",
        "El dueño del certificado no tiene permiso para firmar o enviar por esta empresa. Autorícelo en sii.cl, en la mantención de usuarios.",
    ),
    ("ENV", "El envío no cumple el formato del SII. Vea el detalle."),
    ("HED-3-211", "Los totales del documento no cuadran. Revise montos, IVA y descuentos."),
    ("HED-1-232", "Los totales del documento tienen una diferencia menor. Quedó aceptado con reparo."),
    (
        "HED-2-300",
        "La retención de impuestos no cuadra. Quedó aceptado con reparo: revise los impuestos del documento.",
    ),
    (
        "HED-2-302",
        "Faltan datos de la retención de impuestos. Quedó aceptado con reparo: revise los impuestos del documento.",
    ),
    (
        "HED-3-305",
        "La fecha de emisión es anterior a la autorización de los folios. Revise el reloj del computador y la fecha del documento.",
    ),
    ("HED-2-804", "Faltan las marcas de los bultos de exportación. Quedó aceptado con reparo."),
    (
        "HED-3-861",
        "La actividad económica no está registrada en el SII para la empresa. Corríjala en los datos de la empresa.",
    ),
    (
        "HED-1-863",
        "La razón social no es igual a la que tiene el SII. Quedó aceptado; corríjala en los datos de la empresa.",
    ),
    ("REF-3-415", "La nota de crédito o débito no dice a qué documento se refiere. Agregue la referencia."),
    (
        "REF-3-750",
        "El documento que se quiere corregir no está en el SII. Espere a que sea aceptado, o corrija la referencia.",
    ),
    ("REF-3-751", "El receptor de la nota no es el del documento que corrige. Use el mismo RUT."),
    (
        "REF-3-758",
        "Falta decir si la nota anula, corrige texto o corrige montos. Agregue el código de referencia.",
    ),
    (
        "REF-2-780",
        "La nota anula un documento con un monto distinto del suyo. Quedó aceptada con reparo: revise el monto.",
    ),
    (
        "REF-2-781",
        "La referencia de la nota tiene una diferencia con el documento original. Quedó aceptada con reparo.",
    ),
    (
        "TED-3-640",
        "El timbre no dice lo mismo que el documento. Emita de nuevo; si se repite, avise a quien le da soporte.",
    ),
    (
        "TED-2-510",
        "La firma del timbre es inválida. Descargue de nuevo el CAF y revise que sea el de esos folios.",
    ),
    (
        "TED-1-646",
        "La fecha del timbre es anterior a la autorización de los folios. Revise el reloj del computador.",
    ),
    ("TED-1-647", "La fecha del timbre está fuera de rango. Revise el reloj del computador."),
    ("SRH", "El SII rechazó el set de pruebas o la declaración. Revise el correo que envió el SII."),
    (
        "SCH-00001",
        "El SII no reconoció el formato del archivo. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "CHR-00002",
        "El archivo tiene una línea demasiado larga o llegó cortado al SII. Avise a quien le da soporte.",
    ),
    (
        "LPX-00007",
        "El archivo llegó cortado al SII. Se puede emitir de nuevo; si se repite, revise la conexión a internet.",
    ),
    (
        "LSX-00213",
        "Falta o sobra un dato en el documento según el formato del SII. Vea el detalle y corrija el documento.",
    ),
    (
        "LSX-00265",
        "Un atributo del documento tiene un valor que el SII no acepta. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "LSX-00290",
        "Un dato del documento no está en la lista de valores que el SII acepta. Vea el detalle y corríjalo.",
    ),
    ("LSX-00291", "Un dato del documento no tiene la forma que el SII acepta. Vea el detalle y corríjalo."),
];
