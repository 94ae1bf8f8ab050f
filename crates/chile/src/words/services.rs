//! Codes of login, upload and mail services, and of HTTP itself.

/// `TOKEN` is getToken's ESTADO (manual de autenticación automática §5.2.2), `SEMILLA` getSeed's,
/// `STATUS` DTEUpload's (manual envío automático §2.1), `CORREO` wsDTECorreo's (OIFE2005), `RTC` the
/// transfer of credits'.
pub(super) const TABLE: super::Table = &[
    (
        "TOKEN 01",
        "El SII no pudo leer la solicitud de inicio de sesión. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "TOKEN 02",
        "El SII no pudo leer la solicitud de inicio de sesión. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "TOKEN 03",
        "El SII no pudo leer la solicitud de inicio de sesión. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "TOKEN 04",
        "La solicitud de inicio de sesión llegó sin firma. Es un error de Timbre: avise a quien le da soporte.",
    ),
    (
        "TOKEN 05",
        "El SII no acepta la firma de inicio de sesión. Revise que el certificado digital esté vigente y cárguelo de nuevo.",
    ),
    (
        "TOKEN 06",
        "La solicitud de inicio de sesión llegó sin semilla. Es un error de Timbre: avise a quien le da soporte.",
    ),
    ("TOKEN 07", "El SII tuvo un problema interno al iniciar la sesión. Se reintenta solo."),
    (
        "TOKEN 08",
        "La semilla de inicio de sesión venció o ya fue usada. Se pide otra sola; si se repite, revise el reloj del computador.",
    ),
    ("TOKEN 09", "El SII tuvo un problema interno al iniciar la sesión. Se reintenta solo."),
    (
        "TOKEN 10",
        "El SII no entregó la sesión: normalmente el certificado digital no está registrado en el SII. Entre a sii.cl con ese certificado y revise que funcione.",
    ),
    (
        "TOKEN 11",
        "El SII no encontró el certificado en la solicitud o la firma llegó alterada. Cargue el certificado de nuevo; si sigue, avise a quien le da soporte.",
    ),
    ("TOKEN 12", "El SII tuvo un problema interno al iniciar la sesión. Se reintenta solo."),
    (
        "TOKEN 21",
        "La clave pública no corresponde al certificado digital. Cargue de nuevo el archivo .pfx completo.",
    ),
    ("TOKEN -1", "El SII tuvo un problema interno al iniciar la sesión. Se reintenta solo."),
    ("TOKEN -2", "El SII tuvo un problema interno al iniciar la sesión. Se reintenta solo."),
    (
        "TOKEN -3",
        "El SII no autenticó al dueño del certificado. Entre a sii.cl con ese certificado y revise que funcione.",
    ),
    (
        "TOKEN -7",
        "El dueño del certificado no está habilitado en el SII para autenticarse con certificado digital. Regístrelo en sii.cl.",
    ),
    (
        "TOKEN -07",
        "El dueño del certificado no está habilitado en el SII para autenticarse con certificado digital. Regístrelo en sii.cl.",
    ),
    ("SEMILLA -1", "El SII no pudo entregar una semilla por un problema suyo. Se reintenta solo."),
    ("SEMILLA -2", "El SII no pudo entregar una semilla por un problema suyo. Se reintenta solo."),
    ("STATUS 0", "El SII recibió el envío; falta su respuesta sobre cada documento."),
    (
        "STATUS 1",
        "El dueño del certificado no tiene permiso para enviar por esta empresa. Autorícelo en sii.cl, en la mantención de usuarios de facturación de mercado.",
    ),
    (
        "STATUS 2",
        "El SII dice que el tamaño del archivo no sirve. Se reintenta; si sigue, avise a quien le da soporte.",
    ),
    ("STATUS 3", "El archivo llegó cortado al SII. Se reintenta; si sigue, revise su conexión a internet."),
    (
        "STATUS 5",
        "La sesión con el SII venció. Se inicia otra sola; si se repite, revise el certificado digital.",
    ),
    (
        "STATUS 6",
        "La empresa no está autorizada a enviar documentos electrónicos en este ambiente. Revise su resolución en sii.cl.",
    ),
    (
        "STATUS 7",
        "El SII rechazó el archivo porque no cumple el formato; nada quedó registrado. Vea el detalle y corrija el documento.",
    ),
    (
        "STATUS 8",
        "El SII rechazó la firma del archivo; nada quedó registrado. Revise el certificado y emita de nuevo.",
    ),
    ("STATUS 9", "El sistema del SII está bloqueado por ahora. Se reintenta en unos minutos."),
    ("STATUS 99", "El SII ya tenía este mismo archivo. No se envía otra vez: se consulta cómo quedó."),
    (
        "STATUS -1",
        "El SII no entendió el formulario de envío. Se reintenta; si sigue, avise a quien le da soporte.",
    ),
    ("HTTP 400", "El SII no aceptó la consulta tal como se envió. Avise a quien le da soporte."),
    (
        "HTTP 401",
        "El SII no reconoce la sesión. Se inicia otra sola; si se repite, revise el certificado digital.",
    ),
    ("HTTP 403", "El SII niega el acceso. Revise los permisos del dueño del certificado en sii.cl."),
    ("HTTP 404", "El SII dice que no existe lo que se le pide."),
    ("HTTP 405", "El servicio del SII no admite esta operación. Avise a quien le da soporte."),
    ("HTTP 429", "El SII pide ir más lento. Se reintenta solo, más tarde."),
    ("HTTP 500", "El servicio del SII falló. Se reintenta solo."),
    ("HTTP 502", "El servicio del SII no está disponible. Se reintenta solo."),
    ("HTTP 503", "El servicio del SII no está disponible. Se reintenta solo."),
    ("HTTP 504", "El servicio del SII no respondió a tiempo. Se reintenta solo."),
    ("CORREO 0", "El SII reenviará el correo con el resultado."),
    ("CORREO 101", "El dígito verificador del RUT es incorrecto."),
    ("CORREO 102", "Faltan datos para pedir el reenvío del correo."),
    ("CORREO 103", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 104", "La sesión con el SII venció. Intente de nuevo."),
    ("CORREO 105", "El SII no conoce ese número de envío."),
    ("CORREO 106", "El dueño del certificado no tiene permiso sobre esta empresa."),
    ("CORREO 107", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 108", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 110", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 111", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 112", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 113", "El SII tuvo un problema interno al reenviar el correo. Intente más tarde."),
    ("CORREO 114", "El SII aún no termina de revisar el envío, así que no hay correo que reenviar. Espere."),
    ("RTC 0", "El SII recibió la cesión; falta su respuesta."),
    ("RTC 1", "El dueño del certificado no tiene permiso para ceder por esta empresa."),
    ("RTC 2", "El SII dice que el tamaño del archivo de cesión no sirve."),
    ("RTC 4", "Faltan datos en el envío de la cesión."),
    ("RTC 5", "La sesión con el SII venció. Intente de nuevo."),
    ("RTC 6", "La empresa no está autorizada a ceder en este ambiente."),
    ("RTC 9", "El sistema del SII está bloqueado por ahora. Intente en unos minutos."),
    ("RTC 10", "El SII no aceptó la cesión. Revise el detalle."),
    (
        "ILEGIBLE",
        "Respondió algo que no es el SII, o el SII con una página de error. Si su internet pide una clave o un pago, ábralo en el navegador; se reintenta solo.",
    ),
    ("SIN SEMILLA", "El SII respondió al inicio de sesión sin lo que se le pidió. Se reintenta solo."),
    ("SIN TOKEN", "El SII respondió al inicio de sesión sin entregar la sesión. Se reintenta solo."),
    ("SIN RESPUESTA", "No hubo respuesta del SII. Revise la conexión a internet; se reintenta solo."),
    ("SIN SIMULADOR", "El simulador de entrenamiento no está funcionando. Cierre Timbre y ábralo de nuevo."),
    (
        "SOBRE DISTINTO",
        "El certificado digital cambió en medio de un envío que no alcanzó a salir. Se arma y se envía de nuevo.",
    ),
];
