using System.Net;
using System.Text;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>What a return or a listener call may do when it is not what the bank wrote: nothing, but make us ask.</summary>
internal sealed class BankMessagesTests : OnOneHost
{
    static IEnumerable<TestCaseData> Tampered()
    {
        (string Name, Func<string, string> Of, string Verdict, bool NamesOrder)[] cases =
        [
            ("another outcome", m => m.Replace("esito=KO", "esito=OK", StringComparison.Ordinal).Replace("statoattuale=KO", "statoattuale=IC", StringComparison.Ordinal), "forged", true),
            ("another code", m => m[..^9] + (m[^9] == 'A' ? 'B' : 'A') + m[^8..], "forged", true),
            ("no code", m => m[..m.LastIndexOf('&')], "unreadable", true),
            ("empty code", m => m[..(m.LastIndexOf('=') + 1)], "forged", true),
            ("two parameters swapped", m => string.Join('&', m.Split('&') is [var a, var b, .. var rest] ? [b, a, .. rest] : []), "forged", true),
            ("a parameter more", m => "altro=1&" + m, "forged", true),
            ("a parameter dropped", m => m.Replace("&stabilimento=99888", "", StringComparison.Ordinal), "!genuine", true),
            ("a parameter after the code", m => m + "&x=1", "unreadable", false),
            ("a parameter twice", m => m.Replace("&stabilimento", "&stabilimento=99888&stabilimento", StringComparison.Ordinal), "unreadable", false),
            ("an ampersand in a value", m => m.Replace("=99888", "=99888%26x%3D1", StringComparison.Ordinal), "unreadable", false),
            ("a NUL", m => m.Replace("=99888", "=99888%00", StringComparison.Ordinal), "unreadable", false),
            ("a broken escape", m => m.Replace("=99888", "=99888%zz", StringComparison.Ordinal), "unreadable", false),
            ("letters in UTF-8", m => m.Replace("=99888", "=%C3%A8", StringComparison.Ordinal), "forged", true),
            ("another case of a name", m => m.Replace("numeroOrdine", "NUMEROORDINE", StringComparison.Ordinal), "unreadable", false),
            ("another order", m => m.Replace("-", "%2D", StringComparison.Ordinal).Replace("URG", "MZB", StringComparison.Ordinal), "forged", false),
            ("nothing at all", _ => "", "unreadable", false),
        ];
        foreach (var channel in new[] { "return", "listener" })
            foreach (var byPost in new[] { true, false })
                foreach (var (name, of, verdict, names) in cases)
                    yield return new TestCaseData(channel, byPost, of, verdict, names).SetName($"A {channel} by {(byPost ? "POST" : "GET")} with {name} changes nothing");
    }

    [TestCaseSource(nameof(Tampered))]
    public async Task A_message_that_does_not_verify_changes_nothing_and_makes_us_ask(string channel, bool byPost, Func<string, string> tamper, string verdict, bool namesOrder)
    {
        var payment = await Till.Start();
        await Host.Bank.Present(payment.GoTo);
        var message = tamper(channel == "return" ? BankPen.Return(payment.Order, "KO") : BankPen.Listener(payment.Order, "KO"));

        var path = channel == "return" ? Till.Return : Till.Listener;
        using var answer = byPost ? await Till.Post(path, message) : await Till.Get($"{path}?{message}");

        answer.StatusCode.Should().Be(channel == "listener" ? HttpStatusCode.OK : HttpStatusCode.NotFound);
        (answer.Headers.ToString() + await answer.Content.ReadAsStringAsync()).Should().NotContain((await Till.Of(payment)).StatusCode, "the payment's page is for who proves to be its payer");
        await Host.Quiet();
        if (verdict == "!genuine")
            verdict = channel == "return" ? "unreadable" : "forged";
        var stored = await Host.Database.Rows<(string Verdict, string? Order, bool Applied)>(
            "select verdict, order_no, applied_at is not null from payments.fact where channel = @channel and raw = @raw", new { channel, raw = Encoding.Latin1.GetBytes(message) });
        stored.Should().OnlyContain(fact => fact.Verdict == verdict && !fact.Applied).And.NotBeEmpty();
        (await Till.StateOf(payment)).Should().Be(namesOrder ? "at_bank" : "prepared", "only the bank's answer to our question has changed it");
        (await Till.QueriesAtBank(payment.Order)).Should().Be(namesOrder ? 1 : 0);
    }

    [Test]
    public async Task A_forged_listener_call_leads_to_the_truth()
    {
        var payment = await Till.Start();
        await Till.PayAtBank(payment);
        using var answer = await Till.Get($"{Till.Listener}?{BankPen.Listener(payment.Order, "KO", key: "not the merchant's")}");
        await Host.Quiet();
        await Till.ShouldBePaidOnce(payment);
        (await Till.Count("payments.fact where order_no = @Order and verdict = 'forged' and applied_at is null", payment)).Should().Be(1);
    }

    [Test]
    public async Task Forged_messages_in_a_row_ask_the_bank_once_and_then_again_when_a_moment_has_passed()
    {
        var payment = await Till.Start();
        await Host.Bank.Present(payment.GoTo);
        for (var n = 0; n < 5; n++)
        {
            using var forged = await Till.Post(Till.Return, BankPen.Return(payment.Order, key: $"other {n}"));
            await Host.Quiet();
        }
        (await Till.QueriesAtBank(payment.Order)).Should().Be(1);
        await Host.After(TimeSpan.FromSeconds(11));
        (await Till.QueriesAtBank(payment.Order)).Should().Be(2, "what came too soon after a question is asked as soon as it may be, not forgotten");
    }

    [Test]
    public async Task The_same_message_again_is_counted_and_changes_nothing()
    {
        var payment = await Till.Start();
        await Till.PayAtBank(payment);
        await Till.Tell(payment.Order, "IC");
        await Host.After(TimeSpan.FromSeconds(4));
        var before = await Till.Of(payment);
        for (var n = 0; n < 3; n++)
            (await Till.Tell(payment.Order, "IC")).Should().Be(HttpStatusCode.OK);
        await Host.Quiet();
        (await Till.Of(payment)).Should().BeEquivalentTo(before);
        (await Host.Database.Value<int>("select seen from payments.fact where order_no = @Order and channel = 'listener'", payment)).Should().Be(4);
    }

    [TestCase(70_000)]
    [TestCase(3_000_000)]
    public async Task A_message_that_is_too_long_is_kept_in_part_and_not_believed(int length)
    {
        var payment = await Till.Start();
        var message = Encoding.Latin1.GetBytes(BankPen.Sign($"numeroOrdine={payment.Order}&numeroCommerciante=9999888&stabilimento=99888&esito=OK&nota={new string('x', length)}"));
        using var back = await Till.Post(Till.Return, message);
        back.StatusCode.Should().Be(HttpStatusCode.NotFound);
        using var heard = await Till.Post(Till.Listener, message);
        heard.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Host.Database.Value<int>("select max(octet_length(raw)) from payments.fact where verdict = 'unreadable' and entity_id = 0")).Should().Be(65536);
        (await Till.StateOf(payment)).Should().Be("prepared");
    }

    [Test]
    public async Task An_order_nobody_started_is_kept_for_its_creditor_when_the_number_is_right_and_for_the_centre_when_not()
    {
        var known = await Till.Start(creditor: "MZB", shownBy: "MZB");
        var number = await UnusedNumber();
        var wrongDigit = known.Order[..18] + (known.Order[18] == '0' ? '1' : '0');
        foreach (var (order, entity, stored) in new[] { (number, 37036, number), (wrongDigit, 0, wrongDigit), ("1042", 0, "1042") })
        {
            using var answer = await Till.Post(Till.Return, BankPen.Return(order));
            answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
            (await answer.Content.ReadAsStringAsync()).Should().Contain("Non riconosciamo questo pagamento");
            var fact = await Host.Database.Rows<(int Entity, string Verdict, string? Order)>(
                "select entity_id, verdict, order_no from payments.fact where raw = @raw", new { raw = Encoding.Latin1.GetBytes(BankPen.Return(order)) });
            fact.Should().Equal((entity, "unknown_order", stored));
            (await Till.Tell(order, "IC")).Should().Be(HttpStatusCode.OK);
        }
        (await Till.StateOf(known)).Should().Be("prepared");

        // A number with the right digit that no payment has: one of another host of the same creditor.
        async Task<string> UnusedNumber()
        {
            await using var elsewhere = await PorticoTestHost.Start();
            await Host.Bank.ListenAt(null);
            using var till = new Till(elsewhere);
            return (await till.Start(creditor: "MZB", shownBy: "MZB")).Order;
        }
    }

    [Test]
    public async Task An_unknown_gateway_has_no_address()
    {
        foreach (var path in new[] { "/pagamenti/nessuna/ritorno", "/pagamenti/nessuna/ascolto" })
        {
            using var answer = await Till.Post(path, "x=1");
            answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
        }
    }
}
