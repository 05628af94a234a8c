using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Payments;
using Services.Fines.Register;
using Services.Fines.Tests.Pages;
using Services.Fines.Tests.Register;

namespace Services.Fines.Tests;

public sealed class FinesSettingsTests
{
    static readonly DateTimeOffset Noon5March = new(2026, 3, 5, 11, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_term_that_ends_on_the_patrons_feast_ends_a_working_day_later()
    {
        // Notified on Monday 2 March: the fifth day is Saturday the 7th, and the day after it a Sunday.
        PriceFinesHandler.Position(Some.Fine, new(), new(2026, 3, 5)).Due.DueOn.Should().Be(new(2026, 3, 7));
        PriceFinesHandler.Position(Some.Fine, new() { Patron = "7/3" }, new(2026, 3, 5)).Due.DueOn.Should().Be(new(2026, 3, 9));
    }

    [Test]
    public async Task A_fine_nobody_was_told_of_is_paid_only_where_the_creditor_wants_it()
    {
        var untold = Some.Fine with { NotifiedOn = null };
        var before = new FinesSettings();
        var after = new FinesSettings { PayBeforeNotice = false };

        (await Page(untold, before)).Should().Contain("name=\"attempt\"");
        (await Page(untold, after)).Should().NotContain("name=\"attempt\"").And.Contain("prima della consegna qui non si paga");
        (await Page(Some.Fine, after)).Should().Contain("name=\"attempt\"", "this one was told");
        FinePositions.Price(untold, before, new(2026, 3, 5)).Should().BeOfType<Quote.Priced>();
        FinePositions.Price(untold, after, new(2026, 3, 5)).Should().Be(new Quote.Refused(FineRefusals.NotToldYet), "a form kept from yesterday must not pay either");
    }

    [Test]
    public async Task What_the_office_wrote_is_a_text_and_no_markup() =>
        (await Page(Some.Fine, new() { Office = "<b>Ufficio</b>" })).Should().Contain("&lt;b&gt;Ufficio");

    [Test]
    public void Only_what_a_creditor_lacks_is_to_be_mended()
    {
        var bentivoglio = Some.Bentivoglio;
        Missing(new(), bentivoglio).Should().Equal("patron", "office");
        Missing(new() { Patron = "29/06", Office = "Sportello" }, bentivoglio).Should().BeEmpty();
        Missing(new(), Some.Union).Should().BeEmpty("a union has many patrons, and this one a telephone");

        static IEnumerable<string> Missing(FinesSettings settings, Entity creditor) =>
            FinesSettings.Check(settings, creditor).Where(line => !line.Ready).Select(line => line.Words.Contains("patron=", StringComparison.Ordinal) ? "patron" : "office");
    }

    static Task<string> Page(Services.Fines.Register.Fine fine, FinesSettings settings) =>
        Drawn.Page<ShowFineView>(ShowFineModel.Of(fine, settings, Drawn.Request("it", Noon5March), null), PageCultures.Italian);
}
