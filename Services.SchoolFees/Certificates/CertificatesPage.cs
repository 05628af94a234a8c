using System.Globalization;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Certificates;

namespace Services.SchoolFees;

/// <summary>Years that are over and in which somebody paid, with what each certificate would say.</summary>
internal sealed record ReadYears(string Payer) : ICommand<IReadOnlyList<YearOfPupil>>;

internal sealed class ReadYearsHandler(ISessions sessions, TimeProvider time) : ICommandHandler<ReadYears, IReadOnlyList<YearOfPupil>>
{
    // As long as a tax return can be asked about.
    const int Back = 6;

    public Task<IReadOnlyList<YearOfPupil>> Handle(ReadYears command, CancellationToken stop) => sessions.Run<IReadOnlyList<YearOfPupil>>(
        async session =>
        {
            var last = LegalTime.Day(time.GetUtcNow()).Year - 1;
            var years = new List<YearOfPupil>();
            for (var year = last; year > last - Back; year--)
                years.AddRange(await YearOfPupil.Read(session, year, [command.Payer]));
            return years;
        },
        stop);
}

/// <summary>The yearly certificates of who pays: one is chosen and saved as a PDF.</summary>
internal sealed class CertificatesPage(ICommands commands, ILinks links) : IPage
{
    public const string Which = "attestazione";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Draw(request, null, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (BillLinks.Payer(links, request.Route.GetValueOrDefault("token")) is not { } payer)
            return FindBillPage.Back(request);
        var form = FormState.From(request.Form);
        var chosen = (await commands.Send(new ReadYears(payer), stop)).FirstOrDefault(year => Value(year) == form[Which]);
        if (chosen is not null)
        {
            var issued = await commands.Send(new IssueCertificates(chosen.Year, [payer], chosen.PupilId), stop);
            if (issued is { Refusal: null, Value: [var certificate] })
                return PageAnswer.File(certificate.Pdf, certificate.FileName, "application/pdf");
        }
        form.AddError(Which, SchoolFeesTexts.In(request.Culture)["certificates.none"]);
        return await Draw(request, form, stop);
    }

    async Task<PageAnswer> Draw(PageRequest request, FormState? form, CancellationToken stop)
    {
        if (BillLinks.Payer(links, request.Route.GetValueOrDefault("token")) is not { } payer)
            return FindBillPage.Back(request);
        var t = SchoolFeesTexts.In(request.Culture);
        var years = await commands.Send(new ReadYears(payer), stop);
        form ??= years.Count == 0 ? new FormState() : new FormState().Set(Which, Value(years[0]));
        return PageAnswer.View<CertificatesView>(
            new CertificatesModel(
                t, form,
                [
                    .. years.Select(year => new Choice(
                        Value(year), t["certificates.choice", year.Year, year.Pupil],
                        Amounts(year, t))),
                ],
                LegalTime.Day(request.Now).Year, request.Path, $"{request.Path}/{BillLinks.ToHousehold(links, payer, ofDelegate: false)}", request.Creditor),
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    static string Amounts(YearOfPupil year, Texts t) => string.Join(", ", new[] { (Deduction.School, "certificates.school"), (Deduction.Nursery, "certificates.nursery") }
        .Where(part => year.Of(part.Item1) > Euro.Zero).Select(part => t[part.Item2, year.Of(part.Item1).In(t.Culture)]));

    static string Value(YearOfPupil year) => string.Create(CultureInfo.InvariantCulture, $"{year.Year} {year.PupilId}");
}

/// <summary>The certificates as their page shows them.</summary>
/// <param name="Year">The year that is not over yet.</param>
public sealed record CertificatesModel(Texts Texts, FormState Form, IReadOnlyList<Choice> Choices, int Year, string SearchPath, string HouseholdPath, Entity Creditor);
