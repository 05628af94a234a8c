using System.Diagnostics;
using System.Text;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Payments;
using Platform.Payments.Checkout;
using Platform.Payments.Tests;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>Pays by the product's own commands, on one host or several, until every event is handled.</summary>
internal sealed class Product(IReadOnlyList<PorticoTestHost> hosts)
{
    public TestDatabase Database => hosts[0].Database;

    /// <returns>Seconds until the last payment was accepted, and until its last event was handled.</returns>
    public async Task<(double Answered, double Told)> Pay(IReadOnlyList<PayableFine> fines, int clients)
    {
        var begun = Stopwatch.GetTimestamp();
        await InTurn.Run(fines, clients, (fine, client) => Pay(fine, hosts[client % hosts.Count]));
        var answered = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await Told();
        return (answered, Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }

    /// <summary>The same from the first page to the last, over HTTP.</summary>
    public async Task<double> PayByPages(IReadOnlyList<PayableFine> fines, int clients)
    {
        using var browsers = new Browsers(hosts, clients);
        var begun = Stopwatch.GetTimestamp();
        await InTurn.Run(fines, clients, async (fine, client) =>
        {
            var browser = browsers[client];
            await browser.OpenSearch(fine);
            var page = await browser.Find(fine);
            var order = await browser.Pay(page, await browser.Show(page));
            await browser.Tell(order);
            await browser.Status(await browser.ComeBack(order));
        });
        await Told();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Until every event that was raised is handled: all hosts at once, as they would by themselves.</summary>
    public async Task Told()
    {
        do
            await Task.WhenAll(hosts.Select(host => host.Container.Resolve<Dispatcher>().Sweep(CancellationToken.None)));
        while (await Database.Value<long>("select count(*) from core.delivery where state = 'due' and tries = 0") > 0);
        if (await Database.Value<long>("select count(*) from core.delivery where state <> 'done'") is > 0 and var undone)
            throw new InvalidOperationException($"{undone} deliveries failed.");
    }

    static async Task Pay(PayableFine fine, PorticoTestHost host)
    {
        var checkout = await host.As("fines", fine.Creditor, fine.ShownBy, async scope =>
        {
            var commands = scope.Resolve<ICommands>();
            var opened = await commands.Send(
                new OpenPosition(fine.Name, $"Verbale {fine.Name}", new(new(2026, 3, 14), [
                    new("Sanzione", "9/0102100SA/", "sanzioni-cds", new Euro(4200 + fine.Number % 100).Percent(70)),
                    new("Spese di accertamento e notifica", "9/0102100SA/", "spese-notifica", new Euro(200)),
                ])), CancellationToken.None);
            return (await commands.Send(new StartCheckout(Guid.CreateVersion7(), [opened.Due], "verbale/misura", "it"), CancellationToken.None)).Value;
        });
        var message = new GatewayMessage("listener", Encoding.Latin1.GetBytes(BankPen.Listener(checkout.OrderNumber, "OK")));
        var received = await host.Container.Resolve<GatewayFacts>().Receive("pagonline", message, CancellationToken.None);
        if (received.Verdict != "genuine")
            throw new InvalidOperationException($"The bank's message for {checkout.OrderNumber} was found {received.Verdict}.");
    }

    sealed class Browsers(IReadOnlyList<PorticoTestHost> hosts, int clients) : IDisposable
    {
        readonly Browser[] _all = [.. Enumerable.Range(0, clients).Select(client => new Browser(hosts[client % hosts.Count].Address))];

        public Browser this[int client] => _all[client];

        public void Dispose() => Array.ForEach(_all, browser => browser.Dispose());
    }
}

/// <summary>Several clients, each taking the next piece of work when it has finished its own.</summary>
internal static class InTurn
{
    public static async Task Run<T>(IReadOnlyList<T> work, int clients, Func<T, int, Task> each)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var mine && mine < work.Count)
                await each(work[mine], client);
        })));
    }
}
