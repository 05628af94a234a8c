using System.Globalization;
using System.Net;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>One notification of one success, told 64 times at once, over and over with another payment.</summary>
internal static class Repeats
{
    public static async Task<bool> Run(int rounds, Action<string> say)
    {
        await using var host = await PorticoTestHost.Start();
        await host.Bank.Lie("*", new { listener = new { drop = true } });
        var others = 0;
        for (var round = 0; round < rounds; round++)
        {
            var fine = await host.LoadFine(number: (5000 + round).ToString(CultureInfo.InvariantCulture));
            var back = await PressureTests.Pay(host, fine);
            others += (await PressureTests.Together(PressureTests.AtOnce, _ => PressureTests.Deliver(host, back))).Count(status => status != HttpStatusCode.SeeOther);
        }
        await host.After(TimeSpan.FromMinutes(10));

        var paid = await host.Database.Value<long>("select count(*) from payments.due_paid");
        var told = await host.Database.Value<long>("select count(*) from core.outbox where type = 'payments.position_paid.1'");
        var stored = await host.Database.Value<long>("select count(*) from payments.fact where channel = 'return'");
        var counted = await host.Database.Value<long>("select coalesce(sum(seen), 0)::bigint from payments.fact where channel = 'return'");
        var surplus = await host.Database.Value<long>("select count(*) from payments.surplus");
        var contradictions = (await Audit.Contradictions(host.Database.Rows<(int Entity, string What)>)).Count;
        say(string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds of {PressureTests.AtOnce}: {paid} paid, {told} told to the service, {stored} stored, {counted} counted, {surplus} surpluses, {others} other answers, {contradictions} contradictions"));
        return paid == rounds && told == rounds && stored == rounds && counted == rounds * (long)PressureTests.AtOnce && surplus == 0 && others == 0 && contradictions == 0;
    }
}
