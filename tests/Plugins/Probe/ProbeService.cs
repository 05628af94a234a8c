using System.ComponentModel.DataAnnotations;
using System.Globalization;
using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Payments;

[assembly: Service("probe", "1.0", Title = "Prova", Author = "tests")]

namespace Probe;

/// <summary>A service that does nothing for citizens: it raises events and reacts to them, well or badly, as the tests of the floor ask.</summary>
public sealed class ProbeService : IService
{
    public void Describe(IServiceDescription service)
    {
        ArgumentNullException.ThrowIfNull(service);
        service.Path("prova");
        service.Settings<ProbeSettings>(ProbeSettings.Check);
        service.Page<GalleryPage>("moduli");
        service.Permission("probe.see", "Vedere le righe", "See the rows", looksOnly: true);
        service.Permission("probe.change", "Cambiare le righe", "Change the rows");
        service.Page<ForgetfulPage>("distratta");
        service.Page<MinePage>("mia");
        service.Page<StrongPage>("forte");
        service.Page<MaybePage>("forse");
        service.OfficePage<RowsPage>("", menu: "office.title");
        service.OfficePage<RowPage>("riga/{stream}");
        service.OfficePage<ImportingPage>("carica", menu: "office.load");
        service.Import<LoadRows>("rows", "Needs a permission, and does nothing.");
        service.Import<RaiseEvents>("raise", "One event per line: stream;times");
        service.Import<SendInside>("inside", "Sends a command, or opens a session, inside an open transaction: command | session");
        service.Import<SendBad>("bad", "Sends a command that its validator refuses.");
    }
}

/// <summary>One of each kind.</summary>
internal sealed record ProbeSettings
{
    [Setting("Testo", "Text")]
    public string Text { get; init; } = "parola";

    [Setting("Numero", "Number"), Range(-10, 100)]
    public int Number { get; init; }

    [Setting("Importo", "Amount")]
    public Euro Amount { get; init; } = Euro.Of(1);

    [Setting("Sì o no", "Yes or no")]
    public bool YesNo { get; init; } = true;

    [Setting("Giorno", "Day")]
    public DateOnly? Day { get; init; }

    [Setting("Scelta", "Choice", Hint = "Una delle due.", HintEn = "One of the two.")]
    public ProbeChoice Choice { get; init; }

    [Setting("Segreto", "Secret")]
    public SecretName Secret { get; init; }

    [Setting("Forse", "Maybe")]
    public int? Maybe { get; init; } = 7;

    public static IEnumerable<Readiness> Check(ProbeSettings settings, Entity creditor)
    {
        yield return settings.Text.Contains(' ', StringComparison.Ordinal) ? new(false, "Two words are one too many.") : new(true, "One word.");
    }
}

internal enum ProbeChoice
{
    [Setting("La prima", "The first")]
    First,

    [Setting("La seconda", "The second")]
    Second,
}

[EventName("probe.happened.1")]
public sealed record Happened(Guid Stream, int Version, string? Audience) : IEvent;

public sealed record Happen(Guid Stream, int Times) : ICommand<int>;

internal sealed class HappenValidator : AbstractValidator<Happen>
{
    public HappenValidator() => RuleFor(command => command.Times).InclusiveBetween(1, 100);
}

internal sealed class HappenHandler(ISessions sessions) : ICommandHandler<Happen, int>
{
    public Task<int> Handle(Happen request, CancellationToken cancellationToken) => sessions.Run(
        async session =>
        {
            var last = await session.First<int>(
                """
                insert into probe.stream as s (entity_id, stream, version) values (@entity, @Stream, @Times)
                on conflict (entity_id, stream) do update set version = s.version + excluded.version
                returning version
                """,
                new { entity = session.Entity, request.Stream, request.Times });
            for (var version = last - request.Times + 1; version <= last; version++)
                session.Raise(new Happened(request.Stream, version, "probe"));
            session.Record("probe.happened", new { request.Times });
            return last;
        },
        cancellationToken);
}

internal sealed class RaiseEvents(ICommands commands) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        using var reader = new StreamReader(file.Content);
        var read = 0;
        while (await reader.ReadLineAsync(stop) is { Length: > 0 } line)
        {
            var parts = line.Split(';');
            await commands.Send(new Happen(Guid.Parse(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture)), stop);
            read++;
        }
        return new(read, read, 0, 0, []);
    }
}

internal sealed class SendInside(ICommands commands, ISessions sessions) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        using var reader = new StreamReader(file.Content);
        var what = (await reader.ReadToEndAsync(stop)).Trim();
        await sessions.Run(
            async session =>
            {
                await session.Execute("insert into probe.stream (entity_id, stream, version) values (@entity, @id, 0)", new { entity = session.Entity, id = Guid.NewGuid() });
                return what == "command"
                    ? await commands.Send(new Happen(Guid.NewGuid(), 1), stop)
                    : await sessions.Run(inner => inner.First<int>("select 1"), stop);
            },
            stop);
        return new(1, 1, 0, 0, []);
    }
}

internal sealed class SendBad(ICommands commands) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        await commands.Send(new Happen(Guid.NewGuid(), 0), stop);
        return new(1, 1, 0, 0, []);
    }
}

internal sealed class WriteDown : IReact<Happened>
{
    public Task On(Happened happened, IEntitySession session, CancellationToken stop) => Effect.Of("WriteDown", happened, session);
}

internal sealed class WriteElsewhere : IReact<Happened>
{
    public Task On(Happened happened, IEntitySession session, CancellationToken stop) => Effect.Of("WriteElsewhere", happened, session);
}

internal sealed class HearPaid : IReact<PositionPaid>
{
    public Task On(PositionPaid happened, IEntitySession session, CancellationToken stop) => Effect.Of("HearPaid", happened, session);
}

internal static class Effect
{
    public static async Task Of(string handler, IEvent happened, IEntitySession session)
    {
        var key = new { entity = session.Entity, handler, happened.Stream, seq = happened.Version };
        await session.Execute(
            """
            insert into probe.effect (entity_id, handler, stream, seq, place)
            select @entity, @handler, @Stream, @seq, 1 + count(*) from probe.effect where handler = @handler and stream = @Stream
            """,
            key);
        if (await session.First<bool>("select true from probe.trouble where handler = @handler and stream = @Stream and seq = @seq for share", key))
            throw new IOException("The probe was asked to fail.");
    }
}
