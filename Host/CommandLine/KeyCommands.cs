using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Api;
using Platform.Core.Documents;
using Platform.Core.Office;
using Platform.Core.Plugins;

namespace Portico.Host.CommandLine;

/// <summary><c>portico keys</c>: keys by which other systems load files for an entity's services.</summary>
internal static class KeyCommands
{
    public static Command Keys(HostSettings settings) => new("keys", "Keys by which other systems load files over HTTP, see docs/api.md.") { Create(settings), List(settings), Revoke(settings) };

    static Option<string> Entity() => new("--entity") { Description = "Code of the entity whose key it is.", HelpName = "code", Required = true };

    static Command Create(HostSettings settings)
    {
        var entity = Entity();
        var service = new Option<string>("--service") { Description = "The service for which it loads.", HelpName = "id", Required = true };
        var may = new Option<string[]>("--permission") { Description = "What it may load: a permission that an import of the service names. May be given several times.", HelpName = "id", Required = true, AllowMultipleArgumentsPerToken = true };
        var name = new Option<string>("--name") { Description = "Which system uses it.", HelpName = "name", Required = true };
        var until = new Option<string>("--until") { Description = "Its last day, 2027-01-31; at most 400 days ahead.", HelpName = "day", Required = true };
        var command = new Command("create", "Make a key and print it. Nobody can have it again.") { entity, service, may, name, until };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            if (app.Catalog.Find(parsed.GetValue(service)!) is not { } known)
                return PorticoCommands.Fail($"There is no service {parsed.GetValue(service)}.");
            var offered = known.Imports.Select(import => ConsoleFiles.PermissionOf(import.Import)).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
            if (parsed.GetValue(may)!.FirstOrDefault(permission => !offered.Contains(permission, StringComparer.Ordinal)) is { } unknown)
                return PorticoCommands.Fail($"No import of {known.Id} needs {unknown}. There are: {string.Join(", ", offered)}.");
            if (!DateOnly.TryParseExact(parsed.GetValue(until), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var last))
                return PorticoCommands.Fail("Write days as 2026-01-31.");
            var made = await app.Container.Resolve<ApiKeys>().Create(whose, known.Id, parsed.GetValue(may)!, parsed.GetValue(name)!, last, SettingsCommands.Operator, stop);
            if (made.Refusal is { } refusal)
                return PorticoCommands.Fail(refusal.Code == "keys.expiry" ? $"A key's last day is not past and at most {ApiKeys.LongestDays} days ahead." : "A key has a name of 1 to 80 characters.");
            Console.WriteLine(made.Value);
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command List(HostSettings settings)
    {
        var entity = Entity();
        var command = new Command("list", "Keys of an entity, without their secrets. CSV.") { entity };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var sheet = new CsvSheet(Console.Out);
            await sheet.Row("chiave", "nome", "servizio", "permessi", "scade_il", "ultimo_uso", "revocata_il");
            foreach (var key in await app.Container.Resolve<ApiKeys>().List(whose.Id, stop))
                await sheet.Row(key.KeyId.ToString(), key.Name, key.Service, key.Permissions, key.ExpiresOn, key.LastUsedAt?.ToString("u", CultureInfo.InvariantCulture), key.RevokedAt?.ToString("u", CultureInfo.InvariantCulture));
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Revoke(HostSettings settings)
    {
        var entity = Entity();
        var id = new Option<Guid>("--key") { Description = "Its number, as the list shows it.", HelpName = "id", Required = true };
        var command = new Command("revoke", "End a key at once.") { entity, id };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var whose = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            return await app.Container.Resolve<ApiKeys>().Revoke(whose.Id, parsed.GetValue(id), SettingsCommands.Operator, stop) ? PorticoCommands.Done : PorticoCommands.Fail("There is no such key that holds.");
        });
        return command;
    }
}
