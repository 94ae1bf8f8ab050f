//! The table of sales that a shop fills in with a spreadsheet: boletas and facturas, a line of it for each line of a sale.

use timbre_core::Sheet;

/// Numbers as a spreadsheet in Chile writes them. What a column says goes as the tag says it (formato DTE 2.4,
/// formato boletas 4.2): prices of boletas have IVA in them, those of facturas have none.
pub const SHEET: Sheet = Sheet {
    map: r#"{
        "key": "venta",
        "decimal": ",",
        "sale": {
            "Encabezado.IdDoc.TipoDTE": "tipo",
            "Encabezado.IdDoc.FmaPago": "pago",
            "Encabezado.Receptor.RUTRecep": "rut",
            "Encabezado.Receptor.RznSocRecep": "razon social",
            "Encabezado.Receptor.GiroRecep": "giro",
            "Encabezado.Receptor.DirRecep": "direccion",
            "Encabezado.Receptor.CmnaRecep": "comuna"
        },
        "line": {
            "NmbItem": "producto",
            "QtyItem": "cantidad",
            "PrcItem": "precio",
            "DescuentoMonto": "descuento",
            "IndExe": "exento"
        },
        "numbers": ["QtyItem", "PrcItem", "DescuentoMonto"]
    }"#,
    // The mark at the beginning, without which a spreadsheet reads another encoding.
    example: "\u{feff}venta;tipo;rut;razon social;giro;direccion;comuna;pago;producto;cantidad;precio;descuento;exento\r\n\
        1;39;;;;;;;Pan amasado;2;350;;\r\n\
        1;39;;;;;;;Queso mantecoso;0,250;9.990;100;\r\n\
        2;39;;;;;;;Leche entera 1 L;1;1.150;;\r\n\
        2;39;;;;;;;Diario;1;1.000;;1\r\n\
        3;33;77.777.777-7;Panadería Ñuñoa Ltda.;Elaboración de pan;Av. Irarrázaval 2450;Ñuñoa;1;Harina especial, saco;2;18.487;;\r\n",
    name: "planilla-de-ejemplo",
};
