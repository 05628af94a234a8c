using Platform.Core.Entities;
using Platform.Core.Money;
using Services.Fines.Register;

namespace Services.Fines.Tests.Register;

/// <summary>Ordinary examples, to be varied with <c>with</c>.</summary>
internal static class Some
{
    public static Fine Fine { get; } = new(
        new Guid("0195a000-0000-7000-8000-000000000001"), "V", 2026, 1042, "037005", "Via Guglielmo Marconi 12", "art. 158 c. 2", "Divieto di sosta", new(2026, 2, 20), "AB123CD",
        Euro.Of(42), Euro.Of(173), Euro.Of(2), false, false, new(2026, 3, 2), "open", null, null, null);

    public static Fine PaidFine { get; } = Fine with { State = "paid", PaidOn = new(2026, 3, 5), PaidAmount = Euro.Of(31, 40), PaidOrder = "URG-0123456789ABC-7" };

    public static Entity Bentivoglio { get; } = new(
        new(5), "BEN", "bentivoglio", "Comune di Bentivoglio", EntityKind.Municipality, "037005", "00000000000", "#7a1f1f", null, null, null, null, null);

    public static Entity Union { get; } = new(
        new(1), "URG", "unione-reno-galliera", "Unione Reno Galliera", EntityKind.Union, null, "00000000000", "#1f4f7a", null, null, "051 000000", null, null);
}
