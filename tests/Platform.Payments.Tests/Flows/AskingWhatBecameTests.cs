using Platform.Payments.Checkout;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>"I paid and nothing happened": who proves that a payment is his is told what the bank says now.</summary>
internal sealed class AskingWhatBecameTests : OnOneHost
{
    const string Email = "chi.paga@esempio.it";
    const string Page = "/bentivoglio/pagamenti/ho-pagato";

    [TestCase(Email)]
    [TestCase("  CHI.Paga@Esempio.IT ")]
    public async Task Paid_and_nobody_came_back_is_found_at_once_with_its_receipt(string typed)
    {
        var (citizen, order) = await AtTheBank(Email);
        await citizen.Press("azione", "paga");
        (await StateOf(order)).Should().Be("prepared", "nobody has told us");

        await citizen.Open(Page);
        await citizen.Send(("ordine", order.ToLowerInvariant()), ("email", typed));
        citizen.Heading.Should().Be("Pagamento riuscito");
        await Host.Quiet();
        await citizen.LookAgain();
        citizen.Reads.Should().Contain(order).And.Contain("Scarica la quietanza");
        citizen.Dispose();
    }

    [Test]
    public async Task Who_left_no_e_mail_proves_himself_by_the_amount()
    {
        var (citizen, order) = await AtTheBank(null);
        await citizen.Press("azione", "paga");
        await citizen.Open(Page);
        await citizen.Send(("ordine", order), ("importo", "31,40"));
        citizen.Heading.Should().Be("Pagamento riuscito");
        citizen.Dispose();
    }

    [Test]
    public async Task Another_municipality_s_page_leads_to_the_page_of_the_payment()
    {
        var (citizen, order) = await AtTheBank(Email);
        await citizen.Open("/marzabotto/pagamenti/ho-pagato");
        await citizen.Send(("ordine", order), ("email", Email));
        citizen.Address.AbsolutePath.Should().StartWith("/bentivoglio/pagamenti/URG-");
        citizen.Dispose();
    }

    [Test]
    public async Task What_the_bank_says_is_told_plainly()
    {
        var (citizen, order) = await AtTheBank(Email);
        await Ask();
        citizen.Heading.Should().Be("Pagamento ancora aperto");
        citizen.Reads.Should().Contain("non ha preso nessun importo");

        await Host.Bank.BeDown(true);
        Host.Clock.Advance(TimeSpan.FromSeconds(10));
        await Ask();
        citizen.Heading.Should().Be("La banca ora non risponde");
        citizen.Reads.Should().Contain("Continuiamo a chiedere noi").And.Contain("non pagare di nuovo");

        await Host.Bank.BeDown(false);
        await Host.Bank.SetState(order, "AB");
        await Host.After(TimeSpan.FromSeconds(10));
        await Ask();
        citizen.Heading.Should().Be("Pagamento non riuscito");
        citizen.Dispose();

        async Task Ask()
        {
            await citizen.Open(Page);
            await citizen.Send(("ordine", order), ("email", Email));
        }
    }

    [Test]
    public async Task What_never_arrived_at_the_bank_says_so_and_may_be_tried_again()
    {
        var payment = await Till.Start();
        using var citizen = Host.NewCitizen();
        await citizen.Open(Page);
        await citizen.Send(("ordine", payment.Order), ("importo", "42,00"));
        citizen.Heading.Should().Be("Pagamento non arrivato");
        citizen.Reads.Should().Contain("Riprova a pagare");
        (await Till.QueriesAtBank(payment.Order)).Should().Be(1);
        await citizen.Open(Page);
        await citizen.Send(("ordine", payment.Order), ("importo", "42,00"));
        (await Till.QueriesAtBank(payment.Order)).Should().Be(1, "the bank is not asked again within seconds");
    }

    [Test]
    public async Task An_unknown_order_and_a_proof_that_does_not_fit_read_the_same_and_ask_nobody()
    {
        var (one, withEmail) = await AtTheBank(Email);
        var (two, without) = await AtTheBank(null);
        one.Dispose();
        two.Dispose();
        var answers = new List<string>();
        foreach (var (order, email, amount) in new[]
        {
            (OrderNumber.New("URG"), Email, ""), (OrderNumber.New("MZB"), Email, ""), (OrderNumber.New("QQQ"), Email, ""),
            (withEmail, "altro@esempio.it", ""), (withEmail, "", "31,40"), (withEmail, "altro@esempio.it", "31,40"), (without, Email, ""), (without, "", "31,41"), (without, Email, "31,41"),
        })
        {
            using var citizen = Host.NewCitizen();
            await citizen.Open(Page);
            await citizen.Send(("ordine", order), ("email", email), ("importo", amount));
            citizen.Status.Should().Be(422);
            citizen.Reads.Should().Contain("Non troviamo un pagamento con questi dati");
            foreach (var input in citizen.Page.QuerySelectorAll("input"))
                input.RemoveAttribute("value");
            answers.Add(citizen.Page.DocumentElement.OuterHtml);
        }
        answers.Distinct(StringComparer.Ordinal).Should().ContainSingle();
        foreach (var order in new[] { withEmail, without })
            (await Till.QueriesAtBank(order)).Should().Be(0, "the bank is asked for its payer only");
    }

    [TestCase("", Email, "", "Scrivi il numero d’ordine")]
    [TestCase("URG-0123456789ABC-8", Email, "", "Il numero d’ordine ha tre caratteri")]
    [TestCase("URG-'; drop table-7", Email, "", "Il numero d’ordine ha tre caratteri")]
    [TestCase("URG-0123456789ABC-7", "", "", "oppure l’importo se non ne avevi scritta nessuna")]
    [TestCase("URG-0123456789ABC-7", "a@b", "", "L’indirizzo e-mail non è giusto")]
    [TestCase("URG-0123456789ABC-7", "", "tanto", "L’importo non è giusto")]
    public async Task What_cannot_be_is_told_at_its_field(string order, string email, string amount, string words)
    {
        using var citizen = Host.NewCitizen();
        await citizen.Open(Page);
        await citizen.Send(("ordine", order), ("email", email), ("importo", amount));
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain(words);
    }

    [Test]
    public async Task The_payer_s_e_mail_stands_in_one_row_and_the_journal_has_its_digest()
    {
        var (citizen, order) = await AtTheBank(Email);
        citizen.Dispose();
        (await Host.Database.Rows<string>("select s.email from payments.subject s join payments.payment p on p.entity_id = s.entity_id and p.payer_id = s.subject_id where p.order_no = @order", new { order }))
            .Should().Equal(Email);
        (await Host.Database.Value<bool>("select personal_digest is not null from core.journal where kind = 'payment.started' and body ->> 'orderNo' = @order", new { order })).Should().BeTrue();
    }

    /// <summary>A citizen on the bank's card page. The bank will tell nobody.</summary>
    async Task<(Citizen Citizen, string Order)> AtTheBank(string? email)
    {
        var fine = await Host.LoadFine(number: $"{Interlocked.Increment(ref _number)}");
        var citizen = Host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await Host.Bank.Lie("*", new { listener = new { drop = true } });
        await citizen.Send(("payer_email", email ?? ""));
        var order = await Host.Database.Value<string>(
            "select p.order_no from payments.payment p join payments.payment_item i using (entity_id, payment_id) join payments.due d using (entity_id, due_id) join payments.position s using (entity_id, position_id) where s.reference = @Number",
            new { fine.Number });
        return (citizen, order!);
    }

    Task<string?> StateOf(string order) => Host.Database.Value<string>("select state from payments.payment where order_no = @order", new { order })!;

    static int _number = 4000;
}
