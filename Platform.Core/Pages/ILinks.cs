namespace Platform.Core.Pages;

/// <summary>Turns a small piece of state into a piece of an address that cannot be guessed or altered, and back.</summary>
/// <remarks>Bound to the service and the creditor of the current call: a token of another service or entity does not open.</remarks>
public interface ILinks
{
    /// <summary>A URL-safe token for <paramref name="value"/> that opens until <paramref name="lifetime"/> has passed.</summary>
    string Seal(string value, TimeSpan lifetime);

    /// <summary>What was sealed, or null when the token is altered, foreign or too old.</summary>
    string? Open(string token);
}
