using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Ratings;
using Platform.Core.Time;

namespace Portico.Host.CommandLine;

/// <summary><c>portico ratings</c>: how easy citizens found an entity's services.</summary>
internal static class RatingCommands
{
    const int Page = 1000;

    public static Command Ratings(HostSettings settings)
    {
        var code = new Option<string>("--entity") { Description = "Code of the entity to whom the services belong.", HelpName = "code", Required = true };
        var from = new Option<string?>("--from") { Description = "First day, 2026-01-31; without it, a year ago.", HelpName = "day" };
        var to = new Option<string?>("--to") { Description = "Last day; without it, today.", HelpName = "day" };
        var list = new Option<bool>("--list") { Description = "Each rating as a line of CSV, with its reason and words." };
        var command = new Command("ratings", "How easy citizens found the services: by service and municipality, how many ratings, their average and how many of each number of stars.") { code, from, to, list };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(code)!, stop);
            var store = app.Container.Resolve<RatingStore>();
            var today = LegalTime.Day(store.Now);
            if (Day(parsed.GetValue(from), today.AddYears(-1)) is not { } first || Day(parsed.GetValue(to), today) is not { } last)
                return PorticoCommands.Fail("Write days as 2026-01-31.");
            var (since, until) = (LegalTime.EndOf(first.AddDays(-1)), LegalTime.EndOf(last));
            if (parsed.GetValue(list))
            {
                var sheet = new CsvSheet(Console.Out);
                await sheet.Row("data", "servizio", "comune", "stelle", "motivo", "dettagli");
                for (IReadOnlyList<RatingRow>? rows = null; rows is null || rows.Count == Page;)
                {
                    rows = await store.List(entity.Id, since, until, rows?[^1], Page, stop);
                    foreach (var row in rows)
                        await sheet.Row(LegalTime.Day(row.RatedAt), row.Service, known.ById(row.ShownBy)?.Code, (int)row.Stars, row.Reason, row.Words);
                }
                return PorticoCommands.Done;
            }
            var counts = await store.Count(entity.Id, since, until, stop);
            foreach (var count in counts)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{count.Service}\t{known.ById(count.ShownBy)?.Code}\t{count.All} ratings\taverage {count.AverageHundredths / 100}.{count.AverageHundredths % 100:00}\t1: {count.One}\t2: {count.Two}\t3: {count.Three}\t4: {count.Four}\t5: {count.Five}"));
            if (counts.Count == 0)
                Console.WriteLine("No ratings.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static DateOnly? Day(string? text, DateOnly without) =>
        text is null ? without : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
}
