using System.Globalization;
using System.Text.RegularExpressions;
using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Mail;

/// <summary>Takes the letters of modules.</summary>
internal sealed partial class LetterBox(CallContext call, ModuleTexts texts, MailSender sender, TimeProvider clock) : IMail
{
    const int MostFiles = 5;
    const int MostBytes = 2 << 20;

    public async Task Send(IEntitySession session, Letter letter)
    {
        ArgumentNullException.ThrowIfNull(letter);
        if (session is not EntitySession open)
            throw new ArgumentException("A letter is written in the session of the current call.", nameof(session));
        if (letter.Key.Length is < 1 or > 200)
            throw new ArgumentException("A letter's key has 1 to 200 characters.", nameof(letter));
        if (!TemplatePattern().IsMatch(letter.Template))
            throw new ArgumentException("A template's name has lower-case letters, digits and hyphens.", nameof(letter));
        if (letter.Files.Count > MostFiles || letter.Files.Any(file => file.Content.Length > MostBytes || file.Name.Length is < 1 or > 100 || file.Name.AsSpan().ContainsAny('/', '\\', '\n')))
            throw new ArgumentException($"A letter has at most {MostFiles} files of at most 2 MiB, with plain names.", nameof(letter));

        var language = letter.Language.TwoLetterISOLanguageName is "en" ? "en" : "it";
        var built = texts.Of(call.Module, letter.Template, PageCultures.Of(language)) ?? throw new FormatException($"The texts of {call.Module} have no letter \"{letter.Template}\".");
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        await open.Under("portico_core", async core =>
        {
            var own = await core.First<LetterWords>(
                """
                select subject, body from core.mail_template
                 where entity_id = @entity and module = @module and template = @Template and language = @language order by version desc limit 1
                """,
                new { entity = session.Entity, module = call.Module, letter.Template, language });
            var words = (own is { Body.Length: > 0 } ? own : built).Fill(letter.Values);
            var to = letter.To.Trim();
            var wrong = MailAddress.Of(to) is null;
            var now = clock.GetUtcNow();
            await core.Execute(
                """
                with letter as (
                    insert into core.mail (entity_id, mail_id, module, letter_key, template, language, shown_by, recipient, subject, body, state, due_at, error, written_at, ended_at)
                    values (@entity, @id, @module, @Key, @Template, @language, @shownBy, @to, @subject, @Body, @state, @now, @error, @now, @ended)
                    on conflict (entity_id, module, letter_key) do nothing
                    returning mail_id)
                insert into core.mail_file (entity_id, mail_id, n, name, media_type, content)
                select @entity, l.mail_id, f.n, f.name, f.media_type, f.content from letter l cross join unnest(@numbers, @names, @types, @contents) as f (n, name, media_type, content)
                 where @state = 'due'
                """,
                new
                {
                    entity = session.Entity, id, module = call.Module, letter.Key, letter.Template, language, shownBy = letter.ShownBy ?? session.Entity,
                    to = to.Length <= 320 ? to : to[..320], subject = words.Subject.Length <= 300 ? words.Subject : words.Subject[..300], words.Body,
                    state = wrong ? "refused" : "due", error = wrong ? "no address" : null, now, ended = wrong ? now : (DateTimeOffset?)null,
                    numbers = Enumerable.Range(1, letter.Files.Count).Select(n => (short)n).ToArray(), names = letter.Files.Select(file => file.Name).ToArray(),
                    types = letter.Files.Select(file => file.MediaType).ToArray(), contents = letter.Files.Select(file => file.Content).ToArray(),
                });
            return true;
        });
        sender.Wake();
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$", RegexOptions.None, 1000)]
    private static partial Regex TemplatePattern();
}

/// <summary>The words of letters that modules bring with them.</summary>
internal sealed class ModuleTexts(Lazy<ServiceCatalog> catalog)
{
    /// <summary>The module's words for a letter, or null when its texts have none.</summary>
    public LetterWords? Of(string module, string template, CultureInfo culture)
    {
        if (catalog.Value.Modules.FirstOrDefault(known => known.Id == module).Assembly is not { } assembly)
            return null;
        var texts = TextCatalog.Of(assembly).In(culture);
        var (subject, body) = ($"mail.{template}.subject", $"mail.{template}.body");
        return texts[subject] == subject || texts[body] == body ? null : new(texts[subject], texts[body]);
    }
}
