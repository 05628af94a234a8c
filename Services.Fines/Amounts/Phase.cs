namespace Services.Fines.Amounts;

/// <summary>Where a fine stands, apart from whether it is paid.</summary>
public enum Phase
{
    /// <summary>Preavviso: left on the windscreen. No term of law runs; the corps takes a payment for some days and notifies a report after them.</summary>
    Notice,

    /// <summary>Verbale: contested at once, notified, or about to be.</summary>
    Report,

    /// <summary>An appeal to the prefect or the justice of the peace is under way: who pays gives it up, so nothing is taken here.</summary>
    Appealed,

    /// <summary>Annulled or archived: nothing is owed.</summary>
    Archived,

    /// <summary>Handed to the collector: he takes the money, with his own costs.</summary>
    Collector,

    /// <summary>Instalments were granted (art. 202-bis): paid by their plan.</summary>
    Instalments,
}

internal static class Phases
{
    public static string ToText(this Phase phase) => phase switch
    {
        Phase.Notice => "notice",
        Phase.Report => "report",
        Phase.Appealed => "appealed",
        Phase.Archived => "archived",
        Phase.Collector => "collector",
        Phase.Instalments => "instalments",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, null),
    };

    public static Phase Parse(string text) => Enum.GetValues<Phase>().Cast<Phase?>().FirstOrDefault(phase => phase!.Value.ToText() == text) ?? throw new FormatException($"No phase: {text}.");

    /// <summary>As a file from the office calls them.</summary>
    public static readonly IReadOnlyDictionary<string, Phase> Italian = new Dictionary<string, Phase>(StringComparer.OrdinalIgnoreCase)
    {
        ["preavviso"] = Phase.Notice, ["verbale"] = Phase.Report, ["ricorso"] = Phase.Appealed, ["archiviato"] = Phase.Archived, ["riscossione"] = Phase.Collector, ["rate"] = Phase.Instalments,
    };
}
