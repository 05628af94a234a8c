using System.Globalization;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;

namespace Platform.Payments.Pages;

/// <summary>The addresses that payments have of their own: where gateways come back and call, where a payer sees what became of it, where anybody checks a receipt.</summary>
internal sealed class PaymentPages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog, CallScopes scopes, GatewayFacts facts, IEnumerable<IPaymentGateway> gateways, HostNames hosts)
{
    /// <summary>The browser comes back, by a cross-site POST without any session, or by GET. Whatever it brings, it is sent on to the payment's own page.</summary>
    public async Task Return(HttpContext http)
    {
        var stop = http.RequestAborted;
        if (Gateway(http) is not { } gateway)
        {
            await pages.NotFound(http, null);
            return;
        }
        var raw = HttpMethods.IsPost(http.Request.Method) ? await Body(http, stop) : QueryOf(http);
        var received = await facts.Receive(gateway, new GatewayMessage("return", raw), CancellationToken.None);
        if (received.StatusCode is null)
        {
            var centre = await pages.Centre(stop);
            var frame = pages.FrameOf(http, centre);
            var t = PaymentTexts.Catalog.In(frame.Culture);
            await pages.Refuse(http, frame, t["return.unknown.title"], t["return.unknown.what"], [t["return.unknown.todo"]], "/", t["return.unknown.home"], StatusCodes.Status404NotFound);
            return;
        }
        var shownBy = (await entities.Current(stop)).ById(received.ShownBy);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        var page = $"/{shownBy?.Slug}/pagamenti/{received.StatusCode}";
        // The bank comes back to the host's own name; the citizen may have left from the entity's.
        http.Response.Headers.Location = shownBy?.HostName is null ? page : hosts.Address(http, shownBy, page).AbsoluteUri;
    }

    /// <summary>The gateway's server calls. Answers 200 once what it said is stored for good, believed or not; anything else makes it call again.</summary>
    public async Task Listen(HttpContext http)
    {
        if (Gateway(http) is not { } gateway)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var raw = HttpMethods.IsPost(http.Request.Method) ? await Body(http, http.RequestAborted) : QueryOf(http);
        await facts.Receive(gateway, new GatewayMessage("listener", raw), CancellationToken.None);
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync("OK", CancellationToken.None);
    }

    public async Task Status(HttpContext http)
    {
        var stop = http.RequestAborted;
        var code = http.GetRouteValue("code") as string ?? "";
        var snapshot = await entities.Current(stop);
        var entity = snapshot.BySlug(http.GetRouteValue("entity") as string ?? "");
        var creditor = EntityCoded.EntityOf(code) is { } owner ? snapshot.ByCode(owner) : null;
        var row = entity is null || creditor is null ? null : await scopes.In(creditor.Id, entity.Id, "payments", async scope =>
        {
            var sessions = scope.Resolve<ISessions>();
            var found = await sessions.Run(session => session.First<StatusRow>(SelectStatus, new { entity = session.Entity, code, shownBy = entity.Id }), stop);
            // Somebody is waiting: ask the bank now rather than in its turn.
            if (found is { State: "prepared" or "at_bank" or "unknown" })
                await facts.Nudge(sessions, found.PaymentId, stop);
            return found;
        });
        if (row is null)
        {
            await pages.NotFound(http, entity);
            return;
        }
        var service = catalog.Find(row.Service);
        var servicePath = service is null ? null : $"/{entity!.Slug}/{service.PathSegment}";
        var frame = pages.FrameOf(http, entity!);
        frame = frame with { ServiceTitle = service?.TitleIn(frame.Culture), ServicePath = servicePath };
        var state = PaymentStates.Parse(row.State);
        var model = new StatusModel(
            state, creditor!, row.Titles, row.OrderNo, new Euro(row.AskedCents), row.PaidAt is { } at ? LegalTime.Local(at) : null, row.NotOwed,
            row.ReceiptCode is { } receipt ? $"/verifica/{receipt}/quietanza.pdf" : null, row.ReceiptCode is { } check ? $"/verifica/{check}" : null,
            servicePath is null ? $"/{entity!.Slug}" : $"{servicePath}/{row.ReturnPage}".TrimEnd('/'), servicePath ?? $"/{entity!.Slug}");
        if (model.Waiting)
            http.Response.Headers["Refresh"] = "4";
        await pages.Show(http, frame, typeof(StatusPage), new(StringComparer.Ordinal) { ["Model"] = model });
    }

    /// <summary>A code typed from paper leads to the same page as the QR.</summary>
    public async Task CheckForm(HttpContext http)
    {
        var typed = http.Request.Query["codice"].ToString().Trim().ToUpperInvariant();
        // Only a code of a known entity goes into the address: its first characters may be anything else.
        if (EntityCoded.EntityOf(typed) is { } code && (await entities.Current(http.RequestAborted)).ByCode(code) is not null)
        {
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = $"/verifica/{typed}";
            return;
        }
        var frame = pages.FrameOf(http, await pages.Centre(http.RequestAborted));
        await pages.Show(
            http, frame, typeof(CheckFormPage), new(StringComparer.Ordinal) { ["Typed"] = typed }, typed.Length == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    public async Task Check(HttpContext http)
    {
        var (receipt, creditor) = await Receipt(http, withPdf: false);
        if (receipt is null || creditor is null)
        {
            var frame = pages.FrameOf(http, await pages.Centre(http.RequestAborted));
            var t = PaymentTexts.Catalog.In(frame.Culture);
            await pages.Refuse(http, frame, t["check.unknown.title"], t["check.unknown.what"], [t["check.unknown.todo"]], "/verifica", t["check.unknown.again"], StatusCodes.Status404NotFound);
            return;
        }
        var model = new CheckModel(
            creditor, $"{receipt.Number}/{receipt.Year}", receipt.Titles, new Euro(receipt.Cents), LegalTime.Local(receipt.PaidAt), receipt.OrderNo, receipt.Code,
            receipt.State == "reversed", new Euro(receipt.Refunded), new Euro(receipt.Taken), Convert.ToHexStringLower(receipt.PdfSha256));
        await pages.Show(http, pages.FrameOf(http, creditor), typeof(CheckPage), new(StringComparer.Ordinal) { ["Model"] = model });
    }

    public async Task Pdf(HttpContext http)
    {
        var (receipt, _) = await Receipt(http, withPdf: true);
        if (receipt is null)
        {
            await pages.NotFound(http, null);
            return;
        }
        http.Response.ContentType = "application/pdf";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.ContentDisposition = $"inline; filename=\"quietanza-{receipt.Number}-{receipt.Year}.pdf\"";
        await http.Response.Body.WriteAsync(receipt.Pdf, http.RequestAborted);
    }

    async Task<(ReceiptRow?, Entity?)> Receipt(HttpContext http, bool withPdf)
    {
        var code = (http.GetRouteValue("code") as string ?? "").ToUpperInvariant();
        var creditor = EntityCoded.EntityOf(code) is { } owner ? (await entities.Current(http.RequestAborted)).ByCode(owner) : null;
        if (creditor is null)
            return (null, null);
        var row = await scopes.In(creditor.Id, creditor.Id, "payments", scope => scope.Resolve<ISessions>().Run(
            session => session.First<ReceiptRow>(
                """
                select r.year::int as year, r.number, r.code, r.pdf_sha256, case when @withPdf then r.pdf end as pdf, p.order_no, p.state, p.paid_at, p.asked_cents as cents, coalesce(p.taken_cents, 0) as taken,
                       (select coalesce(sum(f.cents), 0)::bigint from payments.refund f where f.entity_id = p.entity_id and f.payment_id = p.payment_id and f.state = 'done') as refunded,
                       (select string_agg(distinct s.title, ', ')
                          from payments.payment_item i
                          join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
                          join payments.position s on s.entity_id = d.entity_id and s.position_id = d.position_id
                         where i.entity_id = r.entity_id and i.payment_id = r.payment_id) as titles
                  from payments.receipt r
                  join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
                 where r.entity_id = @entity and r.code = @code
                """,
                new { entity = session.Entity, code, withPdf }),
            http.RequestAborted));
        return (row, creditor);
    }

    string? Gateway(HttpContext http) => gateways.FirstOrDefault(gateway => gateway.Id == http.GetRouteValue("gateway") as string)?.Id;

    static byte[] QueryOf(HttpContext http) => http.Request.QueryString.Value is ['?', .. var query] ? Encoding.Latin1.GetBytes(query) : [];

    /// <summary>The body as it came, cut one byte past the limit: enough to know that it was too long.</summary>
    static async Task<byte[]> Body(HttpContext http, CancellationToken stop)
    {
        // What is too long is cut here and kept; the server's own limit would turn it away unheard.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        var buffer = new byte[GatewayFacts.MostBytes];
        var length = await http.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stop);
        return buffer[..length];
    }

    const string SelectStatus =
        """
        select p.payment_id, p.state, p.order_no, p.asked_cents, p.paid_at, p.service, p.return_page, r.code as receipt_code,
               (select min(case u.kind when 'twice' then 'twice' else 'withdrawn' end) from payments.surplus u
                 where u.entity_id = p.entity_id and u.payment_id = p.payment_id and u.kind in ('twice', 'cancelled_due', 'too_late') and u.resolved_by is null) as not_owed,
               (select string_agg(distinct s.title, ', ')
                  from payments.payment_item i
                  join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
                  join payments.position s on s.entity_id = d.entity_id and s.position_id = d.position_id
                 where i.entity_id = p.entity_id and i.payment_id = p.payment_id) as titles
          from payments.payment p
          left join payments.receipt r on r.entity_id = p.entity_id and r.payment_id = p.payment_id
         where p.entity_id = @entity and p.status_code = @code and p.shown_by = @shownBy
        """;

    sealed class StatusRow
    {
        public Guid PaymentId { get; init; }
        public string State { get; init; } = "";
        public string OrderNo { get; init; } = "";
        public long AskedCents { get; init; }
        public DateTimeOffset? PaidAt { get; init; }
        public string Service { get; init; } = "";
        public string ReturnPage { get; init; } = "";
        public string? ReceiptCode { get; init; }
        public string? NotOwed { get; init; }
        public string Titles { get; init; } = "";
    }

    sealed class ReceiptRow
    {
        public int Year { get; init; }
        public int Number { get; init; }
        public string Code { get; init; } = "";
        public byte[] PdfSha256 { get; init; } = [];
        public byte[] Pdf { get; init; } = [];
        public string OrderNo { get; init; } = "";
        public string State { get; init; } = "";
        public DateTimeOffset PaidAt { get; init; }
        public long Cents { get; init; }
        public long Taken { get; init; }
        public long Refunded { get; init; }
        public string Titles { get; init; } = "";
    }
}

/// <param name="NotOwed">The bank took it, but the due had been paid already (<c>twice</c>), or could no longer be paid (<c>withdrawn</c>); null when all is well.</param>
/// <param name="AgainPath">Where another try begins.</param>
public sealed record StatusModel(
    PaymentState State, Entity Creditor, string Titles, string OrderNumber, Euro Amount, DateTimeOffset? PaidAt, string? NotOwed, string? ReceiptPath, string? CheckPath,
    string AgainPath, string ServicePath)
{
    /// <summary>Something is still to come: the page looks again by itself.</summary>
    public bool Waiting => State is PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown || (State == PaymentState.Paid && ReceiptPath is null && NotOwed is null);
}

/// <param name="Taken">What the bank took, of which <paramref name="Refunded"/> was given back.</param>
public sealed record CheckModel(
    Entity Creditor, string Number, string Titles, Euro Amount, DateTimeOffset PaidAt, string OrderNumber, string Code, bool Reversed, Euro Refunded, Euro Taken, string Sha256);
