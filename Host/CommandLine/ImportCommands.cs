using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Documents;
using Platform.Core.Office;
using Platform.Core.Time;

namespace Portico.Host.CommandLine;

/// <summary><c>portico imports</c>: the files that were loaded, whoever did it, and the way back.</summary>
internal static class ImportCommands
{
    const int MostListed = 200;

    public static Command Imports(HostSettings settings) => new("imports", "Files that were loaded at the console, by other programs and here: list them, take one back whole.") { List(settings), Undo(settings) };

    static Option<string> Entity() => new("--entity") { Description = "Code of the creditor whose files they are.", HelpName = "code", Required = true };

    static Command List(HostSettings settings)
    {
        var entity = Entity();
        var service = new Option<string?>("--service") { Description = "Only those of this service.", HelpName = "id" };
        var command = new Command("list", "The last files, the newest first. CSV.") { entity, service };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var runs = app.Container.Resolve<ImportRuns>();
            var sheet = new CsvSheet(Console.Out);
            await sheet.Row("load", "service", "import", "file", "started", "by", "state", "added", "changed", "errors", "taken_back");
            foreach (var known in app.Catalog.Services.Where(known => parsed.GetValue(service) is not { } only || known.Id == only))
                foreach (var run in await runs.Last(whose.Id, known.Id, MostListed, stop))
                    await sheet.Row(
                        run.RunId.ToString(), known.Id, run.Verb, run.FileName, LegalTime.Local(run.StartedAt).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), run.Officer,
                        ImportModel.Of(run, TimeProvider.System.GetUtcNow()).State.ToString().ToLowerInvariant(), run.Added, run.Changed, run.Refused, run.Undo == "done" ? "yes" : "");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Undo(HostSettings settings)
    {
        var entity = Entity();
        var run = new Argument<Guid>("load") { Description = "Its number, as the list and its page's address have it." };
        var command = new Command("undo", "Take a load back: what it added goes, what it changed is as before. All or nothing; not when something of it is paid, being paid, or was changed since.") { run, entity };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var runs = app.Container.Resolve<ImportRuns>();
            if (await runs.Place(whose.Id, parsed.GetValue(run), stop) is not { } place)
                return PorticoCommands.Fail($"{whose.Code} has no load of this number: see portico imports list --entity {whose.Code}.");
            if (app.Catalog.Find(place.Service)?.Imports.FirstOrDefault(import => import.Verb == place.Verb) is not { } verb)
                return PorticoCommands.Fail($"The service \"{place.Service}\" is not running: see \"portico plugins\".");
            if (await runs.UndoHere(ServiceCommands.CallOf(whose, place.Service), verb, parsed.GetValue(run), CultureInfo.GetCultureInfo("en"), stop) is not { } undone)
                return PorticoCommands.Fail("This load cannot be taken back: it is under way, it was taken back already, or its service keeps nothing to take it back by.");
            if (undone.Refused is { } why)
                return PorticoCommands.Fail(why);
            Console.WriteLine($"{undone.Removed} removed, {undone.Restored} as before.");
            return PorticoCommands.Done;
        });
        return command;
    }
}
