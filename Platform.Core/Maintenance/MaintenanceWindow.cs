using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Time;

namespace Platform.Core.Maintenance;

/// <summary>A service rests: announced on its pages from when it is written down, in force from <paramref name="From"/> until <paramref name="Until"/>.</summary>
/// <param name="Entity">Whose pages: a municipality's, all those that a creditor is behind, or everybody's when it is the service centre.</param>
/// <param name="Words">What citizens are told besides, in Italian; empty says nothing more.</param>
internal sealed record MaintenanceWindow(EntityId Entity, string Service, DateTimeOffset From, DateTimeOffset Until, string Words, string WordsEn)
{
    /// <summary>In the reader's language, or in Italian where there is nothing else; null where there is nothing.</summary>
    public string? WordsIn(CultureInfo culture) => culture.Equals(PageCultures.English) && WordsEn.Length > 0 ? WordsEn : Words.Length > 0 ? Words : null;

    /// <summary>A moment as citizens read it, by Rome's clocks.</summary>
    public static string Moment(DateTimeOffset at, CultureInfo culture) => LegalTime.Local(at).ToString("d MMMM yyyy, HH:mm", culture);
}
