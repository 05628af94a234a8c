using System.Diagnostics;
using Platform.Core.Commands;
using Platform.Core.Jobs;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.SchoolFees.Certificates;

/// <summary>A year's certificates for everybody, ordered once and issued in the background.</summary>
/// <param name="Payers">How many payers were gone through.</param>
/// <param name="Of">How many there are.</param>
public sealed record CertificateBatch(int Year, int Number, bool Send, string AskedBy, DateTimeOffset AskedAt, string Last, int Payers, int Of, int Issued, int Fresh, DateTimeOffset? DoneAt)
{
    internal const string Columns =
        """
        select b.year, b.number, b.send, b.asked_by as askedBy, b.asked_at as askedAt, b.last, b.payers, 0 as "of", b.issued, b.fresh, b.done_at as doneAt from schoolfees.certificate_batch b

        """;
}

/// <summary>Orders a batch; while one of the year is under way that one goes on.</summary>
/// <returns>Its number; refused while the year lasts.</returns>
[RequiresPermission("schoolfees.certify")]
internal sealed record OrderCertificates(int Year, bool Send) : ICommand<Outcome<int>>;

internal sealed class OrderCertificatesHandler(ISessions sessions, CallContext call, TimeProvider time) : ICommandHandler<OrderCertificates, Outcome<int>>
{
    public Task<Outcome<int>> Handle(OrderCertificates command, CancellationToken stop) => sessions.Run<Outcome<int>>(
        async session =>
        {
            var now = time.GetUtcNow();
            if (command.Year >= LegalTime.Day(now).Year)
                return new Refusal(IssueCertificatesHandler.NotOver);
            await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.certificate_batch'), @entity)", new { entity = session.Entity });
            var number = await session.First<int?>("select number from schoolfees.certificate_batch where entity_id = @entity and year = @Year and done_at is null", new { entity = session.Entity, command.Year });
            if (number is { } going)
                return going;
            var made = await session.First<int>(
                """
                insert into schoolfees.certificate_batch (entity_id, year, number, send, asked_by, asked_at)
                select @entity, @Year, coalesce(max(number), 0) + 1, @Send, @actor, @now from schoolfees.certificate_batch where entity_id = @entity and year = @Year
                returning number
                """, new { entity = session.Entity, command.Year, command.Send, actor = call.Officer?.Actor ?? call.Caller, now });
            session.Record("schoolfees.certificates_ordered", new { command.Year, number = made, command.Send });
            return made;
        },
        stop);
}

/// <summary>Goes on with batches that are ordered, some payers at a time. Killed at any point it goes on where it was: a certificate that was issued is not issued twice.</summary>
/// <returns>Whether anything is left to do.</returns>
internal sealed record ContinueCertificates : ICommand<bool>;

internal sealed class ContinueCertificatesHandler(ISessions sessions, ICommands commands, TimeProvider time) : ICommandHandler<ContinueCertificates, bool>
{
    const int AtOnce = 25;

    public async Task<bool> Handle(ContinueCertificates command, CancellationToken stop)
    {
        if (await sessions.Run(
                session => session.First<CertificateBatch>(CertificateBatch.Columns + "where b.entity_id = @entity and b.done_at is null order by b.asked_at limit 1", new { entity = session.Entity }), stop) is not { } batch)
            return false;
        var payers = await sessions.Run(session => YearOfPupil.Payers(session, batch.Year, batch.Last, AtOnce), stop);
        var issued = payers.Count == 0 ? [] : (await commands.Send(new IssueCertificates(batch.Year, payers, Send: batch.Send), stop)).Value;
        // Who went on meanwhile has counted these: then this changes nothing, and the next turn looks where he is.
        await sessions.Run(
            session => session.Execute(
                """
                update schoolfees.certificate_batch set last = @next, payers = payers + @count, issued = issued + @issued, fresh = fresh + @fresh, done_at = case when @count = 0 then @now end
                 where entity_id = @entity and year = @Year and number = @Number and last = @Last and done_at is null
                """,
                new
                {
                    entity = session.Entity, batch.Year, batch.Number, batch.Last, next = payers.Count == 0 ? batch.Last : payers[^1], count = payers.Count, issued = issued.Length,
                    fresh = issued.Count(certificate => certificate.New), now = time.GetUtcNow(),
                }),
            stop);
        return true;
    }
}

/// <summary>Issues what was ordered, until it is done.</summary>
internal sealed class IssueOrdered(ICommands commands) : IJob
{
    public async Task Run(JobRun run, CancellationToken stop)
    {
        while (await commands.Send(new ContinueCertificates(), stop))
        {
        }
    }
}

/// <summary>The same for a page, as long as it may take.</summary>
internal static class CertificatesForAWhile
{
    // A page's handler ends after ten seconds; the job does the rest.
    static readonly TimeSpan Long = TimeSpan.FromSeconds(4);

    public static async Task Continue(ICommands commands, CancellationToken stop)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Long && await commands.Send(new ContinueCertificates(), stop);)
        {
        }
    }
}
