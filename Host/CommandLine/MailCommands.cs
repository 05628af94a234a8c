using System.CommandLine;
using System.Globalization;
using System.Text;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Mail;

namespace Portico.Host.CommandLine;

/// <summary><c>portico mail</c>: what became of letters, and the words an entity chooses for them.</summary>
internal static class MailCommands
{
    public static Command Mail(HostSettings settings) =>
        new("mail", "Letters by e-mail: what became of them, another try, bounces, and an entity's own words.") { List(settings), Again(settings), Bounce(settings), Words(settings) };

    static Command List(HostSettings settings)
    {
        var code = new Option<string?>("--entity") { Description = "Code of one entity; without it, all.", HelpName = "code" };
        var state = new Option<string?>("--state") { Description = $"Only these: {string.Join(", ", MailRegister.States)}.", HelpName = "state" };
        state.AcceptOnlyFromAmong([.. MailRegister.States]);
        var command = new Command("list", "List letters, the newest first, at most 1,000: entity, letter, service, template, state, tries, error, written, recipient.") { code, state };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var entity = parsed.GetValue(code) is { } wanted ? await SettingsCommands.Named(app, wanted, stop) : null;
            var letters = await app.Container.Resolve<MailRegister>().Find(entity?.Id, parsed.GetValue(state), stop);
            foreach (var letter in letters)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{known.ById(new(letter.EntityId))?.Code ?? $"{letter.EntityId}"}\t{letter.MailId}\t{letter.Module}\t{letter.Template}\t{letter.State}\t{letter.Tries} tries\t{letter.Error}\t{letter.WrittenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC\t{letter.Recipient ?? "(emptied)"}"));
            Console.WriteLine(letters.Count == 0 ? "No letters." : $"{letters.Count} letters.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Again(HostSettings settings)
    {
        var code = new Argument<string>("entity") { Description = "Code of the entity, for instance URG." };
        var letter = new Argument<Guid>("letter") { Description = "The letter's number, as \"portico mail list\" prints it." };
        var command = new Command("again", "Send a letter again that was refused, bounced or given up. 1 when there is none such, or its words are emptied.") { code, letter };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(code)!, stop);
            if (!await app.Container.Resolve<MailRegister>().Again(entity.Id, parsed.GetValue(letter), SettingsCommands.Operator, stop))
                return PorticoCommands.Fail($"{entity.Name} has no letter {parsed.GetValue(letter)} that was refused, bounced or given up, or its words are emptied.");
            Console.WriteLine("Due again; a running host sends it within a second.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Bounce(HostSettings settings)
    {
        var file = new Argument<FileInfo?>("file") { Description = "The report as a file; without it, it is read from standard input, as a mail server hands it to an alias.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("bounce", "Note what a delivery report (RFC 3464) says of a letter.") { file };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            await using var input = parsed.GetValue(file) is { } named ? PorticoCommands.Open(named) : Console.OpenStandardInput();
            try
            {
                Console.WriteLine(await app.Container.Resolve<MailRegister>().Bounce(input, stop));
                return PorticoCommands.Done;
            }
            catch (FormatException wrong)
            {
                return PorticoCommands.Fail(wrong.Message);
            }
        });
        return command;
    }

    static Command Words(HostSettings settings)
    {
        var code = new Argument<string>("entity") { Description = "Code of the entity, for instance MZB." };
        var service = new Argument<string>("service") { Description = "Whose letter: fines, payments…" };
        var template = new Argument<string>("template") { Description = "Which letter, for instance receipt." };
        var language = new Argument<string>("language") { Description = "it or en." };
        var file = new Argument<FileInfo?>("file") { Description = "A text: the subject in the first line, an empty line, the words. Without it, the words are shown as they stand.", Arity = ArgumentArity.ZeroOrOne };
        var remove = new Option<bool>("--remove") { Description = "Go back to the service's words. The versions stay." };
        var command = new Command("words", "Show a letter's words for an entity, or give it its own. Every version is kept.") { code, service, template, language, file, remove };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var entity = await SettingsCommands.Named(app, parsed.GetValue(code)!, stop);
            var register = app.Container.Resolve<MailRegister>();
            var (module, name, tongue) = (parsed.GetValue(service)!, parsed.GetValue(template)!, parsed.GetValue(language)!);
            if (parsed.GetValue(file) is null && !parsed.GetValue(remove))
            {
                if (await register.Words(entity.Id, module, name, tongue, stop) is not { } stands)
                    return PorticoCommands.Fail($"{module} has no letter \"{name}\".");
                Console.WriteLine($"{stands.Words.Subject}\n\n{stands.Words.Body}");
                return PorticoCommands.Done;
            }
            var words = new LetterWords("", "");
            if (!parsed.GetValue(remove))
            {
                using var reader = new StreamReader(PorticoCommands.Open(parsed.GetValue(file)!), new UTF8Encoding(false, throwOnInvalidBytes: true));
                var text = (await reader.ReadToEndAsync(stop)).ReplaceLineEndings("\n").Trim();
                if (text.Split("\n\n", 2) is not [var subject, { Length: > 0 } body])
                    return PorticoCommands.Fail("Write the subject in the first line, an empty line, then the words. To go back to the service's words say --remove.");
                words = new(subject, body);
            }
            if (await register.SetWords(entity.Id, module, name, tongue, words, SettingsCommands.Operator, stop) is { } wrong)
                return PorticoCommands.Fail(wrong);
            Console.WriteLine($"{entity.Name}: done.");
            return PorticoCommands.Done;
        });
        return command;
    }
}
