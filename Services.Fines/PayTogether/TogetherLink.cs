using Platform.Core.Pages;

namespace Services.Fines;

/// <summary>The address of a list of fines of one plate: the list itself, sealed, so that it needs no session and can be come back to. Good for a day.</summary>
internal static class TogetherLink
{
    /// <summary>As many as fit into a return page of payments.</summary>
    public const int Most = 20;

    const int IdBytes = 16;
    const string Mark = "+";

    static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The page's path under the service's prefix.</summary>
    public static string For(ILinks links, IEnumerable<Guid> fines) =>
        $"insieme/{links.Seal(Mark + Convert.ToBase64String([.. fines.SelectMany(fine => fine.ToByteArray())]), Lifetime)}";

    /// <summary>The fines, at least one; null when the link was altered, is another's or too old.</summary>
    public static IReadOnlyList<Guid>? Open(ILinks links, string? token) =>
        token is not null && links.Open(token) is ['+', .. var text] && Convert.FromBase64String(text) is { Length: > 0 } bytes && bytes.Length % IdBytes == 0
            ? [.. bytes.Chunk(IdBytes).Select(id => new Guid(id))]
            : null;
}
