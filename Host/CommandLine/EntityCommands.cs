using System.CommandLine;
using Autofac;
using Platform.Core.Entities;

namespace Portico.Host.CommandLine;

/// <summary>Single things of an entity. A running host shows a change within seconds.</summary>
internal static class EntityCommands
{
    static Argument<string> Code => new("code") { Description = "The entity's code, for instance MZB." };

    public static Command Show(HostSettings settings)
    {
        var code = Code;
        var command = new Command("show", "Show what is known of an entity, what it offers, and under which names.") { code };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(code)!, stop);
            var snapshot = await app.Container.Resolve<EntityDirectory>().Current(stop);
            foreach (var (name, value) in ((string, string?)[])[
                ("codice", entity.Code), ("slug", entity.Slug), ("nome", entity.Name), ("tipo", entity.Kind.ToString()), ("istat", entity.IstatCode), ("codice_fiscale", entity.TaxCode),
                ("colore", entity.Colour), ("sito", entity.Website), ("indirizzo", entity.Address), ("telefono", entity.Phone), ("email", entity.Email), ("pec", entity.Pec),
                ("logo", entity.LogoPath), ("host", string.Join(' ', snapshot.HostsOf(entity.Id))),
                ("servizi", string.Join(' ', snapshot.ActivationsOf(entity.Id).Select(offer => offer.Service + (offer.Active ? offer.Creditor == entity.Id ? "" : "@" + snapshot.ById(offer.Creditor ?? default)?.Code : "!"))))])
                Console.WriteLine($"{name}={value}");
            return PorticoCommands.Done;
        });
        return command;
    }

    public static Command Set(HostSettings settings)
    {
        var code = Code;
        var values = new Argument<string[]>("name=value") { Description = $"What to change: {string.Join(", ", EntityDecisions.Fields)}. An empty value takes a contact away.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("set", "Change an entity's name, colour or contacts.") { code, values };
        command.SetAction((parsed, stop) => Do(settings, parsed, code, (decisions, entity) =>
        {
            var given = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var text in parsed.GetValue(values)!)
            {
                if (text.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var mark))
                    return Task.FromResult<string?>($"\"{text}\" is not name=value.");
                given[text[..mark]] = text[(mark + 1)..].Trim();
            }
            return decisions.Set(entity, given, SettingsCommands.Operator, stop);
        }, stop));
        return command;
    }

    public static Command Host(HostSettings settings)
    {
        var code = Code;
        var host = new Argument<string>("name") { Description = "servizi.comune.example: it must lead to this host in the DNS, and the proxy must hand the name on." };
        var remove = new Option<bool>("--remove") { Description = "Take the name away." };
        var command = new Command("host", "Let an entity's pages be reached under a name of its own.") { code, host, remove };
        command.SetAction((parsed, stop) => Do(settings, parsed, code, (decisions, entity) => parsed.GetValue(remove)
            ? decisions.RemoveHost(entity, parsed.GetValue(host)!, SettingsCommands.Operator, stop)
            : decisions.AddHost(entity, parsed.GetValue(host)!, SettingsCommands.Operator, stop), stop));
        return command;
    }

    public static Command Logo(HostSettings settings)
    {
        var code = Code;
        var file = new Argument<FileInfo?>("file") { Description = "A PNG of 32 to 1024 pixels a side, at most 256 KiB. SVG is not taken: it may hold scripts.", Arity = ArgumentArity.ZeroOrOne };
        var remove = new Option<bool>("--remove") { Description = "Go back to the initials." };
        var command = new Command("logo", "Give an entity its coat of arms.") { code, file, remove };
        command.SetAction((parsed, stop) => Do(settings, parsed, code, async (decisions, entity) =>
        {
            if (parsed.GetValue(remove))
                return await decisions.RemoveLogo(entity, SettingsCommands.Operator, stop);
            if (parsed.GetValue(file) is not { } picture)
                return "Name a file, or say --remove.";
            await using var input = PorticoCommands.Open(picture);
            if (input.Length > EntityDecisions.MostLogoBytes)
                return $"{picture.Name} has {input.Length >> 10} KiB; at most {EntityDecisions.MostLogoBytes >> 10} are taken.";
            var png = new byte[input.Length];
            await input.ReadExactlyAsync(png, stop);
            return await decisions.SetLogo(entity, png, SettingsCommands.Operator, stop);
        }, stop));
        return command;
    }

    public static Command Notice(HostSettings settings)
    {
        var code = Code;
        var page = new Argument<string>("page") { Description = string.Join(", ", EntityDecisions.NoticePages) + "." };
        var language = new Argument<string>("language") { Description = "it or en." };
        var file = new Argument<FileInfo?>("file") { Description = "Plain text: # headings, - lists, **strong**, [words](https://…).", Arity = ArgumentArity.ZeroOrOne };
        var remove = new Option<bool>("--remove") { Description = "Go back to the platform's words. The versions stay." };
        var command = new Command("notice", "Put an entity's own words on a legal page. Every version is kept.") { code, page, language, file, remove };
        command.SetAction((parsed, stop) => Do(settings, parsed, code, async (decisions, entity) =>
        {
            var text = "";
            if (!parsed.GetValue(remove))
            {
                if (parsed.GetValue(file) is not { } words)
                    return "Name a file, or say --remove.";
                using var reader = new StreamReader(PorticoCommands.Open(words), new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true));
                text = await reader.ReadToEndAsync(stop);
                if (string.IsNullOrWhiteSpace(text))
                    return $"{words.Name} is empty. To go back to the platform's words say --remove.";
            }
            return await decisions.SetNotice(entity, parsed.GetValue(page)!, parsed.GetValue(language)!, text, SettingsCommands.Operator, stop);
        }, stop));
        return command;
    }

    static async Task<int> Do(HostSettings settings, ParseResult parsed, Argument<string> code, Func<EntityDecisions, Entity, Task<string?>> work, CancellationToken stop)
    {
        await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
        var entity = await SettingsCommands.Named(app, parsed.GetValue(code)!, stop);
        if (await work(app.Container.Resolve<EntityDecisions>(), entity) is { } wrong)
            return PorticoCommands.Fail(wrong);
        Console.WriteLine($"{entity.Name}: done.");
        return PorticoCommands.Done;
    }
}
