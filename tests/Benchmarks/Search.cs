using System.Diagnostics;
using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Payments.Tests.Office;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>An officer's search among few payments and among many: what PostgreSQL reads for each kind of question, and how long a page takes.</summary>
internal static class Search
{
    public const string Part = "Search of an officer";
    const int MostBuffers = 200;

    public static async Task Measure(Report report, Scale scale)
    {
        await using var host = await PorticoTestHost.Start();
        var all = new List<(string What, List<long> Buffers)>();
        var size = 0;
        foreach (var payments in scale.Searched)
        {
            report.Doing($"writing {payments.Whole()} payments");
            await ManyPayments.Grow(host.Database, size, payments);
            size = payments;
            var times = new List<double>();
            foreach (var (what, question) in ManyPayments.Questions(payments))
            {
                var (buffers, plan) = await ManyPayments.Explain(host.Database, question);
                if (payments == scale.Searched[^1] && ManyPayments.ReadWhole(plan).Any(table => table is "payment" or "search_token") && payments > 1_000)
                    throw new InvalidOperationException($"{what} reads a whole table.");
                if (all.Find(one => one.What == what).Buffers is not { } known)
                    all.Add((what, [buffers]));
                else
                    known.Add(buffers);
                for (var n = -2; n < 5; n++)
                {
                    var begun = Stopwatch.GetTimestamp();
                    await host.As("payments", ManyPayments.Creditor, ManyPayments.Creditor, scope => scope.Resolve<ICommands>().Send(question, CancellationToken.None));
                    if (n >= 0)
                        times.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
                }
            }
            var most = all.MaxBy(one => one.Buffers[^1]);
            report.Add(Part, $"shared buffers, {payments.Whole()} payments", $"<= {MostBuffers}", string.Create(CultureInfo.InvariantCulture, $"{most.Buffers[^1]} at most ({most.What})"), most.Buffers[^1] <= MostBuffers);
            report.Add(Part, $"a page of results, {payments.Whole()} payments", "", $"p50 {times.At(0.5).Milliseconds()}, p95 {times.At(0.95).Milliseconds()}", null);
        }
        report.Note(Part,
            $"Buffers by question, at {string.Join(" and at ", scale.Searched.Select(payments => payments.Whole()))} payments: {string.Join("; ", all.Select(one => $"{one.What} {string.Join(", ", one.Buffers)}"))}. "
            + "Nine payments of ten are one creditor's, every third has a payer with an e-mail and a name. Explained under the module's role with row-level security in force, as a plan made for the values and as a prepared one; the worse counts. A page holds 20 payments.");
    }
}
