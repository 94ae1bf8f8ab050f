//! Sums: lines, totals, taxes, what is not billed. Each of these documents has exactly one of them wrong.

use crate::{
    client::Client,
    judging::{accepts, objects, rejects, verdict},
    maker::{self, Order, Stage::*, boleta, change, factura, gross_factura, guia, wine_factura},
};

#[test]
fn an_exempt_boleta_has_no_iva() {
    let exempt = Order { tipo: 41, caf: maker::caf(41), ..boleta(7) };
    let lines = [
        change(Document, "<TipoDTE>39", "<TipoDTE>41"),
        change(Document, "<MntNeto>4861</MntNeto>\n", ""),
        change(Document, "<MntExe>5000", "<MntExe>10784"),
        change(Document, "<IVA>923</IVA>\n", ""),
    ];
    accepts(&exempt.with(&lines));
    let with_iva = Order { tipo: 41, caf: maker::caf(41), ..boleta(7) };
    rejects(with_iva, &[change(Document, "<TipoDTE>39", "<TipoDTE>41")], "(HED-3-211)");
}

#[test]
fn a_line_must_be_its_quantity_times_its_price() {
    rejects(
        boleta(7),
        &[change(Document, "<MontoItem>1804", "<MontoItem>1805")],
        "(HED-3-100)|(HED-1-232)|(HED-3-211)",
    );
    rejects(
        gross_factura(5),
        &[change(Document, "<DescuentoMonto>500", "<DescuentoMonto>499")],
        "(HED-3-100)",
    );
    let no_price = [change(Document, "<PrcItem>5000</PrcItem>\n", "")];
    objects(boleta(7), &no_price, "(DET-1-200)");
}

#[test]
fn totals_must_add_up() {
    let code = "(HED-3-211)";
    rejects(boleta(7), &[change(Document, "<MntTotal>10784", "<MntTotal>10785")], code);
    rejects(boleta(7), &[change(Document, "<MntExe>5000", "<MntExe>4990")], code);
    rejects(
        boleta(7),
        &[change(Document, "<MntNeto>4861", "<MntNeto>4863"), change(Document, "<IVA>923", "<IVA>921")],
        code,
    );
    // Obligatory since Res. Ex. 74/2020.
    rejects(boleta(7), &[change(Document, "<IVA>923</IVA>\n", "")], "(ENV-3-0)");
    rejects(boleta(7), &[change(Document, "<MntNeto>4861</MntNeto>\n", "")], "(ENV-3-0)");
    rejects(factura(5), &[change(Document, "<MntTotal>41784", "<MntTotal>41783")], code);
    rejects(factura(5), &[change(Document, "<ValorDR>10<", "<ValorDR>11<")], code);
    rejects(factura(5), &[change(Document, "<TasaIVA>19", "<TasaIVA>18")], code);
    rejects(gross_factura(5), &[change(Document, "<MntBruto>1</MntBruto>\n", "")], code);
    rejects(wine_factura(5), &[change(Document, "<MntTotal>41850", "<MntTotal>35700")], code);
}

#[test]
fn a_single_peso_in_neto_or_iva_is_an_objection() {
    let code = "(HED-1-232)";
    let shifted =
        [change(Document, "<MntNeto>4861", "<MntNeto>4860"), change(Document, "<IVA>923", "<IVA>924")];
    let (verdict, reasons) = verdict(&Client::new(), &boleta(7).with(&shifted));
    assert_eq!((verdict.as_str(), reasons.len()), ("objected", 2));
    assert!(reasons.iter().all(|reason| reason.contains(code)), "{reasons:?}");
    let iva =
        [change(Document, "<IVA>6671", "<IVA>6670"), change(Document, "<MntTotal>41784", "<MntTotal>41783")];
    objects(factura(5), &iva, code);
}

#[test]
fn an_additional_tax_must_match_its_lines() {
    let tax = |amount, total| {
        [change(Document, "<MontoImp>6150", amount), change(Document, "<MntTotal>41850", total)]
    };
    accepts(&wine_factura(5).with(&tax("<MontoImp>6151", "<MntTotal>41851")));
    objects(wine_factura(5), &tax("<MontoImp>6152", "<MntTotal>41852"), "(HED-2-300)");
    let other = [change(Document, "<CodImpAdic>25", "<CodImpAdic>26")];
    let (verdict, reasons) = verdict(&Client::new(), &wine_factura(5).with(&other));
    assert_eq!(verdict, "objected");
    assert!(reasons.iter().all(|reason| reason.contains("(HED-2-300)")), "{reasons:?}");
}

#[test]
fn what_is_charged_with_the_total_is_added_up_too() {
    let code = "(HED-3-211)";
    let more = |period: &'static str| [change(Document, "<MntTotal>10784</MntTotal>\n", period)];
    accepts(&boleta(7).with(&more(
        "<MntTotal>10784</MntTotal>\n<TotalPeriodo>10784</TotalPeriodo>\n<SaldoAnterior>-784</SaldoAnterior>\n<VlrPagar>10000</VlrPagar>\n",
    )));
    rejects(boleta(7), &more("<MntTotal>10784</MntTotal>\n<TotalPeriodo>10000</TotalPeriodo>\n"), code);
    rejects(
        boleta(7),
        &more("<MntTotal>10784</MntTotal>\n<SaldoAnterior>5</SaldoAnterior>\n<VlrPagar>10784</VlrPagar>\n"),
        code,
    );
    let factura_period = [change(
        Document,
        "<MntTotal>41784</MntTotal>\n",
        "<MntTotal>41784</MntTotal>\n<MontoPeriodo>1</MontoPeriodo>\n",
    )];
    rejects(factura(5), &factura_period, code);
}

#[test]
fn what_is_not_billed_is_declared() {
    let container = |ind: &'static str| change(Document, "<IndExe>1</IndExe>\n<NmbItem>Libro", ind);
    let totals = |from: &'static str, to: &'static str| change(Document, from, to);
    // IndExe 2: charged, and in no total of the document.
    let two = container("<IndExe>2</IndExe>\n<NmbItem>Libro");
    let without_exempt =
        totals("<MntExe>5000</MntExe>\n<IVA>923</IVA>\n<MntTotal>10784", "<IVA>923</IVA>\n<MntTotal>5784");
    let declared = totals("</MntTotal>\n</Totales>", "</MntTotal>\n<MontoNF>5000</MontoNF>\n</Totales>");
    accepts(&boleta(7).with(&[two, without_exempt, declared]));
    objects(
        boleta(7).with(&[two, without_exempt]),
        &[],
        "(HED-2-300) Impuesto o retencion no cuadra [MontoNF",
    );
    // IndExe 6: taken off.
    let six = container("<IndExe>6</IndExe>\n<NmbItem>Libro");
    let negative = totals("</MntTotal>\n</Totales>", "</MntTotal>\n<MontoNF>-5000</MontoNF>\n</Totales>");
    accepts(&boleta(7).with(&[six, without_exempt, negative]));
    rejects(boleta(7).with(&[two]), &[declared], "(HED-3-211)");
}

#[test]
fn containers_and_what_is_no_sale_have_their_places_in_a_factura() {
    // IndExe 3 is a deposit: GrntDep, in the total.
    let deposit = [
        change(Document, "<NroLinDet>2</NroLinDet>\n", "<NroLinDet>2</NroLinDet>\n<IndExe>3</IndExe>\n"),
        change(
            Document,
            "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784",
            "<MntNeto>33331</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6333</IVA>\n<GrntDep>1980</GrntDep>\n<MntTotal>41644",
        ),
    ];
    accepts(&factura(5).with(&deposit));
    rejects(factura(5).with(&deposit), &[change(Document, "<GrntDep>1980", "<GrntDep>1000")], "(HED-3-211)");
    // IndExe 4 and 5 bear no value.
    for no_sale in
        ["<NroLinDet>2</NroLinDet>\n<IndExe>4</IndExe>\n", "<NroLinDet>2</NroLinDet>\n<IndExe>5</IndExe>\n"]
    {
        let lines = [
            change(Document, "<NroLinDet>2</NroLinDet>\n", no_sale),
            change(Document, "<MontoItem>1980", "<MontoItem>0"),
            change(
                Document,
                "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784",
                "<MntNeto>33331</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6333</IVA>\n<MntTotal>39664",
            ),
        ];
        accepts(&factura(5).with(&lines));
        let valued = [lines[0], lines[2]];
        rejects(factura(5).with(&valued), &[], "(HED-3-100)");
    }
}

#[test]
fn net_prices_in_a_boleta_turn_its_arithmetic_round() {
    let net = [
        change(
            Document,
            "<IndServicio>3</IndServicio>\n",
            "<IndServicio>3</IndServicio>\n<IndMntNeto>2</IndMntNeto>\n",
        ),
        change(
            Document,
            "<MntNeto>4861</MntNeto>\n<MntExe>5000</MntExe>\n<IVA>923</IVA>\n<MntTotal>10784",
            "<MntNeto>5784</MntNeto>\n<MntExe>5000</MntExe>\n<IVA>1099</IVA>\n<MntTotal>11883",
        ),
    ];
    accepts(&boleta(7).with(&net));
    rejects(boleta(7), &net[..1], "(HED-3-211)|(HED-1-232)");
}

#[test]
fn an_iva_that_comes_to_nothing_is_left_out() {
    let cheap = [
        change(Document, "<MntNeto>4861</MntNeto>\n", "<MntNeto>2</MntNeto>\n"),
        change(Document, "<IVA>923</IVA>\n<MntTotal>10784", "<MntTotal>5002"),
        change(
            Document,
            "<QtyItem>2</QtyItem>\n<UnmdItem>UN</UnmdItem>\n<PrcItem>1990</PrcItem>\n<MontoItem>3980",
            "<MontoItem>1",
        ),
        change(
            Document,
            "<QtyItem>0.755</QtyItem>\n<UnmdItem>KG</UnmdItem>\n<PrcItem>2390</PrcItem>\n<MontoItem>1804",
            "<MontoItem>1",
        ),
    ];
    accepts(&boleta(7).with(&cheap));
}

#[test]
fn a_percentage_is_said_besides_its_amount_and_agrees_with_it() {
    let line =
        |discount: &'static str| [change(Document, "<DescuentoMonto>500</DescuentoMonto>\n", discount)];
    // 7.72 % of 6480 is 500.256.
    accepts(
        &gross_factura(6)
            .with(&line("<DescuentoPct>7.72</DescuentoPct>\n<DescuentoMonto>500</DescuentoMonto>\n")),
    );
    objects(
        gross_factura(6),
        &line("<DescuentoPct>7.75</DescuentoPct>\n<DescuentoMonto>500</DescuentoMonto>\n"),
        "(DET-1-200)",
    );
    rejects(gross_factura(6), &line("<DescuentoPct>7.72</DescuentoPct>\n"), "(ENV-3-0)");
    rejects(
        gross_factura(6),
        &line("<DescuentoMonto>500</DescuentoMonto>\n<RecargoPct>1</RecargoPct>\n"),
        "(ENV-3-0)",
    );
}

#[test]
fn a_guia_without_values_is_not_added_up_and_one_with_any_is() {
    let guia = |totals: &'static str| guia(9).with(&[change(Document, "<MntTotal>0</MntTotal>\n", totals)]);
    accepts(&guia("<MntTotal>0</MntTotal>\n"));
    rejects(guia("<MntNeto>1000</MntNeto>\n<MntTotal>0</MntTotal>\n"), &[], "(HED-3-211)");
    rejects(guia("<MntExe>1000</MntExe>\n<MntTotal>0</MntTotal>\n"), &[], "(HED-3-211)");
    rejects(guia("<IVA>190</IVA>\n<MntTotal>0</MntTotal>\n"), &[], "(HED-3-211)");
}

const TOTALS: &str = "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784";

#[test]
fn a_factura_adds_what_is_exempt_and_takes_off_commissions() {
    // The bag is exempt: its 1,980 bear neither discount nor IVA.
    let exempt = [
        change(Document, "<NroLinDet>2</NroLinDet>\n", "<NroLinDet>2</NroLinDet>\n<IndExe>1</IndExe>\n"),
        change(
            Document,
            TOTALS,
            "<MntNeto>33331</MntNeto>\n<MntExe>1980</MntExe>\n<TasaIVA>19</TasaIVA>\n<IVA>6333</IVA>\n<MntTotal>41644",
        ),
    ];
    accepts(&factura(5).with(&exempt));
    rejects(
        factura(5).with(&exempt),
        &[change(Document, "<MntTotal>41644", "<MntTotal>37684")],
        "(HED-3-211)",
    );
    let commissions = change(
        Document,
        "<MntTotal>41784",
        "<Comisiones>\n<ValComNeto>100</ValComNeto>\n<ValComExe>50</ValComExe>\n<ValComIVA>19</ValComIVA>\n</Comisiones>\n<MntTotal>41615",
    );
    accepts(&factura(5).with(&[commissions]));
    let credit = change(Document, "<MntTotal>41784", "<CredEC>1784</CredEC>\n<MntTotal>40000");
    accepts(&factura(5).with(&[credit]));
    rejects(
        factura(5).with(&[commissions]),
        &[change(Document, "<MntTotal>41615", "<MntTotal>41784")],
        "(HED-3-211)",
    );
}

#[test]
fn what_is_all_exempt_is_a_factura_exenta_and_that_one_has_no_iva() {
    let all = [
        change(Document, "<NroLinDet>1</NroLinDet>\n", "<NroLinDet>1</NroLinDet>\n<IndExe>1</IndExe>\n"),
        change(Document, "<NroLinDet>2</NroLinDet>\n", "<NroLinDet>2</NroLinDet>\n<IndExe>1</IndExe>\n"),
        change(Document, "<ValorDR>10</ValorDR>\n", "<ValorDR>10</ValorDR>\n<IndExeDR>1</IndExeDR>\n"),
        change(Document, TOTALS, "<MntExe>35113</MntExe>\n<MntTotal>35113"),
    ];
    rejects(factura(5).with(&all), &[], "corresponde factura exenta (34)");
    let exempt = || {
        let order = Order { tipo: 34, caf: maker::caf(34), ..factura(5) };
        order.with(&[change(Document, "<TipoDTE>33", "<TipoDTE>34"), all[3]])
    };
    accepts(&exempt());
    rejects(
        exempt(),
        &[change(Document, "<MntExe>35113", "<MntNeto>0</MntNeto>\n<MntExe>35113")],
        "(HED-3-211)",
    );
    rejects(
        exempt(),
        &[change(Document, "<MntExe>35113</MntExe>\n", "<MntExe>35113</MntExe>\n<IVA>0</IVA>\n")],
        "(HED-3-211)",
    );
}

#[test]
fn a_boleta_of_which_nothing_is_billed_says_no_neto() {
    let unbilled = |line: &'static str, to: &'static str| change(Document, line, to);
    let lines = [
        unbilled("<NroLinDet>1</NroLinDet>\n", "<NroLinDet>1</NroLinDet>\n<IndExe>2</IndExe>\n"),
        unbilled("<NroLinDet>2</NroLinDet>\n", "<NroLinDet>2</NroLinDet>\n<IndExe>2</IndExe>\n"),
        unbilled("<IndExe>1</IndExe>\n<NmbItem>Libro", "<IndExe>2</IndExe>\n<NmbItem>Libro"),
        unbilled(
            "<MntNeto>4861</MntNeto>\n<MntExe>5000</MntExe>\n<IVA>923</IVA>\n<MntTotal>10784</MntTotal>\n",
            "<MntTotal>0</MntTotal>\n<MontoNF>10784</MontoNF>\n<TotalPeriodo>10784</TotalPeriodo>\n",
        ),
    ];
    accepts(&boleta(7).with(&lines));
}

#[test]
fn a_global_surcharge_is_added_and_either_may_be_an_amount() {
    let totals = |to: &'static str| change(Document, TOTALS, to);
    let surcharge = change(Document, "<TpoMov>D<", "<TpoMov>R<");
    let pesos =
        change(Document, "<TpoValor>%</TpoValor>\n<ValorDR>10<", "<TpoValor>$</TpoValor>\n<ValorDR>1015<");
    let more = totals("<MntNeto>42917</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>8154</IVA>\n<MntTotal>51071");
    accepts(&factura(5).with(&[surcharge, more]));
    let less = totals("<MntNeto>38000</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>7220</IVA>\n<MntTotal>45220");
    accepts(&factura(5).with(&[pesos, less]));
    let more = totals("<MntNeto>40030</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>7606</IVA>\n<MntTotal>47636");
    accepts(&factura(5).with(&[surcharge, pesos, more]));
}
