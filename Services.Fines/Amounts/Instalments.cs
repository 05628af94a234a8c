using Platform.Core.Money;

namespace Services.Fines.Amounts;

/// <summary>Into how many parts a sanction may be split for who cannot pay it at once (art. 202-bis CdS). The office decides on a request; nothing is granted here.</summary>
/// <param name="Most">How many at most.</param>
/// <param name="Each">What each is then; the odd cents come first.</param>
/// <param name="RequestUntil">Last day for the request. It gives up the appeal.</param>
public sealed record Instalments(int Most, Euro Each, DateOnly RequestUntil)
{
    const int DaysToAsk = 30;

    static readonly Euro Threshold = Euro.Of(200);
    static readonly Euro LeastPart = Euro.Of(100);

    // Art. 202-bis c. 4: up to this sum, so many.
    static readonly (Euro UpTo, int Most)[] Steps = [(Euro.Of(2_000), 12), (Euro.Of(5_000), 24), (Euro.Of(long.MaxValue / 1_000), 60)];

    /// <summary>Taxable income of who asks, at most (art. 202-bis c. 1).</summary>
    public static Euro MostIncome { get; } = Euro.Of(10_628, 16);

    /// <summary>Added to <see cref="MostIncome"/> for each member of the family who lives with him.</summary>
    public static Euro PerCohabitant { get; } = Euro.Of(1_032, 91);

    /// <summary>Null where the law gives none: the sum is not above 200 €, the time to ask is over, or it has not begun.</summary>
    public static Instalments? Of(Euro total, DateOnly toldOn, DateOnly today)
    {
        var until = toldOn.AddDays(DaysToAsk);
        if (total <= Threshold || today < toldOn || today > until)
            return null;
        var most = (int)Math.Min(Steps.First(step => total <= step.UpTo).Most, total.Cents / LeastPart.Cents);
        return new(most, total.Allocate([.. Enumerable.Repeat(1L, most)])[0], until);
    }
}
