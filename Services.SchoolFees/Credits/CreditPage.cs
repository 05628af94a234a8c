using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Pages;

namespace Services.SchoolFees.Credits;

/// <summary>Hands a family its credit note. The address was drawn for it and cannot be guessed.</summary>
internal sealed class CreditPaperPage(ICommands commands, ILinks links) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (number, payer) = CreditLinks.Open(links, request.Route.GetValueOrDefault("token"));
        if (payer.Length == 0)
            return FindBillPage.Back(request);
        if (await commands.Send(new ReadCreditPaper(number, payer), stop) is not { } pdf)
        {
            await commands.Send(new WriteCreditPapers(), stop);
            pdf = await commands.Send(new ReadCreditPaper(number, payer), stop);
        }
        return pdf is null ? FindBillPage.Back(request) : PageAnswer.File(pdf, CreditDocument.FileName(number), "application/pdf");
    }
}

/// <summary>A family's note as a page tells of it.</summary>
public sealed record ShownCredit(string Words, string Path, Platform.Core.Money.Euro Amount)
{
    internal static ShownCredit Of(CreditNote note, Texts t, string path, ILinks links) => new(
        t[$"credit.{note.Fate}", note.Number, Platform.Core.Time.LegalTime.Day(note.IssuedAt), note.PupilGiven, note.Service, note.Left.In(t.Culture)], $"{path}/{CreditLinks.To(links, note)}", note.Total);
}

internal static class CreditLinks
{
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public static string To(ILinks links, CreditNote note) => $"nota/{links.Seal(string.Create(CultureInfo.InvariantCulture, $"N{note.Number}:{note.Payer}"), Lifetime)}";

    public static (int Number, string Payer) Open(ILinks links, string? token) =>
        token is not null && links.Open(token) is ['N', .. var rest] && rest.Split(':', 2) is [var number, { Length: > 0 } payer] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found)
            ? (found, payer) : (0, "");
}
