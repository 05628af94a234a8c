using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Mail;

/// <summary>A letter as it is kept.</summary>
internal sealed class LetterRow
{
    public int EntityId { get; init; }
    public Guid MailId { get; init; }
    public string Module { get; init; } = "";
    public string Template { get; init; } = "";
    public string Language { get; init; } = "it";
    public int ShownBy { get; init; }
    public string? Recipient { get; init; }
    public string? Subject { get; init; }
    public string? Body { get; init; }
    public string State { get; init; } = "";
    public int Tries { get; init; }
    public string? Error { get; init; }
    public DateTimeOffset WrittenAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>
/// Sends what is due, and empties what is old. Any number of hosts may run one: a letter is taken by moving its next try on, in a transaction that ends before the
/// mail server is spoken to; who dies in between has it tried again, under the same Message-ID.
/// </summary>
internal sealed class MailSender(Database database, Lazy<IMailTransport> transport, Lazy<MailComposer> composer, TimeProvider clock, ILogger<MailSender> log) : Sweeper(log)
{
    const string Core = "portico_core";
    const int AtOnce = 100;

    static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    // Minutes until the next try: three days in all. Published in docs/operate.md.
    internal static readonly int[] BackOff = [1, 5, 15, 60, 180, 360, 720, 1440, 1440];

    long _unreachableUntil;

    protected override string Name => "mail";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var emptied = await Empty(now, stop);
        if (now.UtcTicks < Interlocked.Read(ref _unreachableUntil))
            return emptied;
        var due = await database.Run(
            ModuleRoles.Centre, null, "mail", clock,
            session => session.List<Key>("select entity_id, mail_id from core.mail where state = 'due' and due_at <= @now order by due_at limit @AtOnce", new { now, AtOnce }), stop);
        if (due.Count == 0)
            return emptied;
        var sent = 0;
        await using var connection = await transport.Value.Open(stop);
        foreach (var key in due)
        {
            if (await Take(key, stop) is not { } letter)
                continue;   // another host has it
            sent++;
            if (!await Send(connection, letter, stop))
                break;
        }
        return sent + emptied;
    }

    Task<LetterRow?> Take(Key key, CancellationToken stop) => database.Run(
        Core, new EntityId(key.EntityId), "mail", clock,
        session => session.First<LetterRow>(
            """
            update core.mail set due_at = @until, tries = tries + 1
             where entity_id = @entity and mail_id = @MailId and state = 'due' and due_at <= @now
            returning entity_id, mail_id, module, template, language, shown_by, recipient, subject, body, state, tries::int as tries, error, written_at, ended_at
            """,
            new { entity = session.Entity, key.MailId, now = clock.GetUtcNow(), until = clock.GetUtcNow() + Lease }),
        stop);

    /// <summary>False when nobody is to be reached, so that it is no use to go on.</summary>
    async Task<bool> Send(IMailConnection connection, LetterRow letter, CancellationToken stop)
    {
        var entity = new EntityId(letter.EntityId);
        HandedOver handed;
        try
        {
            var files = await database.Run(
                Core, entity, "mail", clock,
                session => session.List<LetterFile>("select name, media_type as mediaType, content from core.mail_file where entity_id = @entity and mail_id = @MailId order by n", new { entity, letter.MailId }), stop);
            using var message = await composer.Value.Compose(letter, files, clock.GetUtcNow(), stop);
            handed = await connection.Hand(message, stop);
        }
        catch (Exception wrong) when (wrong is FormatException or InvalidOperationException)
        {
            handed = new(Handed.Refused, wrong.GetType().Name);
        }
        var after = letter.Tries <= BackOff.Length ? TimeSpan.FromMinutes(BackOff[letter.Tries - 1]) : (TimeSpan?)null;
        var state = handed.Outcome switch { Handed.Taken => "sent", Handed.Refused => "refused", _ => after is null ? "given_up" : "due" };
        var now = clock.GetUtcNow();
        await database.Run(
            Core, entity, "mail", clock,
            async session =>
            {
                await session.Execute(
                    """
                    update core.mail set state = @state, error = nullif(@Words, ''), due_at = @dueAt, ended_at = @ended where entity_id = @entity and mail_id = @MailId and state = 'due';
                    delete from core.mail_file where entity_id = @entity and mail_id = @MailId and @state = 'sent';
                    """,
                    new { entity, letter.MailId, state, handed.Words, dueAt = now + (after ?? TimeSpan.Zero), ended = state == "due" ? (DateTimeOffset?)null : now });
                return true;
            },
            CancellationToken.None);
        PorticoMeters.Letters.Add(1, new KeyValuePair<string, object?>("service", letter.Module), new KeyValuePair<string, object?>("outcome", state == "due" ? "later" : state));
        if (state is "refused" or "given_up")
            log.LogWarning("Letter {Letter} of {Service} for entity {Entity} ends as {State}: {Words}.", letter.MailId, letter.Module, letter.EntityId, state, handed.Words);
        if (handed.Outcome != Handed.Unreachable)
            return true;
        Interlocked.Exchange(ref _unreachableUntil, (now + TimeSpan.FromSeconds(30)).UtcTicks);
        log.LogError("No letter can be sent: {Words}. They wait; the next try is in half a minute.", handed.Words);
        return false;
    }

    async Task<int> Empty(DateTimeOffset now, CancellationToken stop)
    {
        var old = await database.Run(
            ModuleRoles.Centre, null, "mail", clock,
            session => session.List<Key>(
                "select entity_id, mail_id from core.mail where state <> 'due' and redacted_at is null and ended_at < @before limit @AtOnce", new { before = now - Kept, AtOnce }),
            stop);
        foreach (var letters in old.GroupBy(key => key.EntityId))
            await database.Run(
                Core, new EntityId(letters.Key), "mail", clock,
                session => session.Execute(
                    """
                    delete from core.mail_file where entity_id = @entity and mail_id = any(@ids);
                    update core.mail set recipient = null, subject = null, body = null, redacted_at = @now where entity_id = @entity and mail_id = any(@ids) and state <> 'due' and redacted_at is null;
                    """,
                    new { entity = session.Entity, ids = letters.Select(key => key.MailId).ToArray(), now }),
                stop);
        return old.Count;
    }

    sealed class Key
    {
        public int EntityId { get; init; }
        public Guid MailId { get; init; }
    }
}
