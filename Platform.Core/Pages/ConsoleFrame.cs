namespace Platform.Core.Pages;

/// <summary>What the console draws around a page.</summary>
/// <param name="Officer">The name of who is signed in.</param>
/// <param name="Actor">The same as the journal writes it.</param>
/// <param name="Desk">The entity at whose desk he sits; null on pages of no desk.</param>
/// <param name="Menu">What he may open there, by section.</param>
/// <param name="Desks">Other desks of his, the first few.</param>
/// <param name="More">There are more desks than <paramref name="Desks"/>.</param>
internal sealed record ConsoleFrame(string Officer, string Actor, Crumb? Desk, IReadOnlyList<ConsoleMenu> Menu, IReadOnlyList<Crumb> Desks, bool More)
{
    /// <summary>At whose desk a service's page works, where it is not this one.</summary>
    internal Office.Elsewhere? Elsewhere { get; init; }
}

/// <summary>A section of the console's menu.</summary>
internal sealed record ConsoleMenu(string Title, IReadOnlyList<Crumb> Entries);
