using System.Text;
using Autofac;
using Dapper;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Payments.Ledger;
using Platform.Payments.Refunds;
using Platform.Payments.Settlement;

namespace Platform.Payments.Tests.Settlement;

/// <summary>What the gateway hands over, what the bank moved and what goes to creditors find each other, whichever comes first.</summary>
internal sealed class SettlingTests : OnOneHost
{
    static readonly DateOnly Today = new(2026, 3, 10);

    static IEnumerable<string> Orders() =>
        from a in "PFCD" from b in "PFCD" from c in "PFCD" from d in "PFCD" where new[] { a, b, c, d }.Distinct().Count() == 4 select $"{a}{b}{c}{d}";

    /// <summary>P: the payment is found paid. F: the settlement file. C: the bank's credit. D: the bank's debit of the payout.</summary>
    [TestCaseSource(nameof(Orders))]
    public async Task Payment_file_credit_and_payout_end_the_same_in_any_order_of_arrival(string order)
    {
        var payment = await Till.Start("MZB", "MZB");
        var batch = Papers.NewBatch();
        var number = $"PAY-MZB-{(await Host.Database.Value<int>("select count(*)::int from payments.payout where payout like 'PAY-MZB-%'")) + 1:000000}";
        foreach (var evidence in order)
        {
            switch (evidence)
            {
                case 'P':
                    (await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body)).Dispose();
                    await Host.After(TimeSpan.FromSeconds(4));
                    break;
                case 'F':
                    (await File(new Batch(batch, Today, new Line(payment.Order, 4200, 30)))).Errors.Should().BeEmpty();
                    break;
                case 'C':
                    (await Statement(new Movement(Today, 4170, $"BON DA GATEWAY SPA {batch} RIF 77", batch))).Errors.Should().BeEmpty();
                    break;
                default:
                    (await Statement(new Movement(Today, -4200, $"BONIFICO A VS FAVORE {number}", number))).Errors.Should().BeEmpty();
                    break;
            }
            // Nobody's word is waited for: what is there is compared by itself a while later.
            await Host.After(TimeSpan.FromMinutes(6));
            await Pay("MZB");
        }

        (await Causes()).Where(cause => cause.Subject.Contains(payment.Order) || cause.Subject == batch || cause.Subject == number).Should().BeEmpty();
        (await Booked(0, payment.Attempt)).Should().BeEquivalentTo([("suspense", "owed/MZB", 4200L)]);
        (await Booked(await Id("MZB"), payment.Attempt)).Where(row => row.Debit == "centre").Should().BeEquivalentTo([("centre", "collections", 4200L)]);
        var payout = (await Host.Container.Resolve<Payouts>().Find(number, CancellationToken.None))!;
        payout.Paid.Should().BeTrue();
        payout.Amount.Should().Be(new Euro(4200));
        (await Balance(await Id("MZB"), "bank")).Should().Be(4200 * await Host.Database.Value<int>("select count(*)::int from payments.payout where payout like 'PAY-MZB-%'"));
        (await Balance(await Id("MZB"), "centre")).Should().Be(0);
        (await Balance(await Id("MZB"), "payout")).Should().Be(0);
    }

    /// <summary>F: the file with the payment. R: the refund is done. C: the file with its line. D: the bank's movements of both batches.</summary>
    [TestCase("FRCD")]
    [TestCase("DCRF")]
    [TestCase("RFCD")]
    [TestCase("CDFR")]
    [TestCase("CRDF")]
    [TestCase("DFRC")]
    public async Task A_refund_that_the_gateway_deducts_is_the_creditors_in_any_order_of_arrival(string order)
    {
        var payment = await Till.Paid();
        var desk = Host.Container.Resolve<RefundDesk>();
        var creditor = new EntityId(await Id("URG"));
        var number = (await desk.Ask(creditor, new(payment.Order, null, new Euro(1250), false, "prova"), "cli:marta", CancellationToken.None)).Value;
        (await desk.Approve(creditor, number, "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        var (first, second) = (Papers.NewBatch(), Papers.NewBatch());
        foreach (var evidence in order)
        {
            switch (evidence)
            {
                case 'F':
                    (await File(new Batch(first, Today, new Line(payment.Order, 4200, 30)))).Errors.Should().BeEmpty();
                    break;
                case 'R':
                    (await desk.Confirm(creditor, number, "op. 1", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
                    break;
                case 'C':
                    (await File(new Batch(second, Today, new Line(number, 1250, 20)))).Errors.Should().BeEmpty();
                    break;
                default:
                    (await Statement(new Movement(Today, 4170, $"BON {first}", first), new Movement(Today, -1270, $"ADDEBITO {second}", second))).Errors.Should().BeEmpty();
                    break;
            }
            await Host.After(TimeSpan.FromMinutes(6));
        }
        var refund = await Host.Database.Value<Guid>("select refund_id from payments.refund where number = @number", new { number });
        (await Causes()).Where(cause => cause.Subject == payment.Order || cause.Subject == number || cause.Subject == first || cause.Subject == second).Should().BeEmpty();
        (await Booked(0, payment.Attempt)).Should().BeEquivalentTo([("suspense", "owed/URG", 4200L)]);
        (await Booked(0, refund)).Should().BeEquivalentTo([("owed/URG", "suspense", 1250L)]);
        (await Booked(creditor.Value, refund)).Should().Contain(("collections", "centre", 1250L));
        (await Host.Database.Value<long>(
            "select sum(case when debit = 'collections' then cents when credit = 'collections' then -cents else 0 end)::bigint from payments.transfer where entity_id = @Value and cause_id = any(@causes)",
            new { creditor.Value, causes = new[] { payment.Attempt, refund } })).Should().Be(0, "the gateway owes nothing of it any more");
    }

    [Test]
    public async Task A_refund_line_that_is_wrong_is_a_cause_and_not_passed_on()
    {
        var payment = await Till.Paid();
        var desk = Host.Container.Resolve<RefundDesk>();
        var number = (await desk.Ask(new(await Id("URG")), new(payment.Order, null, new Euro(1250), false, "prova"), "cli:marta", CancellationToken.None)).Value;
        var unknown = "R-" + Papers.Order("URG", "00000000000ZZ");
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200), new Line(number, 1250), new Line(unknown, 100));
        (await File(batch)).Errors.Should().BeEmpty();
        await Statement(new Movement(Today, batch.Net, batch.Name, batch.Name));
        (await Causes()).Where(cause => cause.Subject == number || cause.Subject == unknown).Select(cause => (cause.Label, cause.Amount.Cents)).Should().BeEquivalentTo([("not_refunded", 1250L), ("unknown_order", 100L)]);
        (await Host.Database.Value<long>("select count(*) from payments.transfer where cause = 'settlement.refund' and cause_id = (select refund_id from payments.refund where number = @number)", new { number })).Should().Be(0);
        (await File(new Batch(Papers.NewBatch(), Today, new Line("R-URG-0123456789ABC-0", 100)))).Errors.Should().Contain(error => error.Message.Contains("Non è il numero di un rimborso"));
    }

    [Test]
    public async Task One_transfer_covers_ten_entities_and_each_gets_its_own_to_the_cent()
    {
        string[] codes = ["URG", .. (await Host.Database.Rows<string>("select code from core.entity where kind = 'municipality' and code <> 'MZB' order by code limit 9"))];
        var payments = new List<Started>();
        foreach (var code in codes)
        {
            if (code != "URG")
                await Host.Activate("fines", code);
            payments.Add(await Till.Paid(code, code == "URG" ? "BEN" : code));
        }
        var before = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var code in codes)
            before[code] = await Balance(0, $"owed/{code}");
        var batch = Papers.NewBatch();
        (await File(new Batch(batch, Today, [.. payments.Select((payment, n) => new Line(payment.Order, 4200, n))]))).Added.Should().Be(10);
        (await Statement(new Movement(Today, 42_000 - 45, $"/PUR/{batch}/TXT/", batch))).Added.Should().Be(1);

        foreach (var (code, payment) in codes.Zip(payments))
        {
            (await Balance(0, $"owed/{code}") - before[code]).Should().Be(-4200, "a liability is a balance on the other side");
            (await Booked(await Id(code), payment.Attempt)).Should().Contain(("centre", "collections", 4200L));
        }
        (await Causes()).Where(cause => cause.Subject == batch || payments.Exists(payment => payment.Order == cause.Subject)).Should().BeEmpty();
    }

    [Test]
    public async Task The_same_file_and_the_same_statement_again_change_nothing_and_a_batch_with_other_content_is_refused()
    {
        var payment = await Till.Paid();
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200));
        var camt = Papers.Camt("E1", [new(Today, 4200, batch.Name)]);
        for (var again = 0; again < 3; again++)
        {
            (await File(batch)).Added.Should().Be(again == 0 ? 1 : 0);
            (await Imports.Statement(Encoding.UTF8.GetBytes(camt), "test", CancellationToken.None)).Added.Should().Be(again == 0 ? 1 : 0);
        }
        (await Booked(0, payment.Attempt)).Should().HaveCount(1);

        (await File(batch with { Lines = [new Line(payment.Order, 4100)] })).Errors.Should().ContainSingle().Which.Message.Should().Contain("altro contenuto");
        (await File(new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200)), new Batch(batch.Name, Today, new Line(payment.Order, 1)))).Errors.Should().NotBeEmpty();
        (await Host.Database.Value<int>("select count(*)::int from payments.settlement_line where order_no = @Order", new { payment.Order })).Should().Be(1, "of a refused file nothing is taken");
    }

    [Test]
    public async Task Two_that_load_at_once_book_once()
    {
        var payment = await Till.Paid();
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200, 10));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            if (n % 2 == 0)
                await File(batch);
            else
                await Statement(new Movement(Today, 4190, batch.Name, batch.Name));
            await Host.Container.Resolve<Reconciliation>().Run(EntityId.Centre, CancellationToken.None);
        }));
        (await Booked(0, payment.Attempt)).Should().BeEquivalentTo([("suspense", "owed/URG", 4200L)]);
        (await Booked(await Id("URG"), payment.Attempt)).Where(row => row.Debit == "centre").Should().HaveCount(1);
    }

    [Test]
    public async Task A_creditors_half_that_was_not_written_when_the_host_died_follows_once()
    {
        var payment = await Till.Paid();
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200));
        await File(batch);
        await Statement(new Movement(Today, 4200, batch.Name, batch.Name));
        // As the rows are when it died between the two transactions.
        await Host.Database.Execute("delete from payments.transfer where entity_id <> 0 and cause like 'settlement.%' and cause_id = @Attempt", new { payment.Attempt });
        (await Contradictions("two books")).Should().ContainSingle(line => line.Contains($"{payment.Attempt}"));
        await Host.After(TimeSpan.FromMinutes(6));
        (await Booked(await Id("URG"), payment.Attempt)).Where(row => row.Debit == "centre").Should().BeEquivalentTo([("centre", "collections", 4200L)]);
        (await Contradictions("two books")).Should().BeEmpty();
    }

    [Test]
    public async Task A_credit_that_the_bank_takes_back_is_booked_back_and_comes_again()
    {
        var payment = await Till.Paid();
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200));
        await File(batch);
        await Statement(new Movement(Today, 4200, batch.Name, batch.Name + "/1"));
        await Statement(new Movement(Today, -4200, batch.Name, batch.Name + "/2", Reversal: true));
        (await Net(0, payment.Attempt, "owed/URG")).Should().Be(0);
        (await Net(await Id("URG"), payment.Attempt, "centre")).Should().Be(0);
        (await Causes()).Should().ContainSingle(cause => cause.Subject == batch.Name).Which.Label.Should().Be("batch_differs");
        await Statement(new Movement(Today, 4200, batch.Name, batch.Name + "/3"));
        (await Net(await Id("URG"), payment.Attempt, "centre")).Should().Be(4200);
        (await Causes()).Should().NotContain(cause => cause.Subject == batch.Name);
    }

    [Test]
    public async Task A_payment_that_the_bank_takes_back_leaves_the_next_payout()
    {
        var payment = await Till.Paid();
        var first = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200));
        await File(first);
        await Statement(new Movement(Today, 4200, first.Name, first.Name));
        await Host.Bank.SetState(payment.Order, "ST");
        await Till.Tell(payment.Order, "ST", "CO");
        await Host.Quiet();
        (await Causes()).Should().ContainSingle(cause => cause.Subject == payment.Order).Which.Label.Should().Be("no_reversal");
        var second = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200, Reversal: true));
        await File(second);
        await Statement(new Movement(Today, -4200, second.Name, second.Name));
        (await Causes()).Should().NotContain(cause => cause.Subject == payment.Order || cause.Subject == second.Name);
        (await Net(0, payment.Attempt, "owed/URG")).Should().Be(0);
        (await Net(await Id("URG"), payment.Attempt, "collections")).Should().Be(0);
    }

    [Test]
    public async Task A_payout_is_told_line_by_line_in_csv_and_pdf_and_each_booking_is_paid_out_once()
    {
        await Pay("URG");
        var payments = new[] { await Till.Paid(), await Till.Paid() };
        var batch = new Batch(Papers.NewBatch(), Today, [.. payments.Select(payment => new Line(payment.Order, 4200, 20))]);
        await File(batch);
        await Statement(new Movement(Today, 8360, batch.Name, batch.Name));
        var orders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Pay("URG")));
        var payout = orders.Single(one => one is not null)!;
        payout.Amount.Should().Be(new Euro(8400), "the gateway's fees are the centre's unless agreed otherwise");

        var csv = await Host.Portico("settlement", "payout-statement", payout.Number);
        csv.Code.Should().Be(0);
        foreach (var payment in payments)
            csv.Output.Should().Contain(payment.Order).And.Contain($"Verbale {payment.Reference};42,00");
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{payout.Number}.pdf");
        (await Host.Portico("settlement", "payout-statement", payout.Number, "--pdf", file)).Code.Should().Be(0);
        using var pdf = UglyToad.PdfPig.PdfDocument.Open(file);
        var words = string.Concat(pdf.GetPages().SelectMany(page => page.Letters).Select(letter => letter.Value)).Replace(" ", "");
        words.Should().Contain(payout.Number).And.Contain("84,00");
        foreach (var payment in payments)
            words.Should().Contain(payment.Order);
    }

    [Test]
    public async Task The_day_shows_three_columns_and_one_difference_by_command()
    {
        var payment = await Till.Paid();
        var told = await Host.Portico("settlement", "day");
        told.Errors.Should().Contain("portico settlement causes");
        told.Code.Should().Be(1);
        told.Output.Should().StartWith("giorno;preso;accreditato;spettante;differenza;cause\n2026-03-10;");
        (await Host.Portico("settlement", "causes")).Output.Should().Contain($"2026-03-10;no_line;{payment.Order};URG;42,00;1;");
        (await Host.Portico("settlement", "day", "--from", "2026-03-11")).Should().Be(new Platform.Testing.Told(0, "giorno;preso;accreditato;spettante;differenza;cause\n", ""));
    }

    [TestCase("two books", "delete from payments.transfer where entity_id <> 0 and cause_id = @Attempt and cause = 'settlement.payment'")]
    [TestCase("two books", "update payments.transfer set cents = cents + 1 where entity_id <> 0 and cause_id = @Attempt and cause = 'settlement.payment'")]
    [TestCase("two books", "insert into payments.transfer select entity_id, cause, gen_random_uuid(), n, debit, credit, cents, booked_on, booked_at from payments.transfer where entity_id <> 0 and cause_id = @Attempt and cause = 'settlement.payment'")]
    [TestCase("settled", "update payments.transfer set cents = cents + 1 where cause_id = @Attempt and cause = 'settlement.payment'")]
    [TestCase("settled", "update payments.bank_entry set cents = cents + 1 where remittance = @batch")]
    [TestCase("settled", "delete from payments.transfer t using payments.bank_entry e where e.remittance = @batch and t.cause_id = e.entry_id")]
    [TestCase("settled", "update payments.settlement_batch set fee_cents = fee_cents + 1 where batch = @batch")]
    [TestCase("batches", "delete from payments.settlement_line where batch = @batch")]
    [TestCase("batches", "update payments.settlement_line set gross_cents = gross_cents + 1 where batch = @batch")]
    [TestCase("payouts", "delete from payments.payout_item where cause_id = @Attempt")]
    [TestCase("payouts", "update payments.payout p set cents = cents + 1 from payments.payout_item i where i.payout = p.payout and i.cause_id = @Attempt")]
    public async Task The_money_check_names_what_was_done_to_the_rows(string invariant, string deed)
    {
        var payment = await Till.Paid();
        var batch = new Batch(Papers.NewBatch(), Today, new Line(payment.Order, 4200, 10));
        await File(batch);
        await Statement(new Movement(Today, 4190, batch.Name, batch.Name));
        await Pay("URG");
        await using var connection = new NpgsqlConnection(Host.Database.Owner);
        await connection.OpenAsync();
        await connection.ExecuteAsync("set session_replication_role = replica");
        await using var never = await connection.BeginTransactionAsync();
        async Task<int> Named() => (await connection.QueryAsync<MoneyContradiction>(MoneyInvariants.All.Single(one => one.Name == invariant).Sql, new { before = DateTimeOffset.MaxValue }, never)).Count();
        (await Named()).Should().Be(0);
        (await connection.ExecuteAsync(deed, new { payment.Attempt, batch = batch.Name }, never)).Should().BePositive("else nothing was done");
        (await Named()).Should().BePositive();
    }

    SettlementImports Imports => Host.Container.Resolve<SettlementImports>();

    Task<ImportReport> File(params Batch[] batches) => Imports.File(Papers.Agreement, "flusso.csv", Encoding.UTF8.GetBytes(Papers.File(batches)), "test", CancellationToken.None);

    Task<ImportReport> Statement(params Movement[] movements) =>
        Imports.Statement(Encoding.UTF8.GetBytes(Papers.Camt(Guid.NewGuid().ToString("n"), movements)), "test", CancellationToken.None);

    async Task<Payout?> Pay(string code) => await Host.Container.Resolve<Payouts>().Order((await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode(code)!, "test", CancellationToken.None);

    Task<IReadOnlyList<SettlementCause>> Causes() => Host.Container.Resolve<SettlementDays>().Causes(EntityId.Centre, DateOnly.MinValue, DateOnly.MaxValue, CancellationToken.None);

    async Task<int> Id(string code) => await Host.Database.Value<int>("select entity_id from core.entity where code = @code", new { code });

    Task<IReadOnlyList<(string Debit, string Credit, long Cents)>> Booked(int entity, Guid cause) => Host.Database.Rows<(string, string, long)>(
        "select debit, credit, cents from payments.transfer where entity_id = @entity and cause_id = @cause and cause like 'settlement.%' order by n", new { entity, cause });

    Task<long> Net(int entity, Guid cause, string account) => Host.Database.Value<long>(
        "select coalesce(sum(case when @account in (debit) then cents else -cents end), 0)::bigint * case when @account like 'owed/%' then -1 else 1 end from payments.transfer where entity_id = @entity and cause_id = @cause and cause like 'settlement.%' and @account in (debit, credit)",
        new { entity, cause, account });

    Task<long> Balance(int entity, string account) => Host.Database.Value<long>(
        "select coalesce(sum(case when debit = @account then cents else -cents end), 0)::bigint from payments.transfer where entity_id = @entity and @account in (debit, credit)", new { entity, account });

    async Task<List<string>> Contradictions(string name)
    {
        var found = new List<string>();
        await foreach (var (invariant, contradictions) in Host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
            if (invariant.Name == name)
                found.AddRange(contradictions.Select(contradiction => contradiction.What));
        return found;
    }
}
