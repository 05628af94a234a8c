namespace Platform.Core.Pages;

/// <summary>
/// Limits how often one address may post to this page: so many at once, and again as the minutes pass. Beyond it a page in plain words says when to come again (429).
/// </summary>
/// <remarks>
/// An IPv6 address counts by its first 64 bits. Behind a proxy whose address the operator has named, the citizen's own counts. Each host counts for itself. Without the
/// attribute a page takes 120 posts in 10 minutes.
/// </remarks>
/// <param name="posts">At least one.</param>
/// <param name="minutes">At least one.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LimitTriesAttribute(int posts, int minutes) : Attribute
{
    public int Posts { get; } = Math.Max(1, posts);

    public int Minutes { get; } = Math.Max(1, minutes);
}
