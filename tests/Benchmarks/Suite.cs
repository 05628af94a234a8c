namespace Portico.Benchmarks;

/// <summary>Everything there is to measure, in order.</summary>
internal static class Suite
{
    public static readonly IReadOnlyList<string> Parts = ["trips", "payment", "lookup", "search", "pages", "entities", "background", "host"];

    /// <param name="only">Some of <see cref="Parts"/>; all when empty.</param>
    /// <param name="program">The host's program; the one the build left when null.</param>
    public static async Task Run(Report report, Scale scale, IReadOnlyCollection<string> only, string? program)
    {
        bool Wanted(string part) => only.Count == 0 || only.Contains(part, StringComparer.Ordinal);

        // The look-up's statement is read from the protocol on the way.
        if (Wanted("trips") || Wanted("lookup"))
        {
            var lookUp = await RoundTrips.Measure(report, scale);
            if (Wanted("payment"))
                await WholePayment.Measure(report, scale);
            if (Wanted("lookup"))
                await LookUp.Measure(report, scale, lookUp);
        }
        else if (Wanted("payment"))
        {
            await WholePayment.Measure(report, scale);
        }
        if (Wanted("search"))
            await Search.Measure(report, scale);
        if (Wanted("pages"))
            await ConsolePages.Measure(report, scale);
        if (Wanted("entities"))
            await MoreEntities.Measure(report, scale);
        if (Wanted("background"))
            await Background.Measure(report, scale);
        if (Wanted("host"))
            await HostCosts.Measure(report, scale, program);
    }
}
