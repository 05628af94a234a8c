using System.Net;
using System.Security.Cryptography;
using Autofac;
using Platform.Core.Entities;
using Platform.Testing;
using UglyToad.PdfPig;

namespace Platform.Payments.Tests.Receipts;

internal sealed class ReceiptTests : OnOneHost
{
    [Test]
    public async Task The_receipt_says_who_got_how_much_and_how_to_check_it()
    {
        var payment = await Till.Paid("MZB", "MZB");
        var code = await CodeOf(payment);
        code.Should().MatchRegex("^MZB-[0-9A-HJKMNP-TV-Z]{26}$", "26 characters of five bits are 130 bits, after the creditor's code");

        using var answer = await Till.Get($"/verifica/{code}/quietanza.pdf");
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/pdf");
        var pdf = await answer.Content.ReadAsByteArrayAsync();
        var words = Text(pdf);
        words.Should().Contain("42,00").And.Contain("Comune di Marzabotto").And.Contain(code).And.Contain(payment.Order).And.Contain($"Verbale {payment.Reference}").And.Contain("Quietanza di pagamento");

        using var citizen = Host.NewCitizen();
        await citizen.Open($"/verifica/{code}");
        citizen.Reads.Should().Contain("Quietanza autentica").And.Contain("42,00").And.Contain("Comune di Marzabotto").And.Contain(Convert.ToHexStringLower(SHA256.HashData(pdf)));
    }

    [Test]
    public async Task The_receipt_of_a_union_names_the_municipality_whose_page_was_used()
    {
        var payment = await Till.Paid();
        Text(await Pdf(payment)).Should().Contain("Unione Reno Galliera").And.Contain("Comune di Bentivoglio");
    }

    [Test]
    public async Task The_receipt_shows_what_this_payment_asked_though_the_due_was_priced_anew_meanwhile()
    {
        var silent = new { listener = new { drop = true }, query = new { undetermined = true } };
        var early = await Till.Start(minimum: 42, notifiedDaysAgo: 1, lies: silent);
        var body = (await Till.PayAtBank(early)).Body;
        (await Till.Of(early)).AskedCents.Should().Be(3140);
        await Host.After(TimeSpan.FromDays(8));
        var late = await Till.Again(early.Reference);
        (await Till.Of(late)).AskedCents.Should().Be(4400);

        await Host.Bank.Lie(early.Order, new { listener = new { drop = true } });
        using var back = await Till.Post(Till.Return, body);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(early);
        Text(await Pdf(early)).Should().Contain("31,40").And.NotContain("44,00");
    }

    [Test]
    public async Task A_code_is_read_from_paper_in_small_letters_and_with_blanks_around_it()
    {
        var payment = await Till.Paid();
        var code = await CodeOf(payment);
        using var citizen = Host.NewCitizen();
        await citizen.Open("/verifica");
        await citizen.Send(("codice", $" {code.ToLowerInvariant()} "));
        citizen.Reads.Should().Contain("Quietanza autentica");
        citizen.Address.AbsolutePath.Should().Be($"/verifica/{code}");
    }

    [Test]
    public async Task Several_dues_of_one_payment_are_one_receipt_that_lists_each_to_the_cent()
    {
        var fines = new List<string>();
        foreach (var (number, minimum, cents) in new[] { ("901", 40, 0), ("902", 51, 1), ("903", 62, 99) })
            fines.Add((await Host.LoadFine(number: number, minimum: minimum, minimumCents: cents, notifiedDaysAgo: 10)).Number);
        var dues = new List<DueId>();
        foreach (var fine in fines)
            dues.Add(await Till.Open(fine));
        await Host.Bank.Lie("*", new { outcome = "OK" });
        var checkout = (await Till.Checkout(Guid.CreateVersion7(), [.. dues])).Value;
        checkout.Amount.Should().Be(Platform.Core.Money.Euro.Of(160, 0));
        await Host.Bank.Pay(checkout.GoTo, deliver: true);
        await Host.After(TimeSpan.FromSeconds(4));
        await Host.Bank.TellTruth();
        var receipts = await Host.Database.Rows<byte[]>("select r.pdf from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @OrderNumber", new { checkout.OrderNumber });
        var words = Text(receipts.Single());
        words.Should().Contain(fines[0]).And.Contain(fines[1]).And.Contain(fines[2]).And.Contain("40,00").And.Contain("51,01").And.Contain("62,99").And.Contain("160,00");
    }

    [TestCase("/verifica/URG-00000000000000000000000000", 404)]
    [TestCase("/verifica/ZZZ-00000000000000000000000000", 404)]
    [TestCase("/verifica/x", 404)]
    [TestCase("/verifica/%00", 404)]
    [TestCase("/verifica/URG-00000000000000000000000000/quietanza.pdf", 404)]
    [TestCase("/verifica/x/quietanza.pdf", 404)]
    [TestCase("/verifica?codice=x", 422)]
    [TestCase("/verifica?codice=A%0D%0A-00000000000000000000000000", 422)]
    [TestCase("/verifica?codice=%C3%80%C3%80%C3%80-00000000000000000000000000", 422)]
    [TestCase("/verifica?codice=ZZZ-00000000000000000000000000", 422)]
    [TestCase("/verifica?codice=URG-00000000000000000000000000", 303)]
    [TestCase("/verifica", 200)]
    public async Task An_unknown_or_malformed_code_is_told_so(string path, int status)
    {
        using var answer = await Till.Get(path);
        if (path.Contains("%00", StringComparison.Ordinal))
            ((int)answer.StatusCode).Should().BeOneOf(400, 404);
        else
            ((int)answer.StatusCode).Should().Be(status);
    }

    [Test]
    public async Task Two_hosts_number_receipts_of_each_creditor_without_gaps()
    {
        await using var other = await Host.Another();
        using var otherTill = new Till(other);
        var before = await Numbers();
        var payments = new List<(Started Payment, string Body)>();
        for (var n = 0; n < 10; n++)
            foreach (var (creditor, shownBy) in new[] { ("URG", "BEN"), ("MZB", "MZB") })
            {
                var payment = await Till.Start(creditor, shownBy);
                payments.Add((payment, (await Till.PayAtBank(payment)).Body));
            }
        var answers = await Task.WhenAll(payments.Select((p, n) => (n % 2 == 0 ? Till : otherTill).Post(Till.Return, p.Body)));
        answers.Should().OnlyContain(answer => answer.StatusCode == HttpStatusCode.SeeOther);
        await Task.WhenAll(Host.Quiet(), other.Quiet());
        await Host.After(TimeSpan.FromSeconds(4));
        await other.Quiet();
        foreach (var (payment, _) in payments)
            await Till.ShouldBePaidOnce(payment);
        (await Till.Count("core.delivery where handler = 'payments.IssueReceipt' and tries > 1", new { })).Should().Be(0, "numbers are waited for, not fought for");
        var after = await Numbers();
        foreach (var creditor in after.Keys)
            after[creditor].Should().Equal(Enumerable.Range(1, before.GetValueOrDefault(creditor, []).Count + 10));
    }

    [Test]
    public async Task A_receipt_is_issued_though_nobody_looked_at_a_page_for_a_while()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Bank.ListenAt(null);
        using var till = new Till(host);
        var payment = await till.Paid();
        host.Container.Resolve<EntityDirectory>().Forget();
        await host.Database.Execute("delete from payments.receipt; delete from payments.receipt_counter; update core.delivery set state = 'due', tries = 0 where handler = 'payments.IssueReceipt'");
        await host.Quiet();
        await till.ShouldBePaidOnce(payment);
        (await till.Count("core.delivery where error is not null or state <> 'done'", new { })).Should().Be(0);
    }

    [Test]
    public async Task Numbers_begin_again_with_the_legal_year()
    {
        await using var host = await PorticoTestHost.Start(now: new DateTimeOffset(2026, 12, 31, 22, 50, 0, TimeSpan.Zero));
        await Host.Bank.ListenAt(null);
        using var till = new Till(host);
        await till.Paid();
        host.Clock.Advance(TimeSpan.FromMinutes(20));
        await till.Paid();
        (await host.Database.Rows<(short Year, int Number)>("select year, number from payments.receipt order by issued_at")).Should().Equal((2026, 1), (2027, 1));
        await host.MoneyAddsUp();
    }

    async Task<Dictionary<int, List<int>>> Numbers() =>
        (await Host.Database.Rows<(int Entity, int Number)>("select entity_id, number from payments.receipt where year = 2026 order by number"))
            .GroupBy(row => row.Entity).ToDictionary(rows => rows.Key, rows => rows.Select(row => row.Number).ToList());

    async Task<string> CodeOf(Started payment) => (await Host.Database.Value<string>("select code from payments.receipt where payment_id = @Attempt", payment))!;

    async Task<byte[]> Pdf(Started payment)
    {
        using var answer = await Till.Get($"/verifica/{await CodeOf(payment)}/quietanza.pdf");
        return await answer.Content.ReadAsByteArrayAsync();
    }

    static string Text(byte[] pdf)
    {
        using var document = PdfDocument.Open(pdf);
        return string.Join(' ', document.GetPages().SelectMany(page => page.GetWords()).Select(word => word.Text));
    }
}
