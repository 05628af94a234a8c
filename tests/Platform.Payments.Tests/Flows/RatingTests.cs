using AngleSharp.Html.Dom;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>Who has paid is asked how easy it was.</summary>
public sealed class RatingTests
{
    PorticoTestHost _host = null!;
    Citizen _citizen = null!;

    [SetUp]
    public async Task Pay()
    {
        _host = await PorticoTestHost.Start();
        _citizen = _host.NewCitizen();
        var fine = await _host.LoadFine();
        await _citizen.FindFine("bentivoglio", fine);
        await _citizen.GoToBank();
        await _citizen.PayAtBank();
        await _host.Quiet();
        await _citizen.LookAgain();
    }

    [TearDown]
    public async Task Close()
    {
        _citizen.Dispose();
        await _host.DisposeAsync();
    }

    [Test]
    public async Task Stars_a_reason_and_words_are_kept_without_a_name_and_the_office_reads_them()
    {
        await _citizen.Send(("stelle", "4"));
        _citizen.Reads.Should().Contain("abbiamo registrato 4 su 5").And.Contain("Che cosa hai apprezzato");
        await _citizen.Send(("motivo", "clear"), ("dettagli", "=2+2; tutto bene"));

        _citizen.Heading.Should().Be("Grazie");
        var summary = await _host.Portico("ratings", "--entity", "URG");
        summary.Output.Should().Contain("fines\tBEN\t1 ratings\taverage 4.00\t1: 0\t2: 0\t3: 0\t4: 1\t5: 0");
        var list = await _host.Portico("ratings", "--entity", "URG", "--list", "--from", "2026-01-01", "--to", "2026-12-31");
        list.Output.Should().Contain(";fines;BEN;4;clear;").And.Contain("\"'=2+2; tutto bene\"", "a spreadsheet must not run what a citizen wrote");
    }

    [Test]
    public async Task Who_rates_the_same_payment_again_changes_his_rating()
    {
        var end = _citizen.Address;
        await _citizen.Send(("stelle", "5"));
        await _citizen.Send(("motivo", "clear"), ("dettagli", ""));
        await _citizen.Open(end.PathAndQuery);
        await _citizen.Send(("stelle", "2"));

        _citizen.Reads.Should().Contain("Dove hai trovato le maggiori difficoltà");
        (await Rated()).Should().Be("2//");
    }

    [TestCase("")]
    [TestCase("0")]
    [TestCase("6")]
    [TestCase("5 ")]
    [TestCase("５")]
    public async Task Anything_but_one_to_five_stars_is_refused_in_words(string stars)
    {
        await PostStars(stars);

        _citizen.Status.Should().Be(stars == "5 " ? 200 : 422);
        if (stars != "5 ")
            _citizen.Reads.Should().Contain("Scegli da 1 a 5 stelle");
        (await _host.Database.Value<long>("select count(*) from core.rating")).Should().Be(stars == "5 " ? 1 : 0);
    }

    [Test]
    public async Task A_reason_that_was_not_offered_and_too_many_words_are_refused_and_the_stars_stay()
    {
        await _citizen.Send(("stelle", "5"));
        ((IHtmlInputElement)_citizen.Page.QuerySelector("input[value=clear]")!).Value = "unclear";
        await _citizen.Send(("motivo", "unclear"), ("dettagli", new string('x', 201)));

        _citizen.Status.Should().Be(422);
        _citizen.Reads.Should().Contain("Scegli una delle risposte").And.Contain("più di 200 caratteri");
        (await Rated()).Should().Be("5//");
    }

    [Test]
    public async Task A_question_that_was_altered_is_of_another_municipality_or_is_too_old_writes_nothing()
    {
        var token = ((IHtmlInputElement)_citizen.Page.QuerySelector("input[name=voto]")!).Value;
        foreach (var (place, told) in new[] { ("bentivoglio", token[..^2] + "AA"), ("bentivoglio", ""), ("marzabotto", token) })
        {
            await _citizen.Open($"/{place}/valutazione?voto={told}");
            _citizen.Status.Should().Be(404);
            _citizen.Heading.Should().Be("Valutazione non più disponibile");
        }
        _host.Clock.Advance(TimeSpan.FromDays(31));
        await _citizen.Open($"/bentivoglio/valutazione?voto={token}");
        _citizen.Status.Should().Be(404);
        (await _host.Database.Value<long>("select count(*) from core.rating")).Should().Be(0);
    }

    [Test]
    public async Task Words_are_emptied_after_a_year_and_the_stars_stay()
    {
        await _citizen.Send(("stelle", "5"));
        await _citizen.Send(("motivo", "other"), ("dettagli", "Mi chiamo…"));
        (await Rated()).Should().Be("5/other/Mi chiamo…");

        await _host.After(TimeSpan.FromDays(366));

        (await Rated()).Should().Be("5/other/");
    }

    async Task PostStars(string stars)
    {
        var button = ((IHtmlInputElement)_citizen.Page.QuerySelector("input[name=stelle][value='1']")!);
        button.Value = stars;
        await _citizen.Send(("stelle", stars));
    }

    Task<string?> Rated() => _host.Database.Value<string>("select stars || '/' || coalesce(reason, '') || '/' || coalesce(words, '') from core.rating");
}
