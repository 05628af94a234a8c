using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Maintenance;
using Platform.Core.Time;

namespace Portico.Host.CommandLine;

/// <summary><c>portico maintenance</c>: services that rest, as the console sets it.</summary>
internal static class MaintenanceCommands
{
    const int MostWords = 500;
    const int MostDays = 60;

    public static Command Maintenance(HostSettings settings) => new("maintenance", "Services that rest for a while: citizens read when to come back; payments that began arrive.") { Set(settings), End(settings), List(settings) };

    static Option<string> Entity() => new("--entity") { Description = "Code of the entity whose pages, or of the creditor behind them; 000 for all.", HelpName = "code", Required = true };

    static Argument<string> Service() => new("service") { Description = "The service: fines." };

    static Command Set(HostSettings settings)
    {
        var (service, entity) = (Service(), Entity());
        var from = new Option<string?>("--from") { Description = "When it begins, by Rome's clocks: \"2026-03-10 18:00\"; without it, now.", HelpName = "moment" };
        var until = new Option<string>("--until") { Description = "When it ends by itself; at most 60 days ahead.", HelpName = "moment", Required = true };
        var words = new Option<string?>("--words") { Description = "What citizens are told besides, in Italian.", HelpName = "text" };
        var english = new Option<string?>("--words-en") { Description = "The same in English.", HelpName = "text" };
        var command = new Command("set", "Let a service rest; what was set before for the same entity is replaced.") { service, entity, from, until, words, english };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            if (app.Catalog.Find(parsed.GetValue(service)!) is not { } known)
                return PorticoCommands.Fail($"There is no service {parsed.GetValue(service)}.");
            var now = app.Container.Resolve<TimeProvider>().GetUtcNow();
            var begins = parsed.GetValue(from) is { } text ? Moment(text) : now;
            if (begins is not { } first || Moment(parsed.GetValue(until)!) is not { } last)
                return PorticoCommands.Fail("Write moments as \"2026-03-10 18:00\", by Rome's clocks.");
            if (last <= first || last <= now || last > now.AddDays(MostDays))
                return PorticoCommands.Fail($"A maintenance ends after it begins, after now, and within {MostDays} days.");
            var (said, saidEn) = (parsed.GetValue(words) ?? "", parsed.GetValue(english) ?? "");
            if (said.Length > MostWords || saidEn.Length > MostWords)
                return PorticoCommands.Fail($"Words have at most {MostWords} characters.");
            await app.Container.Resolve<MaintenanceRegister>().Set(new(whose.Id, known.Id, first, last, said, saidEn), SettingsCommands.Operator, stop);
            Console.WriteLine($"{known.Id} of {whose.Code} rests from {Shown(first)} until {Shown(last)}.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command End(HostSettings settings)
    {
        var (service, entity) = (Service(), Entity());
        var command = new Command("end", "Wake a service before its time, or take back what was announced.") { service, entity };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            if (!await app.Container.Resolve<MaintenanceRegister>().End(whose.Id, parsed.GetValue(service)!, SettingsCommands.Operator, stop))
                return PorticoCommands.Fail($"No maintenance of {parsed.GetValue(service)} was set for {whose.Code}.");
            Console.WriteLine("It is open again.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command List(HostSettings settings)
    {
        var command = new Command("list", "What rests or will, over all entities. CSV.");
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var now = app.Container.Resolve<TimeProvider>().GetUtcNow();
            var sheet = new CsvSheet(Console.Out);
            await sheet.Row("entity", "service", "from", "until", "words");
            foreach (var entity in known.All)
                foreach (var service in app.Catalog.Services)
                    if (known.MaintenanceAt(entity.Id, service.Id, now) is { } window)
                        await sheet.Row(entity.Code, service.Id, Shown(window.From), Shown(window.Until), window.Words);
            return PorticoCommands.Done;
        });
        return command;
    }

    static DateTimeOffset? Moment(string text) =>
        DateTime.TryParseExact(text, ["yyyy-MM-dd HH:mm", "yyyy-MM-ddTHH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var shown)
            ? LegalTime.Instant(DateOnly.FromDateTime(shown), TimeOnly.FromDateTime(shown)) : null;

    static string Shown(DateTimeOffset at) => LegalTime.Local(at).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
