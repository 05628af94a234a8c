using System.Globalization;
using Platform.Core.Pages;

namespace Services.Fines;

/// <summary>The address of a fine for who has shown to hold its paper: good for a day, then he types again.</summary>
internal static class FineLink
{
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The page's path under the service's prefix.</summary>
    public static string For(ILinks links, Guid fine) => $"verbale/{links.Seal(fine.ToString("N", CultureInfo.InvariantCulture), Lifetime)}";

    /// <summary>The fine, or null when the link was altered, is another's or too old.</summary>
    public static Guid? Open(ILinks links, string? token) =>
        token is not null && Guid.TryParseExact(links.Open(token), "N", out var fine) ? fine : null;
}
