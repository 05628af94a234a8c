using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Carts;
using Platform.Payments.Refunds;
using Platform.Payments.Tests.Checkout;
using Platform.Testing;
using UglyToad.PdfPig;

namespace Platform.Payments.Tests.Carts;

/// <summary>What several services of one creditor ask for, paid at once. Castenaso has both fines and school fees; the school's prices are as a test says.</summary>
internal sealed class CartTests : OnOneHost
{
    const string Payer = "RSSMRA80A01A944I";
    const string Cart = "/castenaso/pagamenti/carrello";
    const long Bus = 2500;

    static readonly Quote BusFee = MisbehavingOwner.Priced(Bus);

    readonly MisbehavingOwner _school = new() { Answer = (_, _) => new(BusFee) };

    /// <summary>Of services that have prices and nothing else.</summary>
    readonly MisbehavingOwner _bare = new();

    static readonly string[] Bare = ["prova", "altra"];

    readonly Queue<string> _bills = [];

    int _fine = 7000;

    protected override Task<PorticoTestHost> Start() => PorticoTestHost.Start(container: builder =>
    {
        builder.RegisterInstance(_school).Keyed<IPositionOwner>("schoolfees");
        foreach (var service in Bare)
            builder.RegisterInstance(_bare).Keyed<IPositionOwner>(service);
    });

    [OneTimeSetUp]
    public async Task Bill()
    {
        const int Pupils = 8;
        var numbers = Enumerable.Range(1, Pupils).ToList();
        await Load("years", "anno;dal;al\n2025/2026;15/09/2025;06/06/2026");
        await Load("schools", "scuola;nome\nFRESU;Primaria Fresu");
        await Load("calendar", "scuola;tipo;dal;al\nFRESU;lezioni;15/09/2025;06/06/2026");
        await Load("services", "servizio;tipo;nome;codice_tassonomia;capitolo\nBUS;trasporto;Trasporto scolastico;9/0107102SP/;3010202");
        await Load("tariffs", "tariffa;servizio;dal;unita;metodo;massimo;fasce;sconto_fratelli;quota_fissa\nBUS25;BUS;01/09/2025;mese;unica;25,00;;;");
        await Load("pupils", "alunno;cognome_alunno;nome_alunno;nato_il;cf_alunno;residente;pagante;cognome_pagante;nome_pagante;cf_pagante;email_pagante\n"
            + string.Join('\n', numbers.Select(n => $"A{n};Rossi;Anna;01/02/2016;RSSNNA16B41A944L;sì;P1;Rossi;Mario;{Payer};")));
        await Load("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\n" + string.Join('\n', numbers.Select(n => $"I{n};A{n};BUS;FRESU;07/01/2026;")));
        await Load("bill", "elaborazione;servizio;mese;scadenza;azione;totale\nGEN;BUS;01/2026;31/03/2026;anteprima;");
        await Load("bill", $"elaborazione;servizio;mese;scadenza;azione;totale\nGEN;BUS;01/2026;31/03/2026;approva;{Pupils * 25},00");
        await Host.Quiet();
        foreach (var code in await Host.Database.Rows<string>("select code from schoolfees.bill order by code"))
            _bills.Enqueue(code);
        _bills.Should().HaveCount(Pupils);
    }

    [TearDown]
    public async Task Behave()
    {
        _school.Answer = (_, _) => new(BusFee);
        await Host.Bank.TellTruth();
    }

    [Test]
    public async Task A_fine_and_a_school_bill_are_one_payment_with_one_receipt_and_each_service_is_told_its_own()
    {
        using var citizen = Host.NewCitizen();
        var (fine, bill) = (await PutFine(citizen), await PutBill(citizen));
        citizen.Heading.Should().Be("Il tuo carrello");
        citizen.Reads.Should().ContainAll("Comune di Castenaso", $"Verbale {fine}", "31,40 €", "25,00 €", "Totale 56,40 €", "Paga 56,40 €");
        await citizen.GoToBank();
        citizen.Reads.Should().Contain("56,40");
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await Host.After(TimeSpan.FromSeconds(4));
        await citizen.LookAgain();
        citizen.Reads.Should().ContainAll("56,40 €", fine, "Scarica la quietanza");

        var order = (await FineOrder(fine))!;
        (await BillOrder(bill)).Should().Be(order);
        (await Host.Database.Rows<(string Service, long Cents)>(
            "select o.payload -> 'position' ->> 'service', (o.payload ->> 'amount')::bigint from core.outbox o where o.payload ->> 'orderNumber' = @order and o.type = 'payments.position_paid.1' order by 1", new { order }))
            .Should().Equal(("fines", 3140), ("schoolfees", 2500));
        var pdf = (await Host.Database.Rows<byte[]>("select r.pdf from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order })).Should().ContainSingle().Subject;
        using var receipt = PdfDocument.Open(pdf);
        string.Join(' ', receipt.GetPages().Select(page => page.Text)).Should().ContainAll("Multe: Verbale", fine, "29,40", "Rette scolastiche: Trasporto", "25,00", "56,40");
        await citizen.Open(Cart);
        citizen.Reads.Should().Contain("È uscito dal carrello").And.NotContain("Paga");

        await Host.Bank.SetState(order, "ST");
        await Till.Tell(order, "ST", "CO");
        await Host.Quiet();
        (await FineOrder(fine)).Should().BeNull("the bank took it all back");
        (await BillOrder(bill)).Should().BeNull();
    }

    [TestCase(1000)]
    [TestCase(4000)]
    public async Task What_the_bank_took_too_little_is_missing_from_what_was_opened_last(long taken)
    {
        using var citizen = Host.NewCitizen();
        var (fine, bill) = (await PutFine(citizen), await PutBill(citizen));
        await Host.Bank.Lie("*", new { amountCents = taken });
        var order = await Pay(citizen, fine);
        var missing = (await Host.Database.Rows<(string Service, long Cents)>(
            """
            select o.service, s.cents from payments.surplus s join payments.payment p using (entity_id, payment_id)
              join payments.due d on d.entity_id = s.entity_id and d.due_id = s.due_id join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
             where p.order_no = @order and s.kind = 'too_little' order by 1
            """, new { order })).ToDictionary(row => row.Service, row => row.Cents, StringComparer.Ordinal);
        missing.Values.Sum().Should().Be(5640 - taken);
        var opened = await Host.Database.Rows<string>("select service from payments.position where reference in (@fine, @bill) order by position_id", new { fine, bill });
        var last = opened[^1] == "fines" ? 3140 : Bus;
        missing[opened[^1]].Should().Be(Math.Min(last, 5640 - taken));

        (await Host.Portico("refund", "ask", order, "--reason", "tutto indietro", "--by", "marta")).Code.Should().Be(0);
        var number = (await Host.Database.Value<string>("select r.number from payments.refund r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order }))!;
        var desk = Host.Container.Resolve<RefundDesk>();
        var creditor = new EntityId(await Host.Database.Value<int>("select entity_id from core.entity where code = 'CTN'", new { }));
        (await desk.Approve(creditor, number, "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        (await desk.Confirm(creditor, number, "op. 7", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        (await Host.Database.Value<long>("select cents from payments.refund where number = @number", new { number })).Should().Be(taken, "all that was taken and nothing more");
        (await FineOrder(fine)).Should().BeNull();
        (await BillOrder(bill)).Should().BeNull();
        await Host.MoneyAddsUp();
    }

    [Test]
    public async Task What_was_paid_or_withdrawn_meanwhile_is_named_and_leaves_the_rest_payable()
    {
        using var citizen = Host.NewCitizen();
        var (paid, archived, stays) = (await PutFine(citizen), await PutFine(citizen), await PutFine(citizen));
        using (var another = Host.NewCitizen())
        {
            await another.FindFine("castenaso", new(paid, Seen, "AB123CD"));
            await another.GoToBank();
            await another.PayAtBank();
        }
        await Host.After(TimeSpan.FromSeconds(4));
        await Host.As("fines", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(new CancelPosition(archived, "archiviato"), CancellationToken.None));
        // The page was drawn before all that.
        await citizen.GoToBank();
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain("Il pagamento non è iniziato").And.Contain("È uscito dal carrello").And.Contain(paid).And.Contain("Non si può più pagare qui").And.NotContain("Paga 3");
        await citizen.Press("sgombra", "1");
        citizen.Reads.Should().Contain("Paga 31,40 €").And.Contain(stays).And.NotContain(archived);
        await Pay(citizen, stays);
    }

    [Test]
    public async Task A_service_that_does_not_answer_hurts_nobody_else()
    {
        using var citizen = Host.NewCitizen();
        var (fine, bill) = (await PutFine(citizen), await PutBill(citizen));
        _school.Answer = (_, _) => throw new InvalidOperationException("down");
        await citizen.LookAgain();
        citizen.Reads.Should().Contain("È l’ultimo importo noto").And.Contain("25,00 €").And.Contain("31,40 €");
        await citizen.GoToBank();
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain("nulla è stato addebitato");
        (await Till.Count("payments.payment_item i join payments.due d using (entity_id, due_id) join payments.position o using (entity_id, position_id) where o.reference in (@fine, @bill)", new { fine, bill })).Should().Be(0);
        await citizen.Press("togli", (await DueOf(bill)).ToString());
        citizen.Reads.Should().Contain("Paga 31,40 €").And.NotContain("25,00");
        await Pay(citizen, fine);
    }

    [Test]
    public async Task What_another_tab_changed_is_not_paid_unseen()
    {
        using var citizen = Host.NewCitizen();
        await PutFine(citizen);
        var (drawn, more) = (citizen.Page, await PutFine(citizen));
        await drawn.Forms.Single(form => form.QuerySelector("input[name=attempt]") is not null).SubmitAsync();
        var page = drawn.Context.Active!;
        page.StatusCode.Should().Be(System.Net.HttpStatusCode.UnprocessableEntity);
        page.Body!.TextContent.Should().Contain("Il carrello è cambiato").And.Contain(more);
        (await Till.Count("payments.payment_item i join payments.due d using (entity_id, due_id) join payments.position o using (entity_id, position_id) where o.reference = @more", new { more })).Should().Be(0);
    }

    [Test]
    public async Task The_same_due_twice_is_there_once_and_the_same_button_twice_is_one_payment()
    {
        using var citizen = Host.NewCitizen();
        var fine = await PutFine(citizen);
        await PutFine(citizen, fine);
        citizen.Reads.Should().Contain("Totale 31,40 €");
        var cart = citizen.Page;
        for (var time = 0; time < 2; time++)
            await cart.Forms.Single(form => form.QuerySelector("input[name=attempt]") is not null).SubmitAsync();
        (await Till.Count("payments.payment_item i join payments.due d using (entity_id, due_id) join payments.position o using (entity_id, position_id) where o.reference = @fine", new { fine })).Should().Be(1);
    }

    [Test]
    public async Task A_cart_that_was_altered_made_up_or_is_another_municipality_s_is_empty()
    {
        using var citizen = Host.NewCitizen();
        await PutFine(citizen);
        var sealedCart = citizen.Cookies.Split("portico-cart-CTN=")[1].Split(';')[0];
        foreach (var (name, value) in new[]
        {
            ("CTN", "AAAA"), ("CTN", ""), ("CTN", "%00'\"<x>"), ("CTN", sealedCart[..^4]), ("CTN", sealedCart[..20] + (sealedCart[20] == 'A' ? 'B' : 'A') + sealedCart[21..]), ("CTN", new string('A', 3500)), ("SLS", sealedCart),
        })
        {
            using var liar = Host.NewCitizen();
            liar.Bring($"portico-cart-{name}={value}");
            await liar.Open(name == "SLS" ? "/san-lazzaro-di-savena/pagamenti/carrello" : Cart);
            liar.Status.Should().Be(200, value);
            liar.Reads.Should().Contain("Nel carrello non c’è nulla da pagare", value);
        }
        using var late = Host.NewCitizen();
        late.Bring($"portico-cart-CTN={sealedCart}");
        await late.Open(Cart);
        late.Reads.Should().Contain("31,40", "whoever has the cookie has the cart");
        Host.Clock.Advance(CartSeal.Lifetime + TimeSpan.FromMinutes(1));
        using var tooLate = Host.NewCitizen();
        tooLate.Bring($"portico-cart-CTN={sealedCart}");
        await tooLate.Open(Cart);
        tooLate.Reads.Should().Contain("Nel carrello non c’è nulla da pagare");
    }

    [Test]
    public async Task Of_a_hundred_dues_the_first_fifty_lie_in_it_and_a_forged_field_changes_nothing()
    {
        var dues = new List<DueId>();
        for (var n = 0; n < 100; n++)
            dues.Add((await Host.As("schoolfees", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(
                new OpenPosition($"C{n:000}", $"Bolletta C{n:000}", new(new(2026, 12, 31), [new("Voce", "9/0107102SP/", "1", new Euro(100 + n))])), CancellationToken.None))).Due);
        // A due of another creditor, as if its number had been found out.
        var stranger = await Till.Open("V/2026/9999");
        var filled = await Host.As("schoolfees", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(new PutIntoCart([stranger, .. dues], null), CancellationToken.None));
        filled.Full.Should().BeTrue();
        using var citizen = Host.NewCitizen();
        citizen.Bring($"portico-cart-CTN={filled.Sealed}");
        await citizen.Open(Cart + "?ente=CTN&pieno=1");
        citizen.Page.QuerySelectorAll(".portico-items li").Should().HaveCount(49, "fifty, of which one is nothing that Castenaso is owed");
        citizen.Reads.Should().Contain("Il carrello è pieno").And.NotContain("9999").And.Contain("Paga 1.225,00 €");
        await citizen.Send(("ente", "URG"), ("attempt", "' or 1=1"));
        citizen.Heading.Should().Be("Paga con carta", "the field names nobody of this cart, so it is the latest creditor's");
        (await Host.Database.Value<long>("select max(asked_cents) from payments.payment where service = 'payments'", new { })).Should().Be(49 * Bus);
    }

    [Test]
    public async Task Each_service_s_outcomes_name_its_own_part_of_a_cart_s_payment()
    {
        using var citizen = Host.NewCitizen();
        var (fine, bill) = (await PutFine(citizen), await PutBill(citizen));
        var order = await Pay(citizen, fine);
        var fines = await Host.Portico("fines", "outcome", "--entity", "CTN");
        fines.Code.Should().Be(0, fines.Errors);
        fines.Output.Split('\n').Should().ContainSingle(line => line.Contains(order, StringComparison.Ordinal)).Which.Should().Contain(fine.Split('/')[2]).And.Contain("31,40").And.NotContain("56,40");
        (await Host.Database.Rows<(string Code, long Cents)>(
            "select b.code, (select sum(l.cents) from payments.payment_line l join payments.due d using (entity_id, due_id) join payments.position o using (entity_id, position_id) where o.reference = b.code and l.payment_id = p.payment_id)::bigint from schoolfees.bill b join payments.payment p on p.order_no = b.paid_order where b.paid_order = @order", new { order }))
            .Should().Equal((bill, Bus));
    }

    [Test]
    public async Task Two_payments_of_the_same_dues_in_the_opposite_order_do_not_stand_in_each_other_s_way()
    {
        _bare.Answer = (_, _) => new(MisbehavingOwner.Priced(1000));
        var dues = new List<DueId>();
        foreach (var n in Enumerable.Range(0, 6))
            dues.Add((await Host.As(Bare[n % 2], "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(
                new OpenPosition($"Y{n}", "Bolletta", new(new(2026, 12, 31), [new("Voce", "9/0107102SP/", "1", new Euro(1000))])), CancellationToken.None))).Due);
        var backs = new List<string>();
        foreach (var round in Enumerable.Range(0, 4))
        {
            var checkout = (await Host.As("payments", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(
                new StartCheckout(Guid.CreateVersion7(), [.. round % 2 == 0 ? dues : Enumerable.Reverse(dues)], "pagamenti/carrello", "it"), CancellationToken.None))).Value;
            await Host.Bank.Lie(checkout.OrderNumber, new { listener = new { drop = true } });
            backs.Add((await Host.Bank.Pay(checkout.GoTo)).Body);
        }
        // All at once, each several times.
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(async n =>
        {
            using var answer = await Till.Post(Till.Return, backs[n % backs.Count]);
            return answer.StatusCode;
        }));
        answers.Should().OnlyContain(status => status == System.Net.HttpStatusCode.SeeOther);
        var ids = new { ids = dues.Select(due => due.Value).ToArray() };
        (await Till.Count("payments.due_paid where due_id = any(@ids)", ids)).Should().Be(6);
        (await Till.Count("payments.surplus where due_id = any(@ids) and kind = 'twice'", ids)).Should().Be(18);
    }

    /// <summary>Dues of random amounts, a bank that now and then takes more or less, then random parts given back until nothing is left.</summary>
    [Test]
    public async Task Whatever_a_cart_costs_and_however_it_is_given_back_no_cent_is_lost()
    {
        const int Carts = 5;
        var seed = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"seed {seed}");
        var dice = new Random(seed);
        var desk = Host.Container.Resolve<RefundDesk>();
        var creditor = new EntityId(await Host.Database.Value<int>("select entity_id from core.entity where code = 'CTN'", new { }));
        for (var cart = 0; cart < Carts; cart++)
        {
            var cents = Enumerable.Range(0, dice.Next(2, 6)).Select(_ => dice.Next(1, 4) == 1 ? dice.Next(1, 4) : dice.Next(1, 1_500)).ToArray();
            var dues = new List<DueId>();
            foreach (var amount in cents)
                dues.Add((await Host.As(Bare[dues.Count % 2], "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(
                    new OpenPosition($"Z{cart}-{dues.Count}", "Bolletta", new(new(2026, 12, 31), [new("Voce", "9/0107102SP/", "1", new Euro(amount))])), CancellationToken.None))).Due);
            var asked = new Queue<int>(await AskedInOrder(dues, cents));
            _bare.Answer = (_, _) => new(MisbehavingOwner.Priced(asked.Dequeue()));
            var total = cents.Sum();
            var taken = dice.Next(3) switch { 0 => total, 1 => Math.Max(1, total - dice.Next(1, total + 1)), _ => total + dice.Next(1, 50) };
            var checkout = (await Host.As("payments", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(new StartCheckout(Guid.CreateVersion7(), dues, "pagamenti/carrello", "it"), CancellationToken.None))).Value;
            checkout.Amount.Should().Be(new Euro(total));
            await Host.Bank.Lie(checkout.OrderNumber, new { amountCents = taken });
            using (await Till.Post(Till.Return, (await Host.Bank.Pay(checkout.GoTo)).Body))
                await Host.After(TimeSpan.FromSeconds(4));
            (await Host.Database.Value<long>("select taken_cents from payments.payment where order_no = @order", new { order = checkout.OrderNumber })).Should().Be(taken);
            (await Host.Database.Value<long>(
                "select coalesce(sum(case when debit = 'collections' then cents else -cents end), 0)::bigint from payments.transfer t join payments.payment p on p.payment_id = t.cause_id where p.order_no = @order and 'collections' in (debit, credit)", new { order = checkout.OrderNumber }))
                .Should().Be(taken, "seed {0}, cart {1}: {2}", seed, cart, string.Join('+', cents));
            for (var left = taken; left > 0;)
            {
                var due = (Guid?)dues[dice.Next(dues.Count)].Value;
                var part = (long?)dice.Next(1, left + 1);
                var wished = await desk.Ask(creditor, new(checkout.OrderNumber, due, new Euro(part.Value), dice.Next(2) == 0, "prova"), "cli:marta", CancellationToken.None);
                // More than there is of that due: then all that is left of it, or of everything once little is left.
                if (wished.Refusal is not null)
                    wished = await desk.Ask(creditor, new(checkout.OrderNumber, dice.Next(3) == 0 ? null : due, null, false, "prova"), "cli:marta", CancellationToken.None);
                if (wished.Refusal is { } nothing)
                {
                    nothing.Code.Should().Be(RefundRefusals.TooMuch, "nothing is left of that due");
                    continue;
                }
                (await desk.Approve(creditor, wished.Value, "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
                await Host.Quiet();
                (await desk.Confirm(creditor, wished.Value, "op. 1", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
                left = taken - (int)await Host.Database.Value<long>("select refunded_cents from payments.payment where order_no = @order", new { order = checkout.OrderNumber });
            }
            (await desk.Ask(creditor, new(checkout.OrderNumber, null, new Euro(1), false, "prova"), "cli:marta", CancellationToken.None)).Refusal!.Code.Should().Be(RefundRefusals.TooMuch, "not a cent more than was taken");
            (await Host.Database.Rows<long>(
                "select sum(case when t.debit = a.account then t.cents else -t.cents end)::bigint from payments.transfer t cross join lateral (values (t.debit), (t.credit)) a (account) left join payments.refund r on r.refund_id = t.cause_id join payments.payment p on p.payment_id = coalesce(r.payment_id, t.cause_id) where p.order_no = @order group by a.account", new { order = checkout.OrderNumber }))
                .Should().OnlyContain(balance => balance == 0, "seed {0}, cart {1}: all was given back", seed, cart);
        }
        await Host.Quiet();
        await Host.MoneyAddsUp();
    }

    /// <summary>In the order in which the checkout asks for prices.</summary>
    async Task<IEnumerable<int>> AskedInOrder(IReadOnlyList<DueId> dues, int[] cents)
    {
        var order = await Host.Database.Rows<Guid>("select due_id from payments.due where due_id = any(@ids) order by position_id, due_id", new { ids = dues.Select(due => due.Value).ToArray() });
        return order.Select(due => cents[dues.ToList().FindIndex(one => one.Value == due)]);
    }

    DateOnly Seen => Core.Time.LegalTime.Day(Host.Clock.GetUtcNow()).AddDays(-20);

    async Task Load(string verb, string csv) => (await Host.Import("schoolfees", verb, "CTN", csv)).Errors.Should().BeEmpty(verb);

    async Task<string> PutFine(Citizen citizen, string? again = null)
    {
        var fine = again ?? (await Host.LoadFine("CTN", "037021", (++_fine).ToString(CultureInfo.InvariantCulture))).Number;
        await citizen.FindFine("castenaso", new(fine, Seen, "AB123CD"));
        await citizen.Press("Aggiungi al carrello");
        citizen.Heading.Should().Be("Il tuo carrello");
        return fine;
    }

    async Task<string> PutBill(Citizen citizen)
    {
        var bill = _bills.Dequeue();
        await citizen.Open("/castenaso/rette");
        await citizen.Send(("codice", bill), ("codice_fiscale", Payer));
        await citizen.Press("Aggiungi al carrello");
        citizen.Heading.Should().Be("Il tuo carrello");
        return bill;
    }

    async Task<string> Pay(Citizen citizen, string fine)
    {
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await Host.After(TimeSpan.FromSeconds(4));
        return (await FineOrder(fine))!;
    }

    Task<string?> FineOrder(string fine) => Host.Database.Value<string>("select paid_order from fines.fine where series || '/' || year || '/' || number = @fine", new { fine });

    Task<string?> BillOrder(string bill) => Host.Database.Value<string>("select paid_order from schoolfees.bill where code = @bill", new { bill });

    Task<Guid> DueOf(string reference) => Host.Database.Value<Guid>("select d.due_id from payments.due d join payments.position o using (entity_id, position_id) where o.reference = @reference", new { reference });
}
