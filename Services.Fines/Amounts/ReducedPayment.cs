using System.Globalization;
using System.Text.RegularExpressions;

namespace Services.Fines.Amounts;

/// <summary>Violations of which the law admits no payment in reduced measure at all: the report goes to the prefect, who sets the sum (art. 202 c. 3-bis CdS).</summary>
/// <remarks>Art. 202 c. 3 adds who did not stop or refused his papers: that is no article of its own, and the office does not load such a report for payment.</remarks>
internal static partial class ReducedPayment
{
    static readonly HashSet<(int Article, int Comma)> NotAdmitted =
    [
        (83, 6), (88, 3), (97, 9), (100, 12), (113, 5), (114, 7), (116, 13), (124, 4), (136, 6), (168, 8), (176, 19), (216, 6), (217, 6), (218, 6),
    ];

    /// <param name="violation">As the register writes it: <c>art. 116 c. 13</c>.</param>
    public static bool IsAdmitted(string violation)
    {
        var match = Written().Match(violation);
        return !match.Success || !NotAdmitted.Contains((Number("article"), Number("comma")));

        int Number(string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    // A "bis" is another article or comma than its number.
    [GeneratedRegex(@"^\s*(?:art(?:icolo|\.)?\s*)?(?<article>[0-9]{1,3})(?![0-9])(?!\s*-?\s*(?:bis|ter|quater|quinquies))[\s,/]*(?:c(?:omma|\.)?\s*)(?<comma>[0-9]{1,2})(?![0-9])(?!\s*-?\s*(?:bis|ter|quater|quinquies))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Written();
}
