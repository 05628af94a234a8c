using Autofac;
using Platform.Core.Hosting;
using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

/// <summary>Which bank contract takes the money. None is better than a wrong one.</summary>
public sealed class AgreementsTests
{
    static readonly Guid Own = new("0197a000-0000-7000-8000-0000000000bb");

    [Test]
    public async Task The_creditors_own_agreement_comes_before_the_centres_and_serves_nobody_else()
    {
        await using var host = await Start();
        using var till = new Till(host);
        await host.SaveAgreement(Own, "MZB");
        (await AgreementOf(till, "MZB")).Should().Be(Own);
        (await AgreementOf(till, "URG")).Should().NotBe(Own);
    }

    [Test]
    public async Task Without_an_agreement_valid_today_nothing_starts()
    {
        await using var host = await Start(now: new DateTimeOffset(2019, 12, 31, 12, 0, 0, TimeSpan.Zero));
        using var till = new Till(host);
        await ShouldRefuse(till, "MZB");
    }

    [Test]
    public async Task Production_refuses_the_published_secret()
    {
        await using var host = await Start(profile: Profile.Production);
        using var till = new Till(host);
        await ShouldRefuse(till, "MZB");
    }

    [Test]
    public async Task Production_refuses_the_second_bank_s_published_key()
    {
        await using var host = await Start(profile: Profile.Production);
        using var till = new Till(host);
        await host.SaveAgreementWith("pagonline-imprese", Own, "MZB", new { terminal = "UNI_MYBK", service = "https://bank.example/services/", pages = "https://bank.example" }, "imprese");
        await ShouldRefuse(till, "MZB");
    }

    [Test]
    public async Task Production_takes_a_secret_of_its_own()
    {
        await using var host = await Start(
            profile: Profile.Production, secrets: new Dictionary<string, string?>(StringComparer.Ordinal) { ["Secrets:real:key"] = "a key nobody published", ["Secrets:real:password"] = "x" });
        using var till = new Till(host);
        await host.SaveAgreement(Own, "MZB", "real");
        (await AgreementOf(till, "MZB")).Should().Be(Own);
    }

    [Test]
    public async Task An_own_agreement_that_cannot_be_used_is_not_replaced_by_the_centres()
    {
        await using var host = await Start();
        using var till = new Till(host);
        await host.SaveAgreement(Own, "MZB", "nowhere");
        await ShouldRefuse(till, "MZB");
        (await AgreementOf(till, "URG")).Should().NotBe(Own);
    }

    [TestCase("null", "pagonline", 1, "one JSON object")]
    [TestCase("{}", "nobody", 1, "There is no gateway nobody. There are: pagonline, pagonline-imprese.")]
    [TestCase("{\"merchant\":1}", "pagonline", 0, "cannot be used")]
    public async Task Who_writes_down_what_cannot_be_used_is_told(string settings, string gateway, int code, string why)
    {
        await using var host = await Start();
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "agreement.json");
        await File.WriteAllTextAsync(file, settings);
        var told = await host.Portico("agreement", "set", "--id", $"{Own}", "--owner", "MZB", "--from", "2026-01-01", "--secret", "demo", "--gateway", gateway, file);
        told.Code.Should().Be(code);
        (told.Output + told.Errors).Should().Contain(why);
    }

    [TestCase("merchant")]
    [TestCase("start")]
    [TestCase("query")]
    public async Task An_agreement_that_lacks_a_setting_is_refused_and_disturbs_no_page(string missing)
    {
        await using var host = await Start();
        using var till = new Till(host);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["merchant"] = "1", ["store"] = "1", ["user"] = "1", ["start"] = "https://bank.example/initInsert.do", ["query"] = "https://bank.example/q",
        };
        settings.Remove(missing);
        await host.SaveAgreement(Own, "MZB", settings: settings);
        await ShouldRefuse(till, "MZB");
        using var page = await till.Get("/marzabotto/multe");
        page.StatusCode.Should().Be(System.Net.HttpStatusCode.OK);
    }

    static Task<PorticoTestHost> Start(DateTimeOffset? now = null, Profile profile = Profile.Test, IEnumerable<KeyValuePair<string, string?>>? secrets = null) => PorticoTestHost.Start(
        now: now, profile: profile, secrets: secrets, container: builder => builder.RegisterInstance(new MisbehavingOwner()).Keyed<IPositionOwner>("fines"));

    static async Task<Guid> AgreementOf(Till till, string creditor)
    {
        var attempt = Guid.CreateVersion7();
        (await till.Checkout(attempt, [await till.Open("X/1", creditor, creditor)], creditor, creditor)).Refusal.Should().BeNull();
        return await till.Host.Database.Value<Guid>("select agreement_id from payments.payment where payment_id = @attempt", new { attempt });
    }

    static async Task ShouldRefuse(Till till, string creditor)
    {
        var outcome = await till.Checkout(Guid.CreateVersion7(), [await till.Open("X/1", creditor, creditor)], creditor, creditor);
        outcome.Refusal!.Code.Should().Be(CheckoutRefusals.NoAgreement);
        (await till.Count("payments.payment", new { })).Should().Be(0);
    }
}
