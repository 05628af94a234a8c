using Platform.Testing;

namespace Platform.Payments.Tests.Payers;

/// <summary>A payer's address is forgotten; what he paid is not.</summary>
internal sealed class ForgettingTests : OnOneHost
{
    [Test]
    public async Task A_forgotten_address_is_nowhere_and_payments_receipts_and_the_journal_stand()
    {
        var (first, second, other) = (await Paid("Chi.Paga@esempio.it"), await Paid("chi.paga@ESEMPIO.it"), await Paid("altra@esempio.it"));
        (await Salts()).Should().Be(3);
        (await Host.Portico("payments", "forget", "--entity", "URG", "--email", "chi.paga@esempio.it")).Output.Should().Contain("Forgotten with 2 payments");

        (await Kept()).Should().Equal("altra@esempio.it");
        (await Salts()).Should().Be(1, "without its salt a digest says nothing");
        (await Host.Database.Value<long>("select count(distinct subject_id) from payments.search_token where subject_id is not null")).Should().Be(1, "no search finds a person who is forgotten");
        (await Host.Portico("journal", "verify")).Code.Should().Be(0);
        (await Host.Database.Value<long>("select count(*) from core.journal where kind = 'payer.forgotten' and body::text not ilike '%esempio%'")).Should().Be(1);
        using var anybody = Host.NewCitizen();
        foreach (var order in new[] { first, second, other })
        {
            (await Host.Database.Value<string>("select state from payments.payment where order_no = @order", new { order })).Should().Be("paid");
            await anybody.Open($"/verifica/{await Host.Database.Value<string>("select r.code from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order })}");
            anybody.Status.Should().Be(200);
            anybody.Reads.Should().Contain(order);
        }
        (await Host.Portico("payments", "forget", "--entity", "URG", "--email", "chi.paga@esempio.it")).Output.Should().Contain("Nothing of it was kept");
        (await Host.Portico("payments", "forget", "--entity", "MZB", "--email", "altra@esempio.it")).Output.Should().Contain("Nothing of it was kept", "it is another creditor's");
        (await Host.Portico("payments", "forget", "--entity", "URG", "--order", other)).Output.Should().Contain("Forgotten with 1 payments");
        (await Kept()).Should().BeEmpty();
        (await Host.Portico("payments", "forget", "--entity", "URG")).Code.Should().Be(2, "one of the two must be named");
    }

    static int _number = 9500;

    async Task<string> Paid(string email)
    {
        var fine = await Host.LoadFine(number: $"{Interlocked.Increment(ref _number)}");
        using var citizen = Host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.Send(("payer_email", email));
        await citizen.PayAtBank();
        await Host.After(TimeSpan.FromSeconds(4));
        return (await Host.Database.Value<string>("select paid_order from fines.fine where series || '/' || year || '/' || number = @Number", fine))!;
    }

    async Task<IEnumerable<string>> Kept() => (await Host.Database.Rows<Row>("select email as text from payments.subject where email is not null")).Select(row => row.Text);

    Task<long> Salts() => Host.Database.Value<long>("select count(*) from core.journal_salt");

    sealed class Row
    {
        public string Text { get; init; } = "";
    }
}
