namespace PagOnLine.Emulator;

/// <summary>What was typed into the card page. It lives for one request and is written nowhere.</summary>
internal sealed record Card(string Number, string Expiry, string SecurityCode)
{
    public const long FailsFromCents = 100_00;

    /// <summary>The card that the bank published for tests; accepted although its date is past.</summary>
    public static Card Published { get; } = new("4444499922200000", "11/2019", "999");

    public static Card Typed(string? number, string? expiry, string? securityCode)
        => new(Without(number, ' ', '-'), Without(expiry, ' '), Without(securityCode, ' '));

    /// <summary>Why the bank says no to this card for this amount; null when it says yes.</summary>
    public string? WhyRefused(long amountCents)
    {
        if (this != Published)
        {
            return "card unknown";
        }

        return amountCents < FailsFromCents ? null : "over the limit of the test card";
    }

    // A record prints its members: nothing of a card may reach a log by accident.
    public override string ToString() => "card";

    private static string Without(string? text, params ReadOnlySpan<char> unwanted)
    {
        var kept = text ?? "";
        foreach (var character in unwanted)
        {
            kept = kept.Replace(character.ToString(), "", StringComparison.Ordinal);
        }

        return kept;
    }
}
