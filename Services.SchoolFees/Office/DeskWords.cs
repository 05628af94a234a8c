using System.Globalization;
using Microsoft.AspNetCore.Http;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Time;

namespace Services.SchoolFees.Office;

/// <summary>A page of a list that is longer.</summary>
/// <param name="Path">With its question mark: the number is put behind it.</param>
public sealed record ListPage(int Number, int Of, string Path)
{
    internal const int Rows = 25;

    internal int Skip => (Number - 1) * Rows;

    /// <summary>The page that the address asks for, as far as there is one.</summary>
    internal static ListPage Asked(IQueryCollection query, long rows, string path)
    {
        var pages = (int)Math.Max(1, (rows + Rows - 1) / Rows);
        return new(int.TryParse(query["pagina"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, pages) : 1, pages, path + (path.Contains('?', StringComparison.Ordinal) ? "&pagina=" : "?pagina="));
    }
}

/// <summary>How pages for officers say what rows hold.</summary>
internal static class DeskWords
{
    public static string Day(this Texts t, DateOnly day) => day.ToString("d MMM yyyy", t.Culture);

    public static string Day(this Texts t, DateTimeOffset at) => Day(t, LegalTime.Day(at));

    public static string Month(this Texts t, DateOnly month) => month.ToString("MMMM yyyy", t.Culture);

    public static string State(this Texts t, string state) => t[$"desk.state.{state}"];

    /// <summary>Who did something: an officer by the end of his number; what was typed at the command line as it stands.</summary>
    public static string Who(this Texts t, string actor) => actor.Split(':', 2) is ["officer", { Length: > 6 } number] ? t["desk.who", number[^6..]] : actor;

    /// <summary>With its sign: a difference.</summary>
    public static string Signed(this Euro amount, CultureInfo culture) => amount > Euro.Zero ? $"+{amount.In(culture)}" : amount.In(culture);

    /// <summary>Identifiers of the school's own system may hold a slash, which stands encoded in an address.</summary>
    public static string InPath(string id) => Uri.EscapeDataString(id);

    public static string FromPath(string segment) => Uri.UnescapeDataString(segment);
}
