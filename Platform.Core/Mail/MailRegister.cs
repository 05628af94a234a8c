using MimeKit;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Storage;

namespace Platform.Core.Mail;

/// <summary>What an officer does about letters: look, have one sent again, note a bounce, choose the words.</summary>
internal sealed class MailRegister(Database database, EntityDirectory entities, ModuleTexts texts, MailSender sender, TimeProvider clock)
{
    const string Core = "portico_core";
    const int Most = 1000;

    public static IReadOnlyList<string> States { get; } = ["due", "sent", "refused", "bounced", "given_up"];

    /// <summary>Letters of one entity, or of all; the newest first, at most 1,000. Without their words.</summary>
    public Task<IReadOnlyList<LetterRow>> Find(EntityId? entity, string? state, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "mail", clock,
        session => session.List<LetterRow>(
            """
            select entity_id, mail_id, module, template, language, shown_by, recipient, state, tries::int as tries, error, written_at, ended_at
              from core.mail where (@entity::int is null or entity_id = @entity) and (@state::text is null or state = @state)
             order by written_at desc, mail_id desc limit @Most
            """,
            new { entity = entity?.Value, state, Most }),
        stop);

    /// <summary>Letters of all entities that ended badly, the newest first; after <paramref name="before"/>, where that is given. Without their words.</summary>
    public Task<IReadOnlyList<LetterRow>> Failed(string? state, EntityId? entity, (DateTimeOffset At, Guid Letter)? before, int most, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "mail", clock,
        session => session.List<LetterRow>(
            """
            select entity_id, mail_id, module, template, language, shown_by, recipient, state, tries::int as tries, error, written_at, ended_at
              from core.mail
             where state in ('refused', 'bounced', 'given_up') and (@state::text is null or state = @state) and (@entity::int is null or entity_id = @entity)
               and (@at::timestamptz is null or (written_at, mail_id) < (@at, @letter))
             order by written_at desc, mail_id desc limit @most
            """,
            new { state, entity = entity?.Value, at = before?.At, letter = before?.Letter, most }),
        stop);

    /// <summary>Makes a letter that ended badly due again, all its tries before it. False when there is none such, or its words are gone.</summary>
    public async Task<bool> Again(EntityId entity, Guid letter, string who, CancellationToken stop)
    {
        var done = await database.Run(
            Core, entity, who, clock,
            async session =>
            {
                var touched = await session.Execute(
                    """
                    update core.mail set state = 'due', tries = 0, due_at = written_at, error = null, ended_at = null
                     where entity_id = @entity and mail_id = @letter and state in ('refused', 'bounced', 'given_up') and redacted_at is null
                    """,
                    new { entity, letter });
                if (touched > 0)
                    session.Record("mail.again", new { letter });
                return touched > 0;
            },
            stop);
        sender.Wake();
        return done;
    }

    /// <summary>Reads a delivery report (RFC 3464) and notes what it says of one of our letters.</summary>
    /// <returns>What it meant, in a sentence.</returns>
    /// <exception cref="FormatException">It is no delivery report, or of no letter of ours; in words.</exception>
    public async Task<string> Bounce(Stream report, CancellationToken stop)
    {
        MimeMessage message;
        try
        {
            message = await MimeMessage.LoadAsync(report, stop);
        }
        catch (FormatException wrong)
        {
            throw new FormatException("This is no message.", wrong);
        }
        using (message)
        {
            var status = message.BodyParts.OfType<MessageDeliveryStatus>().FirstOrDefault() ?? throw new FormatException("This is no delivery report: it has no part message/delivery-status.");
            var ours = MailComposer.LetterOf(OriginalId(message)) ?? throw new FormatException("The report does not say which letter of ours it is about.");
            var groups = status.StatusGroups.Where(group => group["Action"] is not null).ToList();
            if (groups.Count == 0)
                throw new FormatException("The report says of nobody what became of the letter.");
            if (groups.FirstOrDefault(group => group["Action"]!.Trim().Equals("failed", StringComparison.OrdinalIgnoreCase)) is not { } failed)
                return $"Letter {ours.Letter}: {groups[0]["Action"]!.Trim()}. Nothing to note.";
            var code = new string([.. (failed["Status"] ?? "").Trim().TakeWhile(sign => char.IsAsciiDigit(sign) || sign == '.').Take(20)]);
            var entity = (await entities.Current(stop)).ByCode(ours.Entity) ?? throw new FormatException($"No entity has the code {ours.Entity}.");
            var noted = await database.Run(
                Core, entity.Id, "mail", clock,
                session => session.Execute(
                    "update core.mail set state = 'bounced', error = @code where entity_id = @entity and mail_id = @letter and state = 'sent'", new { entity = session.Entity, letter = ours.Letter, code = $"bounced {code}".Trim() }),
                stop);
            if (noted == 0)
                throw new FormatException($"{entity.Name} has sent no letter {ours.Letter}, or its bounce is noted already.");
            Hosting.PorticoMeters.Letters.Add(1, new KeyValuePair<string, object?>("service", "core"), new KeyValuePair<string, object?>("outcome", "bounced"));
            return $"Letter {ours.Letter} of {entity.Code} has bounced ({code}).";
        }
    }

    static string? OriginalId(MimeMessage report)
    {
        foreach (var part in report.BodyParts)
            if (part is MessagePart { Message: { MessageId: { } whole } })
                return whole;
            else if (part is TextPart headers && headers.ContentType.IsMimeType("text", "rfc822-headers"))
                return headers.Text.Split('\n').FirstOrDefault(line => line.StartsWith("Message-ID:", StringComparison.OrdinalIgnoreCase))?["Message-ID:".Length..].Trim();
        return null;
    }

    /// <summary>The words of a letter as they stand for an entity, and whether they are its own; null when the service has no such letter.</summary>
    public async Task<(LetterWords Words, bool Own)?> Words(EntityId entity, string module, string template, string language, CancellationToken stop)
    {
        if (texts.Of(module, template, PageCultures.Of(language)) is not { } built)
            return null;
        var own = await database.Run(
            Core, entity, "mail", clock,
            session => session.First<LetterWords>(
                "select subject, body from core.mail_template where entity_id = @entity and module = @module and template = @template and language = @language order by version desc limit 1",
                new { entity, module, template, language }),
            stop);
        return own is { Body.Length: > 0 } ? (own, true) : (built, false);
    }

    /// <summary>Gives an entity words of its own; empty ones take them back. Every version is kept.</summary>
    /// <returns>What is wrong with them, in words, or null.</returns>
    public async Task<string?> SetWords(EntityId entity, string module, string template, string language, LetterWords words, string who, CancellationToken stop)
    {
        if (language is not ("it" or "en"))
            return "The language is it or en.";
        if (texts.Of(module, template, PageCultures.Of(language)) is not { } built)
            return $"{module} has no letter \"{template}\".";
        if (words.Body.Length > 0)
        {
            if (words.Subject.Trim().Length is 0 or > 200 || words.Subject.Any(char.IsControl))
                return "The subject is one line of 1 to 200 characters.";
            if (words.Body.Length > 20_000)
                return "The words are longer than 20000 characters.";
            if (words.Asks().Except(built.Asks(), StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
                return $"Nobody gives {string.Join(", ", unknown.Select(name => $"{{{name}}}"))}. There are: {string.Join(", ", built.Asks().Select(name => $"{{{name}}}"))}.";
        }
        await database.Run(
            Core, entity, who, clock,
            async session =>
            {
                await session.Execute(
                    """
                    insert into core.mail_template (entity_id, module, template, language, version, subject, body, changed_at, changed_by)
                    select @entity, @module, @template, @language, 1 + coalesce(max(version), 0), @Subject, @Body, @now, @who
                      from core.mail_template where entity_id = @entity and module = @module and template = @template and language = @language
                    """,
                    new { entity, module, template, language, words.Subject, words.Body, now = clock.GetUtcNow(), who });
                session.Record("mail.words_set", new { module, template, language, characters = words.Body.Length });
                return true;
            },
            stop);
        return null;
    }
}
