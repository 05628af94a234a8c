using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Office.Search;
using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>Whatever an officer may know of a payment leads to it, in the officer's own entity and nowhere else.</summary>
internal sealed class SearchTests : OnOneHost
{
    static int _number = 71000;

    [Test]
    public async Task A_payment_is_found_by_its_order_its_notice_its_payer_and_its_debtor()
    {
        var other = await Till.Start();
        var payment = await Of(new("RSSMRA80A01H501U", "Maria Jolanda D’Angelò"), "Maria.Rossi@Example.it");
        foreach (var typed in (string[])[
            payment.Order, payment.Order.ToLowerInvariant(), payment.Order.Replace("-", " ", StringComparison.Ordinal), payment.Reference, payment.Reference.Replace('/', ' '),
            payment.Reference.Split('/')[^1], "rssmra80a01h501u", "RSSMRA 80A01 H501U", "maria.rossi@example.it", "dangelo", "D'Angelo Maria", "jolanda MARIA dangelo"])
            (await Find(new(Text: typed))).Should().Equal([payment.Order], typed);
        foreach (var typed in (string[])[$"{payment.Order[..^1]}x", "RSSMRA80A01F205X", "maria.rossi@example.com", "Maria Bianchi", "Maria Jolanda Bianchi", "V/2026/", "%", "' or 1=1 --", "", "🙂"])
            (await Find(new(Text: typed))).Should().BeEmpty(typed);
        (await Find(new(Text: other.Reference))).Should().Equal(other.Order);
    }

    [Test]
    public async Task Another_entity_finds_nothing_of_it_by_anything()
    {
        var payment = await Of(new("BNCLRA85T50A944L", "Lara Bianchi"), "lara@example.it");
        foreach (var criteria in (PaymentCriteria[])[new(Text: payment.Order), new(Text: payment.Reference), new(Text: "Lara Bianchi"), new(Text: "lara@example.it"), new()])
        {
            (await Find(criteria, "MZB")).Should().NotContain(payment.Order);
            (await Find(criteria)).Should().Contain(payment.Order);
        }
    }

    [Test]
    public async Task Amount_state_service_and_day_narrow_what_is_found()
    {
        var first = await Till.Start(minimum: 70, minimumCents: 10);
        var cents = new Euro((await Till.Of(first)).AskedCents);
        var second = await Till.Again(first.Reference, lies: new { listener = new { drop = true }, amountCents = 5050 });
        using (await Till.Post(Till.Return, (await Till.PayAtBank(second)).Body))
            await Host.After(TimeSpan.FromSeconds(4));
        var day = Core.Time.LegalTime.Day(Host.Clock.GetUtcNow());

        (await Find(new(Amount: cents))).Should().Contain([first.Order, second.Order]);
        (await Find(new(Amount: new Euro(5050)))).Should().Equal([second.Order], "it is what the bank took");
        (await Find(new(Amount: cents, State: "paid"))).Should().Contain(second.Order).And.NotContain(first.Order);
        (await Find(new(State: "paid"))).Should().Contain(second.Order).And.NotContain(first.Order);
        (await Find(new(State: "prepared", Service: "fines"))).Should().Contain(first.Order).And.NotContain(second.Order);
        (await Find(new(Text: first.Reference, State: "paid"))).Should().Equal(second.Order);
        (await Find(new(Service: "schoolfees"))).Should().BeEmpty();
        (await Find(new(From: day, To: day))).Should().Contain(first.Order);
        (await Find(new(To: day.AddDays(-1)))).Should().BeEmpty();
        (await Find(new(From: day.AddDays(1)))).Should().BeEmpty();
    }

    [Test]
    public async Task Pages_lead_on_and_back_without_losing_or_repeating_a_payment()
    {
        var reference = (await Till.Start("VRG", "VRG")).Reference;
        for (var n = 0; n < 44; n++)
            await Till.Again(reference, "VRG", "VRG");
        foreach (var criteria in (PaymentCriteria[])[new(), new(Text: reference), new(State: "prepared"), new(Service: "fines"), new(Amount: new Euro((await Host.Database.Value<long>("select max(asked_cents) from payments.payment where order_no like 'VRG%'"))))])
        {
            var pages = new List<FoundPayments> { await Page(criteria, "VRG") };
            while (pages[^1].Older is { } older)
                pages.Add(await Page(criteria, "VRG", older));
            var all = pages.SelectMany(page => page.Payments).Select(payment => payment.OrderNo).ToList();
            all.Should().HaveCount(45).And.OnlyHaveUniqueItems();
            pages[0].Newer.Should().BeNull();

            var back = new List<FoundPayments> { pages.Last(page => page.Payments.Count > 0) };
            while (back[0].Newer is { } newer)
                back.Insert(0, await Page(criteria, "VRG", newer, backwards: true));
            back.SelectMany(page => page.Payments).Select(payment => payment.OrderNo).Should().Equal(all, "the way back is the same way");
        }
    }

    [Test]
    public async Task Of_a_person_only_digests_stand_beside_their_one_table_and_go_with_them()
    {
        var payment = await Of(new("VRDGPP75M10A944E", "Giuseppe Verdi"), "giuseppe@example.it");
        (await Host.Database.Value<long>("select count(*) from payments.search_token t where t::text ~* 'verdi|giuseppe|VRDGPP'")).Should().Be(0);
        var tokens = await Host.Database.Rows<byte[]>("select distinct token from payments.search_token where payment_id = @Attempt and subject_id is not null", payment);
        tokens.Should().HaveCount(5, "tax code, e-mail, two names and both together");

        var subjects = await Host.Database.Rows<Guid>("select distinct subject_id from payments.search_token where payment_id = @Attempt and subject_id is not null", payment);
        await Host.As("payments", "URG", "BEN", async scope => await scope.Resolve<ISessions>().Run(
            async session =>
            {
                foreach (var subject in subjects)
                    await SearchWords.Forget(session, subject);
                return true;
            },
            CancellationToken.None));
        (await Find(new(Text: "Giuseppe Verdi"))).Should().BeEmpty();
        (await Find(new(Text: "giuseppe@example.it"))).Should().BeEmpty();
        (await Find(new(Text: payment.Reference))).Should().Equal(payment.Order);
    }

    /// <summary>A payment of a fine whose debtor and payer are known.</summary>
    async Task<Started> Of(Debtor debtor, string email)
    {
        var fine = await Host.LoadFine(number: Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture));
        return await Host.As("fines", "URG", "BEN", async scope =>
        {
            var commands = scope.Resolve<ICommands>();
            var opened = await commands.Send(
                new OpenPosition(fine.Number, $"Verbale {fine.Number}", new(new(2026, 12, 31), [new("Sanzione", "9/0102100SA/", "1", new Euro(4200))])) { Debtor = debtor }, CancellationToken.None);
            var attempt = Guid.CreateVersion7();
            var started = await commands.Send(new StartCheckout(attempt, [opened.Due], "verbale/x", "it", new Payer(email)), CancellationToken.None);
            return new Started(attempt, started.Value.OrderNumber, started.Value.GoTo, opened.Due.Value, fine.Number);
        });
    }

    async Task<IReadOnlyList<string>> Find(PaymentCriteria criteria, string entity = "URG") => [.. (await Page(criteria, entity)).Payments.Select(payment => payment.OrderNo)];

    Task<FoundPayments> Page(PaymentCriteria criteria, string entity, PaymentPlace? place = null, bool backwards = false) => Host.As(
        "payments", entity, entity, scope => scope.Resolve<ICommands>().Send(new FindPayments(criteria, place, backwards), CancellationToken.None));
}
