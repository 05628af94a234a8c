using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Platform.Core.Pages;
using Services.Fines.Tests.Register;

namespace Services.Fines.Tests.Pages;

public sealed class FindFinePageTests
{
    static readonly DateOnly Today = new(2026, 3, 10);

    [Test]
    public void The_three_things_are_read_however_they_are_typed()
    {
        var form = Form("v 2026 1042", "20/02/2026", "ab 123-cd");
        var asked = FindFineForm.Read(form, FinesTexts.In(PageCultures.Italian), Today);
        form.Errors.Should().BeEmpty();
        asked.Should().BeEquivalentTo(new { ViolatedOn = new DateOnly(2026, 2, 20), Plate = new { Value = "AB123CD" } });
        asked!.Name.ToString().Should().Be("V/2026/1042");
    }

    [Test]
    public void All_errors_are_told_at_once_in_the_order_of_the_fields()
    {
        var form = Form("", "", "");
        FindFineForm.Read(form, FinesTexts.In(PageCultures.Italian), Today).Should().BeNull();
        form.Errors.Select(error => (error.Name, error.Message)).Should().Equal(
            ("verbale", "Scrivi il numero del verbale"), ("data", "Scrivi la data della violazione"), ("targa", "Scrivi la targa del veicolo"));
    }

    [TestCase("1042", "2026-02-20", "AB123CD", "verbale")]
    [TestCase("V/2026/1042", "2026-02-30", "AB123CD", "data")]
    [TestCase("V/2026/1042", "2026-03-11", "AB123CD", "data")]
    [TestCase("V/2026/1042", "2026-02-20", "AB!", "targa")]
    public void What_cannot_be_is_told_at_its_field(string number, string date, string plate, string field)
    {
        var form = Form(number, date, plate);
        FindFineForm.Read(form, FinesTexts.In(PageCultures.English), Today).Should().BeNull();
        form.Errors.Single().Name.Should().Be(field);
    }

    [TestCase("it")]
    [TestCase("en")]
    public async Task The_search_has_one_heading_and_a_label_for_each_of_three_fields(string language)
    {
        var html = await Draw(new FormState(), language);
        Drawn.Count(html, "<h1").Should().Be(1);
        foreach (var field in new[] { "verbale", "data", "targa" })
        {
            html.Should().Contain($"name=\"{field}\"").And.Contain($"<label for=\"campo-{field}\"");
        }
        html.Should().Contain("__RequestVerificationToken").And.Contain("action=\"/bentivoglio/multe\"");
    }

    [Test]
    public async Task After_an_error_nothing_typed_is_lost_and_the_summary_leads_to_the_field()
    {
        var form = Form("1042", "20/02/2026", "ab 123 \"cd\"");
        FindFineForm.Read(form, FinesTexts.In(PageCultures.Italian), Today);
        var html = await Draw(form, "it");
        html.Should().Contain("value=\"1042\"").And.Contain("value=\"2026-02-20\"").And.Contain("value=\"ab 123 &quot;cd&quot;\"").And.Contain("href=\"#campo-verbale\"");
    }

    [Test]
    public async Task Who_comes_with_an_old_link_is_told_why_he_is_here()
    {
        var html = await Drawn.Page<FindFineView>(
            new FindFineModel(FinesTexts.In(PageCultures.Italian), new FormState(), "/bentivoglio/multe", LinkExpired: true, Today, Some.Union, ""), PageCultures.Italian);
        Drawn.Words(html).Should().Contain("Il collegamento non vale più");
        Drawn.Words(await Draw(new FormState(), "it")).Should().NotContain("Il collegamento non vale più");
    }

    static Task<string> Draw(FormState form, string language) => Drawn.Page<FindFineView>(
        new FindFineModel(FinesTexts.In(PageCultures.Of(language)), form, "/bentivoglio/multe", LinkExpired: false, Today, Some.Union, ""), PageCultures.Of(language));

    static FormState Form(string number, string date, string plate) => FormState.From(new FormCollection(
        new Dictionary<string, StringValues>(StringComparer.Ordinal) { ["verbale"] = number, ["data"] = date, ["targa"] = plate }));
}
