using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Office;

/// <summary>A file of notices that was printed.</summary>
public sealed record NoticePrint(int Number, DateTimeOffset At, string By, int Bills);

[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadNotices : ICommand<ReadNotices.Answer>
{
    /// <param name="Waiting">Open bills of who left no address and was not told on paper yet.</param>
    internal sealed record Answer(int Waiting, IReadOnlyList<NoticePrint> Prints);
}

internal sealed class ReadNoticesHandler(ISessions sessions) : ICommandHandler<ReadNotices, ReadNotices.Answer>
{
    internal const string ToPrint =
        """
          from schoolfees.bill b join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id
         where b.entity_id = @entity and b.state = 'open' and w.email is null and not exists (select from schoolfees.notice t where t.entity_id = b.entity_id and t.bill_id = b.bill_id)

        """;

    public Task<ReadNotices.Answer> Handle(ReadNotices command, CancellationToken stop) => sessions.Run(
        async session => new ReadNotices.Answer(
            await session.First<int>("select count(*)::int" + ToPrint, new { entity = session.Entity }),
            await session.List<NoticePrint>(
                "select print as number, min(told_at) as at, min(told_by) as by, count(*)::int as bills from schoolfees.notice where entity_id = @entity and print is not null group by print order by print desc limit 100",
                new { entity = session.Entity })),
        stop);
}

/// <summary>Puts the next bills of who left no address into a file, each once.</summary>
/// <returns>The file's number; null where nobody waits for one.</returns>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record PrintNotices : ICommand<int?>;

internal sealed class PrintNoticesHandler(ISessions sessions, CallContext call, TimeProvider time) : ICommandHandler<PrintNotices, int?>
{
    // As many as are drawn within a page's time.
    internal const int AtOnce = 250;

    public Task<int?> Handle(PrintNotices command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.notice'), @entity)", new { entity = session.Entity });
            var bills = await session.List<Guid>("select b.bill_id" + ReadNoticesHandler.ToPrint + "order by w.family_name, w.given_name, b.payer_id, b.code limit @AtOnce", new { entity = session.Entity, AtOnce });
            if (bills.Count == 0)
                return (int?)null;
            var number = await session.First<int>("select coalesce(max(print), 0) + 1 from schoolfees.notice where entity_id = @entity", new { entity = session.Entity });
            await session.Execute(
                "insert into schoolfees.notice (entity_id, bill_id, print, told_at, told_by) select @entity, t.id, @number, @now, @actor from unnest(@ids::uuid[]) as t (id)",
                new { entity = session.Entity, number, now = time.GetUtcNow(), actor = call.Officer?.Actor ?? call.Caller, ids = bills.ToArray() });
            session.Record("schoolfees.notices_printed", new { print = number, bills = bills.Count });
            return number;
        },
        stop);
}

/// <summary>The notices of a file as one PDF, family by family: the same file each time it is asked for.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadNoticePrint(int Number) : ICommand<byte[]?>;

internal sealed class ReadNoticePrintHandler(ISessions sessions, IDocuments documents) : ICommandHandler<ReadNoticePrint, byte[]?>
{
    public async Task<byte[]?> Handle(ReadNoticePrint command, CancellationToken stop)
    {
        var (bills, at) = await sessions.Run(
            async session => (
                await session.List<Bill>(
                    Bill.Columns + "join schoolfees.notice t on t.entity_id = b.entity_id and t.bill_id = b.bill_id where b.entity_id = @entity and t.print = @Number order by w.family_name, w.given_name, b.payer_id, b.code",
                    new { entity = session.Entity, command.Number }),
                await session.First<DateTimeOffset?>("select told_at from schoolfees.notice where entity_id = @entity and print = @Number order by told_at limit 1", new { entity = session.Entity, command.Number })),
            stop);
        return bills.Count == 0 ? null
            : documents.Write([.. (await BillPapers.Of(sessions, await documents.Issuer(stop), bills, at!.Value, stop)).Select(paper => paper.Document)]);
    }
}

/// <summary>Notices on paper for who left no e-mail address: one file to print, and who was told how.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed class NoticesPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var (waiting, prints) = await commands.Send(new ReadNotices(), stop);
        return PageAnswer.View<NoticesView>(new NoticesModel(waiting, Math.Min(waiting, PrintNoticesHandler.AtOnce), prints, request.Query["fatto"] == "si", request.Path));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop) =>
        PageAnswer.Go($"{request.Path}/avvisi{(await commands.Send(new PrintNotices(), stop) is null ? "" : "?fatto=si")}");
}

/// <param name="Next">How many the next file holds.</param>
public sealed record NoticesModel(int Waiting, int Next, IReadOnlyList<NoticePrint> Prints, bool Done, string Path);

/// <summary>A file to print: it names families, so the journal keeps who took it.</summary>
[RequiresPermission(DeskPermissions.Bill), ShowsPersonalData]
internal sealed class NoticePrintPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var number = int.Parse(request.Route["number"], CultureInfo.InvariantCulture);
        return await commands.Send(new ReadNoticePrint(number), stop) is { } pdf ? PageAnswer.File(pdf, string.Create(CultureInfo.InvariantCulture, $"avvisi-{number}.pdf"), "application/pdf") : PageAnswer.NotFound;
    }
}

/// <summary>How who pays was told of each bill that was opened.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed class ListNotices(ISessions sessions) : IOfficeCommand
{
    const int Page = 1000;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("bolletta", "elaborazione", "mese", "pagante", "come", "il", "file");
        for (var seen = ""; ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select b.code, b.run_id as run, b.period, b.payer_id as payer, t.told_at as toldAt, t.print
                  from schoolfees.bill b left join schoolfees.notice t on t.entity_id = b.entity_id and t.bill_id = b.bill_id
                 where b.entity_id = @entity and b.state not in ('draft', 'approved') and (@run::text is null or b.run_id = @run) and b.code > @seen
                 order by b.code limit @Page
                """, new { entity = session.Entity, run = call.Text("run")?.ToUpperInvariant(), seen, Page }), stop);
            foreach (var row in rows)
                await sheet.Row(
                    row.Code, row.Run, row.Period, row.Payer, row.ToldAt is null ? "" : row.Print is null ? "lettera" : "carta", row.ToldAt is { } at ? LegalTime.Day(at) : "", row.Print is { } print ? print : "");
            if (rows.Count < Page)
                return null;
            seen = rows[^1].Code;
        }
    }

    sealed record Row(string Code, string Run, DateOnly Period, string Payer, DateTimeOffset? ToldAt, int? Print);
}
