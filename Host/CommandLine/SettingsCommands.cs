using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Portico.Host.CommandLine;

/// <summary>No entity, or no service, has the name that was given.</summary>
internal sealed class EntityUnknownException(string message) : Exception(message);

/// <summary><c>portico settings</c>: what a creditor has decided for a service, who decided it when, and whether that is ready for citizens.</summary>
internal static class SettingsCommands
{
    const int VersionsShown = 10;

    public static Command Settings(HostSettings settings)
    {
        var service = new Argument<string>("service") { Description = "Its id: fines. See \"portico plugins\"." };
        var entity = new Option<string>("--entity") { Description = "Code of the creditor, for instance URG.", Required = true };
        var values = new Argument<string[]>("name=value") { Description = "What to set: patron=29/06. An empty value takes a text away.", Arity = ArgumentArity.OneOrMore };

        var show = new Command("show", "Show every setting of a creditor, its last changes, and what is to be mended.") { service, entity };
        show.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var (described, creditor) = await Named(app, parsed.GetValue(service)!, parsed.GetValue(entity)!, stop);
            await Show(app, described, creditor, stop);
            await SayIfNobodyOffers(app, described.Id, creditor, stop);
            return PorticoCommands.Done;
        });
        var set = new Command("set", "Change settings of a creditor. All or nothing; running hosts use them from the next request on.") { service, entity, values };
        set.SetAction(async (parsed, stop) =>
        {
            var changes = new List<(string, string)>();
            foreach (var text in parsed.GetValue(values)!)
            {
                if (text.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var mark))
                    return PorticoCommands.Fail($"\"{text}\" is not name=value.");
                changes.Add((text[..mark], text[(mark + 1)..]));
            }
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var (described, creditor) = await Named(app, parsed.GetValue(service)!, parsed.GetValue(entity)!, stop);
            var code = Tell(described, creditor, await app.Container.Resolve<SettingsStore>().Change(creditor.Id, described.Id, described.Settings!, changes, Operator, stop));
            await SayIfNobodyOffers(app, described.Id, creditor, stop);
            return code;
        });
        var undo = new Command("undo", "Put back what stood before the last change. That is one more version: undoing twice leads back.") { service, entity };
        undo.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var (described, creditor) = await Named(app, parsed.GetValue(service)!, parsed.GetValue(entity)!, stop);
            return Tell(described, creditor, await app.Container.Resolve<SettingsStore>().Undo(creditor.Id, described.Id, Operator, stop));
        });
        return new Command("settings", "What creditors decide for a service.") { show, set, undo };
    }

    /// <summary>Whoever works at this machine, as the journal names him.</summary>
    internal static string Operator => "cli:" + Environment.UserName;

    static async Task Show(PorticoApp app, ServiceDescription service, Entity creditor, CancellationToken stop)
    {
        var history = await app.Container.Resolve<SettingsStore>().History(creditor.Id, service.Id, stop);
        var form = service.Settings!;
        var stored = history.Count == 0 ? new Dictionary<string, string>(StringComparer.Ordinal) : history[0].Values;
        var current = form.From(stored, []);
        Console.WriteLine($"{service.Title}, {creditor.Name} ({creditor.Code})");
        foreach (var field in form.Fields)
        {
            Console.WriteLine($"{field.Name}={field.Write(current)}{(stored.ContainsKey(field.Name) ? "" : "  (default)")}");
            Console.WriteLine($"    {field.Words.LabelEn}{(field.Words.HintEn.Length > 0 ? $": {field.Words.HintEn}" : "")}{(field.Choices.Count > 0 ? $" [{string.Join(", ", field.Choices.Select(choice => choice.Value))}]" : "")}");
        }
        foreach (var version in history.Take(VersionsShown))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"version {version.Version}, {LegalTime.Local(version.ChangedAt):yyyy-MM-dd HH:mm}, {version.ChangedBy}: {string.Join(' ', version.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))}"));
        foreach (var line in await app.Container.Resolve<SettingsStore>().Judge(service, creditor, stop))
            Console.WriteLine($"{(line.Ready ? "ok  " : "MEND")}  {line.Words}");
    }

    /// <summary>A municipality whose union is the creditor is easily taken for the creditor itself: what is written down for it would wait in silence.</summary>
    internal static async Task SayIfNobodyOffers(PorticoApp app, string service, Entity creditor, CancellationToken stop)
    {
        var snapshot = await app.Container.Resolve<EntityDirectory>().Current(stop);
        if (snapshot.CreditorsOf(service).Any(known => known.Id == creditor.Id))
            return;
        var instead = snapshot.ActivationsOf(creditor.Id).FirstOrDefault(offer => offer.Service == service)?.Creditor is { } other ? snapshot.ById(other)?.Code : null;
        Console.WriteLine($"look  nobody offers {service} with {creditor.Code} as its creditor today, so that no citizen meets this{(instead is null ? "" : $"; {creditor.Code} shows it for {instead}")}.");
    }

    static int Tell(ServiceDescription service, Entity creditor, Platform.Core.Commands.Outcome<int> outcome)
    {
        if (outcome.Refusal is { } refusal)
            return PorticoCommands.Fail(refusal.Detail ?? refusal.Code);
        Console.WriteLine($"{service.Title}, {creditor.Name}: version {outcome.Value} stands.");
        return PorticoCommands.Done;
    }

    static async Task<(ServiceDescription, Entity)> Named(PorticoApp app, string service, string code, CancellationToken stop)
    {
        var described = app.Catalog.Find(service) ?? throw new EntityUnknownException($"The service \"{service}\" is not running: see \"portico plugins\".");
        if (described.Settings is null)
            throw new EntityUnknownException($"The service \"{service}\" has no settings.");
        return (described, await Named(app, code, stop));
    }

    internal static async Task<Entity> Named(PorticoApp app, string code, CancellationToken stop) =>
        (await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(code)
        ?? throw new EntityUnknownException($"No entity has the code {code}. Load entities first: portico entity import FILE.");
}
