using System.Globalization;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Office.Search;

namespace Platform.Payments.Office.Export;

/// <summary>The payments of a search as a file, without anything personal. Who took it and by which criteria is in the journal before the first byte leaves.</summary>
internal sealed class PaymentExport(ISessions sessions, CallContext call, PaymentQueries queries)
{
    public const int Most = 100_000;

    static readonly string[] Columns = ["ordine", "servizio", "causale", "stato", "chiesto", "incassato", "rimborsato", "iniziato", "pagato"];

    public async Task<PageAnswer> Csv(PaymentCriteria criteria, DateTimeOffset now, CancellationToken stop)
    {
        await Record(criteria, "csv", stop);
        return new PageAnswer.Streamed(Name(now, "csv"), "text/csv; charset=utf-8", async (output, cut) =>
        {
            await using var text = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true);
            var sheet = new CsvSheet(text);
            await sheet.Row([.. Columns]);
            await foreach (var payments in Rows(criteria, cut))
            {
                foreach (var payment in payments)
                    await sheet.Row(
                        payment.OrderNo, payment.Service, payment.Title, payment.State, new Euro(payment.AskedCents), payment.TakenCents is { } taken ? new Euro(taken) : null, new Euro(payment.RefundedCents),
                        Moment(payment.CreatedAt), payment.PaidAt is { } paid ? Moment(paid) : null);
                await text.FlushAsync(cut);
            }
        });
    }

    public async Task<PageAnswer> Xlsx(PaymentCriteria criteria, DateTimeOffset now, CancellationToken stop)
    {
        await Record(criteria, "xlsx", stop);
        return new PageAnswer.Streamed(Name(now, "xlsx"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", async (output, cut) =>
        {
            using var sheet = new XlsxSheet("Pagamenti");
            sheet.Row([.. Columns]);
            await foreach (var payments in Rows(criteria, cut))
            {
                foreach (var payment in payments)
                    sheet.Row(
                        payment.OrderNo, payment.Service, payment.Title, payment.State, new Euro(payment.AskedCents), payment.TakenCents is { } taken ? new Euro(taken) : null, new Euro(payment.RefundedCents),
                        payment.CreatedAt, payment.PaidAt);
                await sheet.SendTo(output, cut);
            }
            await sheet.Finish(output, cut);
        });
    }

    async IAsyncEnumerable<IEnumerable<FoundPayment>> Rows(PaymentCriteria criteria, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var left = Most;
        await foreach (var payments in queries.All(call.Creditor, criteria, stop))
        {
            yield return payments.Take(left);
            if ((left -= payments.Count) <= 0)
                yield break;
        }
    }

    /// <summary>What was typed may be somebody's name: only that something was typed is recorded.</summary>
    Task<bool> Record(PaymentCriteria criteria, string format, CancellationToken stop) => sessions.Run(
        session =>
        {
            session.Record("payments.exported", new { format, text = criteria.Text is not null, bank = criteria.Bank is not null, criteria.State, criteria.Service, criteria.Amount, criteria.From, criteria.To });
            return Task.FromResult(true);
        },
        stop);

    static string Moment(DateTimeOffset at) => LegalTime.Local(at).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    static string Name(DateTimeOffset now, string extension) => string.Create(CultureInfo.InvariantCulture, $"pagamenti-{LegalTime.Local(now):yyyyMMdd-HHmm}.{extension}");
}

[RequiresPermission(OfficePermissions.Export)]
internal sealed class CsvPage(PaymentExport export, ILinks links) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => export.Csv(SearchPage.Opened(links, request.Query[SearchPage.Sealed].ToString()), request.Now, stop);
}

[RequiresPermission(OfficePermissions.Export)]
internal sealed class XlsxPage(PaymentExport export, ILinks links) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => export.Xlsx(SearchPage.Opened(links, request.Query[SearchPage.Sealed].ToString()), request.Now, stop);
}
