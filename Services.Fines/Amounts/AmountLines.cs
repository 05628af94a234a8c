using Platform.Payments;

namespace Services.Fines.Amounts;

/// <summary>The parts of a fine's amount as payments and receipts know them.</summary>
internal static class AmountLines
{
    /// <summary>"Sanzioni per violazioni al Codice della Strada", creditor of kind municipality or union, in the pagoPA taxonomy of collections.</summary>
    public const string TaxCode = "9/0102100SA/";

    public const string SanctionLabel = "Sanzione";
    public const string CostsLabel = "Spese di accertamento e notifica";

    public static IReadOnlyList<AmountLine> Of(AmountDue due) =>
        due.Costs.Cents == 0
            ? [new(SanctionLabel, TaxCode, "sanzioni-cds", due.Sanction)]
            : [new(SanctionLabel, TaxCode, "sanzioni-cds", due.Sanction), new(CostsLabel, TaxCode, "spese-notifica", due.Costs)];
}
