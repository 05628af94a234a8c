using System.Globalization;
using System.Net;
using System.Text;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>The same money told many times at once, and the same debt paid twice: what unique keys and row locks are for.</summary>
public sealed class PressureTests
{
    internal const int AtOnce = 64;

    [Test]
    public async Task Sixty_four_different_notifications_of_one_success_at_once_make_one_payment()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Bank.Lie("*", new { listener = new { drop = true } });
        var fine = await host.LoadFine();
        var back = await Pay(host, fine);

        // The code covers what is said, not how it is spelt: each message is genuine and none is the repetition of another.
        var answers = await Together(AtOnce, n => Deliver(host, Spelt(back, n)));
        await host.Quiet();

        answers.Should().OnlyContain(status => status == HttpStatusCode.SeeOther);
        (await host.Database.Value<long>("select count(*) from payments.fact where verdict = 'genuine' and channel = 'return'")).Should().Be(AtOnce);
        (await host.Database.Value<long>("select count(*) from payments.surplus")).Should().Be(0);
        (await host.Database.Value<long>("select count(*) from core.outbox where type = 'payments.position_paid.1'")).Should().Be(1);
        (await host.Database.Value<long>("select count(*) from core.journal where kind = 'fines.paid'")).Should().Be(1);
        await NothingIsBroken(host);
    }

    [Test]
    public async Task One_fine_paid_in_eight_tabs_is_paid_once_and_seven_surpluses_are_kept()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Bank.Lie("*", new { listener = new { drop = true } });
        var fine = await host.LoadFine();
        var payers = new List<Citizen>();
        for (var tab = 0; tab < 8; tab++)
            payers.Add(await AtTheBank(host, fine));
        var tabs = new List<string>();
        foreach (var payer in payers)
            tabs.Add(await Confirm(payer));

        await Together(tabs.Count, n => Deliver(host, tabs[n]));
        await host.After(TimeSpan.FromSeconds(5));

        (await host.Database.Value<long>("select count(*) from payments.payment where state = 'paid'")).Should().Be(8, "the bank took eight times");
        (await host.Database.Value<long>("select count(*) from payments.due_paid")).Should().Be(1);
        (await host.Database.Value<long>("select count(*) from payments.surplus where kind = 'twice'")).Should().Be(7);
        (await host.Database.Value<long>("select count(*) from core.journal where kind = 'fines.paid'")).Should().Be(1);
        await NothingIsBroken(host);
    }

    /// <summary>Pays at the bank, and keeps what the browser would bring back.</summary>
    internal static async Task<string> Pay(PorticoTestHost host, Fine fine) => await Confirm(await AtTheBank(host, fine));

    /// <summary>On the bank's card page; who is asked whether to go on with an earlier attempt starts again.</summary>
    static async Task<Citizen> AtTheBank(PorticoTestHost host, Fine fine)
    {
        var citizen = host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.GoToBank();
        if (citizen.Page.QuerySelector("input[name=scelta]") is { } choice)
            await citizen.Send(("scelta", choice.GetAttribute("value")!));
        return citizen;
    }

    static async Task<string> Confirm(Citizen payer)
    {
        using var citizen = payer;
        await citizen.Press("azione", "paga");
        return string.Join('&', citizen.Page.QuerySelectorAll("form input[name]").Select(input => $"{input.GetAttribute("name")}={Uri.EscapeDataString(input.GetAttribute("value") ?? "")}"));
    }

    /// <summary>The same message with some letters of the order number escaped: those whose bit is set in <paramref name="n"/>.</summary>
    static string Spelt(string body, int n)
    {
        const string Name = "numeroOrdine=";
        var at = body.IndexOf(Name, StringComparison.Ordinal) + Name.Length;
        var letters = body[at..(at + 6)].Select((letter, bit) => (n >> bit & 1) == 0 ? letter.ToString() : string.Create(CultureInfo.InvariantCulture, $"%{(int)letter:X2}"));
        return $"{body[..at]}{string.Concat(letters)}{body[(at + 6)..]}";
    }

    internal static async Task<HttpStatusCode> Deliver(PorticoTestHost host, string body)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var form = new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded");
        using var answer = await http.PostAsync(new Uri(host.Address, "/pagamenti/pagonline/ritorno"), form);
        return answer.StatusCode;
    }

    internal static async Task<HttpStatusCode[]> Together(int count, Func<int, Task<HttpStatusCode>> what)
    {
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = Enumerable.Range(0, count).Select(async n =>
        {
            await begin.Task;
            return await what(n);
        }).ToList();
        begin.SetResult();
        return await Task.WhenAll(all);
    }

    static async Task NothingIsBroken(PorticoTestHost host)
    {
        await host.After(TimeSpan.FromMinutes(10));
        (await Audit.Contradictions(host.Database.Rows<(int Entity, string What)>)).Should().BeEmpty();
    }
}
