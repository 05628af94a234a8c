using System.CommandLine;
using System.Globalization;
using System.Text;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Office;
using Platform.Core.Plugins;

namespace Portico.Host.CommandLine;

/// <summary>What services bring for officers: <c>portico fines import --entity URG FILE</c>, <c>portico fines outcome --entity URG</c>.</summary>
internal static class ServiceCommands
{
    const int ProgressEvery = 10_000;
    const int CollectEvery = 1_000;
    const int ShownErrors = 200;

    public static IEnumerable<Command> Of(HostSettings settings, string pluginsFolder, string uploaded)
    {
        using var logs = LoggerFactory.Create(_ => { });
        var (services, _) = new PluginLoader(logs.CreateLogger("plugins")).Load(pluginsFolder, uploaded);
        foreach (var service in services.Where(service => service.Imports.Count + service.Office.Count > 0))
        {
            var group = new Command(service.Id, service.Title);
            foreach (var verb in service.Imports)
                group.Add(ImportCommand(settings, service.Id, verb));
            foreach (var verb in service.Office)
                group.Add(OfficeCommand(settings, service.Id, verb));
            yield return group;
        }
    }

    static Command ImportCommand(HostSettings settings, string service, ImportVerb verb)
    {
        var entity = Entity("Code of the creditor, for instance URG.");
        var whole = new Option<bool>("--all-or-nothing") { Description = "Load nothing unless every line is good. Without it the good lines are loaded and the bad ones told." };
        var refused = new Option<FileInfo?>("--refused") { Description = "CSV to write the lines to that were not loaded, with the reasons: mend it and load it.", HelpName = "file" };
        var file = new Argument<FileInfo>("file") { Description = "What to load." };
        var command = new Command(verb.Verb, verb.Summary) { entity, whole, refused, file };
        command.SetAction(async (parsed, stop) =>
        {
            await using var input = PorticoCommands.Open(parsed.GetValue(file)!);
            if (parsed.GetValue(whole) && !input.CanSeek)
                return PorticoCommands.Fail("All or nothing reads the file twice, and this one can be read only once. Save it first.");
            if (parsed.GetValue(refused) is { } same && same.FullName == parsed.GetValue(file)!.FullName)
                return PorticoCommands.Misspell(["--refused names the file that is loaded."]);
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var creditor = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            if (await OwedTo(app, service, creditor, stop) is { } owed)
                return PorticoCommands.Fail($"The money of {service} in {creditor.Code} is owed to {owed.Name}: load the file with --entity {owed.Code}.");
            await using var left = parsed.GetValue(refused) is { } kept ? new StreamWriter(kept.FullName, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true)) : null;
            var report = await Import(
                app, service, verb.Verb, creditor.Code, parsed.GetValue(file)!.Name, new ImportFile(input) { AllOrNothing = parsed.GetValue(whole), Refused = left, Progress = new Lines() }, stop);
            await SettingsCommands.SayIfNobodyOffers(app, service, creditor, stop);
            var code = Tell(report!, "righe");
            if (PeakMemory() is { } peak)
                Console.Error.WriteLine(string.Create(CultureInfo.GetCultureInfo("it"), $"memoria al massimo: {peak / 1024.0 / 1024:N0} MiB"));
            return code;
        });
        return command;
    }

    // What is loaded in the name of who is not paid no citizen would find.
    static async Task<Entity?> OwedTo(PorticoApp app, string service, Entity named, CancellationToken stop)
    {
        var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
        return known.CreditorsOf(service, announced: true).Any(owed => owed.Id == named.Id) ? null
            : known.ActivationsOf(named.Id).FirstOrDefault(offer => offer.Service == service)?.Creditor is { } id ? known.ById(id) : null;
    }

    static Command OfficeCommand(HostSettings settings, string service, OfficeVerb verb)
    {
        var entity = Entity("Code of the entity that asks, for instance URG.");
        var file = new Option<FileInfo?>("--out") { Description = "File to write to; without it, what is asked for is printed.", HelpName = "file" };
        var options = verb.Options.Select(option => (option.Name, Read: Option(option))).ToList();
        var command = new Command(verb.Verb, verb.Summary) { entity, file };
        foreach (var (_, (option, _)) in options)
            command.Add(option);
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var asking = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var said = options.Select(option => (option.Name, Value: option.Read.Value(parsed))).Where(option => option.Value is not null).ToDictionary(option => option.Name, option => option.Value!, StringComparer.Ordinal);
            if (parsed.GetValue(file) is not { } target)
                return await Office(app, service, verb.Verb, asking.Code, said, Console.Out, stop) is { } why ? PorticoCommands.Fail(why) : PorticoCommands.Done;

            // A file that is there is a whole one.
            var half = target.FullName + ".part";
            string? refused;
            await using (var output = new StreamWriter(half, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
                refused = await Office(app, service, verb.Verb, asking.Code, said, output, stop);
            if (refused is null)
                File.Move(half, target.FullName, overwrite: true);
            else
                File.Delete(half);
            return refused is null ? PorticoCommands.Done : PorticoCommands.Fail(refused);
        });
        return command;
    }

    static (Option Option, Func<ParseResult, string?> Value) Option(OfficeOption said)
    {
        if (said.Kind == OfficeOptionKind.Switch)
        {
            var there = new Option<bool>("--" + said.Name) { Description = said.Summary };
            return (there, parsed => parsed.GetValue(there) ? "" : null);
        }
        var option = new Option<string?>("--" + said.Name) { Description = said.Summary, Required = said.Required, HelpName = said.Kind switch { OfficeOptionKind.Day => "day", OfficeOptionKind.Number => "number", OfficeOptionKind.Choice => "choice", _ => "text" } };
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (said.Kind == OfficeOptionKind.Day && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                result.AddError($"--{said.Name} wants a day like 2026-01-31.");
            if (said.Kind == OfficeOptionKind.Number && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"--{said.Name} wants a whole number.");
            if (said.Kind == OfficeOptionKind.Choice && !said.Choices.Contains(text, StringComparer.Ordinal))
                result.AddError($"--{said.Name} is one of {string.Join(", ", said.Choices)}.");
        });
        return (option, parsed => parsed.GetValue(option));
    }

    static Option<string> Entity(string description) => new("--entity") { Description = description, Required = true, HelpName = "code" };

    /// <summary>Runs a service's import in the entity with the given code; null when there is none. The load stands in the console's list of files.</summary>
    public static async Task<ImportReport?> Import(PorticoApp app, string service, string verb, string entityCode, string fileName, ImportFile file, CancellationToken stop)
    {
        if ((await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(entityCode) is not { } entity)
            return null;
        var import = app.Catalog.Find(service)?.Imports.FirstOrDefault(i => i.Verb == verb) ?? throw NotRunning(service);
        return await app.Container.Resolve<ImportRuns>().LoadHere(CallOf(entity, service), import, fileName.Length > 100 ? fileName[..100] : fileName, file, stop);
    }

    /// <summary>Who is at the machine acts for the entity, as the operator.</summary>
    internal static CallContext CallOf(Entity entity, string service) => new(entity.Id, entity.Id, service, SettingsCommands.Operator);

    /// <summary>Runs a service's office command in the entity with the given code.</summary>
    /// <returns>Why it was not done, in words; null when it was.</returns>
    public static async Task<string?> Office(
        PorticoApp app, string service, string verb, string entityCode, IReadOnlyDictionary<string, string> options, TextWriter output, CancellationToken stop)
    {
        var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
        if (known.ByCode(entityCode) is not { } entity)
            return $"No entity has the code {entityCode}.";
        var command = app.Catalog.Find(service)?.Office.FirstOrDefault(o => o.Verb == verb) ?? throw NotRunning(service);
        var creditor = known.ActivationsOf(entity.Id).FirstOrDefault(activation => activation.Service == service)?.Creditor
            ?? known.CreditorsOf(service).FirstOrDefault(owed => owed.Id == entity.Id)?.Id;
        var call = new OfficeCall(entity, creditor, options, Console.Error.WriteLine, CultureInfo.GetCultureInfo("en"));
        return await app.Container.Resolve<CallScopes>().In(entity.Id, entity.Id, service, scope => ((IOfficeCommand)scope.Resolve(command.Command)).Run(call, output, stop));
    }

    // What the kernel counted, where there is one that does.
    static long? PeakMemory()
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        return self.PeakWorkingSet64 is > 0 and var peak ? peak : null;
    }

    static StartRefusedException NotRunning(string service) => new($"The service \"{service}\" is not running: see \"portico plugins\".");

    public static int Tell(ImportReport report, string what)
    {
        foreach (var error in report.Errors.Take(ShownErrors))
            Console.Error.WriteLine($"riga {error.Line}{(error.Field is null ? "" : $", {error.Field}")}{(string.IsNullOrEmpty(error.Value) ? "" : $" «{error.Value}»")}: {error.Message}");
        var errors = report.Errors.Count + report.MoreErrors;
        if (errors > ShownErrors)
            Console.Error.WriteLine($"… e altri {errors - ShownErrors} errori.");
        Console.WriteLine($"{report.Read} {what}: {report.Added} nuove, {report.Changed} cambiate, {report.Unchanged} uguali, "
            + $"{(report.Waiting > 0 ? $"{report.Waiting} in attesa di un pagamento, " : "")}{errors} errori.");
        return errors == 0 ? PorticoCommands.Done : PorticoCommands.NotDone;
    }

    /// <summary>A line now and then for who waits.</summary>
    sealed class Lines : IProgress<int>
    {
        int _told;

        public void Report(int value)
        {
            // The server's collector lets garbage grow with the memory there is; that is for citizens, not for a file, however long it is.
            if (value % CollectEvery == 0)
                GC.Collect();
            if (value < _told + ProgressEvery)
                return;
            _told = value - value % ProgressEvery;
            Console.Error.WriteLine($"… {_told} righe");
        }
    }
}
