namespace PagOnLine.Emulator;

internal sealed record Merchant(string Number, string Shop, string User, string Password, string Secret)
{
    /// <summary>The merchant that the bank published for tests, with its published password and secret.</summary>
    public static Merchant Published { get; } = new("9999888", "99888", "9999888", "9999888", string.Concat(Enumerable.Repeat("b1", 25)));
}
