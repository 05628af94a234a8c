using Platform.Core.Money;

namespace Platform.Payments.Checkout;

/// <summary>What the owner of an agreement keeps of each payment that is made under it; the creditor bears it. All zero: nothing.</summary>
/// <param name="BasisPoints">Hundredths of a percent of what is paid.</param>
/// <param name="Fixed">Cents, added to the percentage.</param>
/// <param name="Least">Cents; the commission is never less.</param>
/// <param name="Most">Cents; never more. Null: no limit.</param>
internal sealed record Commission(int BasisPoints = 0, long Fixed = 0, long Least = 0, long? Most = null)
{
    public static readonly Commission None = new();

    /// <summary>Why there is no other bearer: docs/adr/0035-no-commission-on-the-payer.md.</summary>
    public const string NeverOnThePayer =
        "A commission cannot be laid on the payer: who is paid may not charge for the use of a payment instrument (d.lgs. 11/2010 art. 3 c. 4, as d.lgs. 218/2017 wrote it after directive (EU) 2015/2366 "
        + "art. 62; Codice del consumo art. 62). The creditor bears it.";

    /// <summary>Of one payment: rounded once, half up to the cent, and never more than is paid.</summary>
    public Euro Of(Euro paid)
    {
        var share = (long)(((Int128)paid.Cents * BasisPoints + 5_000) / 10_000);
        var kept = Math.Max(checked(share + Fixed), Least);
        return new(Math.Min(Math.Min(kept, Most ?? kept), paid.Cents));
    }

    /// <summary>In words, why it cannot be agreed; null when it can.</summary>
    public string? Fault() => this switch
    {
        { BasisPoints: < 0 or > 10_000 } => "The percentage of a commission goes from 0 to 100.",
        { Fixed: < 0 } or { Least: < 0 } or { Most: < 0 } => "No amount of a commission is less than zero.",
        { Most: { } most } when most < Least => "The commission's maximum is less than its minimum.",
        _ => null,
    };
}
