using Platform.Core.Money;
using Platform.Payments;

namespace Services.Fines.Amounts;

/// <summary>The parts of a fine's amount as payments and receipts know them.</summary>
internal static class AmountLines
{
    /// <summary>"Sanzioni per violazioni al Codice della Strada", creditor of kind municipality or union, in the pagoPA taxonomy of collections.</summary>
    public const string TaxCode = "9/0102100SA/";

    /// <summary>The same for a notice on the windscreen (preavviso).</summary>
    public const string NoticeTaxCode = "9/0102106SA/";

    public const string SanctionLabel = "Sanzione";
    public const string SurchargeLabel = "Maggiorazione per ritardo";
    public const string CostsLabel = "Spese di accertamento e notifica";

    public const string RestLabel = "Differenza di un pagamento inferiore al dovuto";

    /// <summary>What is missing of a payment that was too little. Costs were in it, and count as paid first.</summary>
    public static IReadOnlyList<AmountLine> OfRest(Euro missing) => [new(RestLabel, TaxCode, "sanzioni-cds", missing)];

    public static IReadOnlyList<AmountLine> Of(AmountDue due)
    {
        var code = due.Band == Band.Windscreen ? NoticeTaxCode : TaxCode;
        List<AmountLine> lines = [new(SanctionLabel, code, "sanzioni-cds", due.Sanction)];
        if (due.Surcharge > Euro.Zero)
            lines.Add(new(SurchargeLabel, code, "maggiorazioni", due.Surcharge));
        if (due.Costs > Euro.Zero)
            lines.Add(new(CostsLabel, code, "spese-notifica", due.Costs));
        return lines;
    }
}
