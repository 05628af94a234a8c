namespace PagOnLine.Emulator;

/// <summary>The two-letter codes of the protocol. Their meanings are inferred from the clients that read them.</summary>
internal static class States
{
    public const string Registered = "RO";
    public const string Authorised = "OK";
    public const string DepositAsked = "IC";
    public const string Accounted = "CO";
    public const string Refused = "KO";
    public const string Abandoned = "AB";
    public const string Reversed = "ST";

    public static bool MeansMoney(string state) => state is Authorised or DepositAsked or Accounted;

    public static bool IsCode(string? state) => state is { Length: 2 } && state.All(char.IsAsciiLetterUpper);
}
