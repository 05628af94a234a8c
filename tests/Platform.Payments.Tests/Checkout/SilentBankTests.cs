using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

/// <summary>What a citizen reads before typing anything while the bank does not answer.</summary>
public sealed class SilentBankTests
{
    const string Words = "In questo momento la banca non risponde";

    PorticoTestHost host = null!;
    Till till = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        till = new(host);
    }

    [TearDown]
    public async Task Stop()
    {
        await host.Bank.BeDown(false);
        till.Dispose();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Two_unanswered_questions_are_told_on_every_host_and_the_first_answer_ends_it()
    {
        await using var other = await host.Another();
        await till.Start();
        await till.Start();
        (await Reads(host)).Should().NotContain(Words);
        await host.Bank.BeDown(true);
        await host.After(TimeSpan.FromMinutes(3));
        (await Reads(host)).Should().Contain(Words).And.Contain("Dalle 11:03 del 10 marzo").And.Contain("Ho pagato e non è successo niente");
        (await Reads(other)).Should().Contain(Words);
        using (var citizen = host.NewCitizen())
        {
            await citizen.FindFine("bentivoglio", await host.LoadFine());
            citizen.Reads.Should().Contain(Words).And.Contain("Paga 31,40");
        }

        await host.Bank.BeDown(false);
        await host.After(TimeSpan.FromMinutes(6));
        (await Reads(host)).Should().NotContain(Words);
        (await Reads(other)).Should().NotContain(Words);
        (await till.Count("payments.gateway_state", new { })).Should().Be(0);
    }

    [Test]
    public async Task One_unanswered_question_is_no_news_and_one_of_long_ago_is_forgotten()
    {
        await till.Start();
        await host.Bank.BeDown(true);
        await host.After(TimeSpan.FromMinutes(2));
        (await Reads(host)).Should().NotContain(Words);
        await host.Database.Execute("update payments.payment set next_query_at = null");
        await host.After(TimeSpan.FromMinutes(11));
        await till.Start();
        await host.After(TimeSpan.FromMinutes(2));
        (await till.Count("payments.external_call where outcome = 'Undetermined'", new { })).Should().Be(2);
        (await Reads(host)).Should().NotContain(Words, "the two lie eleven minutes apart");
    }

    [Test]
    public async Task Without_further_questions_it_is_told_for_ten_minutes()
    {
        await till.Start();
        await till.Start();
        await host.Bank.BeDown(true);
        await host.After(TimeSpan.FromMinutes(3));
        await host.Database.Execute("update payments.payment set next_query_at = null");
        await host.After(TimeSpan.FromMinutes(9));
        (await Reads(host)).Should().Contain(Words);
        await host.After(TimeSpan.FromMinutes(2));
        (await Reads(host)).Should().NotContain(Words);
    }

    [Test]
    public async Task A_creditor_with_a_bank_of_its_own_is_not_spoken_for()
    {
        await till.Start();
        await till.Start();
        await host.SaveAgreement(new("0197a000-0000-7000-8000-0000000000cc"), "MZB");
        await host.Bank.BeDown(true);
        await host.After(TimeSpan.FromMinutes(3));
        (await Reads(host)).Should().Contain(Words);
        (await Reads(host, "marzabotto")).Should().NotContain(Words);
    }

    static async Task<string> Reads(PorticoTestHost host, string municipality = "bentivoglio")
    {
        using var citizen = host.NewCitizen();
        await citizen.Open($"/{municipality}/multe");
        citizen.Status.Should().Be(200);
        return citizen.Reads;
    }
}
