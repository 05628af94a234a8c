using System.Net;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>A second checkout on a due while another is under way: the bank is asked before anybody pays twice.</summary>
internal sealed class TwoTabsTests : OnOneHost
{
    [Test]
    public async Task When_the_bank_has_the_money_the_second_tab_goes_to_the_receipt()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        await first.Press("azione", "paga");
        await second.GoToBank();
        second.Heading.Should().Be("Pagamento riuscito");
        (await Payments(second)).Should().Be(1);
        Leave(first, second);
    }

    [Test]
    public async Task While_the_first_is_open_at_the_bank_the_second_goes_on_with_the_same_order_or_starts_again()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        var order = await OrderOf(first);
        await second.GoToBank();
        second.Heading.Should().Be("C’è già un pagamento iniziato");
        second.Reads.Should().Contain("La banca aspetta ancora").And.Contain(order).And.Contain("31,40");
        (await Payments(second)).Should().Be(1, "nothing begins before the payer chooses");
        var choice = second.Address.PathAndQuery;

        await second.Follow("Continua il pagamento iniziato");
        second.Heading.Should().Be("Paga con carta");
        second.Reads.Should().Contain(order);

        await second.Open(choice);
        await second.Send(("scelta", second.Page.QuerySelector("input[name=scelta]")!.GetAttribute("value")!));
        second.Heading.Should().Be("Paga con carta");
        second.Reads.Should().NotContain(order);
        await second.PayAtBank();
        second.Heading.Should().Be("Pagamento riuscito");
        (await Payments(second)).Should().Be(2);
        Leave(first, second);
    }

    [Test]
    public async Task To_start_again_twice_is_one_payment()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        await second.GoToBank();
        var choice = second.Address.PathAndQuery;
        for (var time = 0; time < 2; time++)
        {
            await second.Open(choice);
            await second.Send(("scelta", second.Page.QuerySelector("input[name=scelta]")!.GetAttribute("value")!));
            second.Heading.Should().Be("Paga con carta");
        }
        (await Payments(second)).Should().Be(2);
        Leave(first, second);
    }

    [Test]
    public async Task What_never_reached_the_bank_is_told_as_that()
    {
        var payment = await Till.Start();
        var again = await Till.Host.As("fines", "URG", "BEN", scope => Autofac.ResolutionExtensions.Resolve<Core.Commands.ICommands>(scope).Send(
            new Payments.Checkout.MeetEarlierAttempt(new(Guid.CreateVersion7(), [new(payment.Due)], "verbale/x", "it")), CancellationToken.None));
        using var citizen = Host.NewCitizen();
        await citizen.Open(again!.GoTo.ToString());
        citizen.Reads.Should().Contain("Alla banca non è arrivato").And.Contain("Ricomincia da capo");
    }

    [Test]
    public async Task When_the_bank_is_silent_the_choice_comes_with_a_warning()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        await Host.Bank.BeDown(true);
        await second.GoToBank();
        await Host.Bank.BeDown(false);
        second.Heading.Should().Be("C’è già un pagamento iniziato");
        second.Reads.Should().Contain("La banca ora non risponde").And.Contain("non pagare di nuovo");
        Leave(first, second);
    }

    [Test]
    public async Task What_failed_or_is_older_than_a_quarter_of_an_hour_is_in_nobody_s_way()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        await first.CancelAtBank();
        await second.GoToBank();
        second.Heading.Should().Be("Paga con carta");
        await Host.After(TimeSpan.FromMinutes(16));
        await first.Follow("Riprova a pagare");
        await first.GoToBank();
        first.Heading.Should().Be("Paga con carta");
        Leave(first, second);
    }

    [Test]
    public async Task A_choice_that_was_altered_is_another_payment_s_or_comes_from_elsewhere_begins_nothing()
    {
        var (first, second) = await TwoTabs();
        await first.GoToBank();
        await second.GoToBank();
        var choice = second.Address.PathAndQuery;
        await second.Open(choice[..^4] + "AAAA");
        second.Heading.Should().Be("Pagamento in corso");
        await second.Open(choice.Replace("/bentivoglio/", "/marzabotto/", StringComparison.Ordinal));
        second.Status.Should().Be(404);
        using var answer = await Till.Post(choice.Split('?')[0], choice.Split('?')[1]);
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await Payments(second)).Should().Be(1);
        Leave(first, second);
    }

    async Task<(Citizen First, Citizen Second)> TwoTabs()
    {
        var fine = await Host.LoadFine(number: $"{Interlocked.Increment(ref _number)}");
        _fine = fine.Number;
        await Host.Bank.Lie("*", new { listener = new { drop = true } });
        var (first, second) = (Host.NewCitizen(), Host.NewCitizen());
        await first.FindFine("bentivoglio", fine);
        await second.FindFine("bentivoglio", fine);
        return (first, second);
    }

    async Task<string> OrderOf(Citizen _) => (await Host.Database.Rows<string>(
        "select p.order_no from payments.payment p join payments.payment_item i using (entity_id, payment_id) join payments.due d using (entity_id, due_id) join payments.position s using (entity_id, position_id) where s.reference = @_fine",
        new { _fine })).Single();

    Task<long> Payments(Citizen _) => Host.Database.Value<long>(
        "select count(*) from payments.payment_item i join payments.due d using (entity_id, due_id) join payments.position s using (entity_id, position_id) where s.reference = @_fine", new { _fine });

    static void Leave(params Citizen[] tabs) => Array.ForEach(tabs, tab => tab.Dispose());

    static int _number = 5000;
    string _fine = "";
}
