using System.Globalization;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Limits;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Ratings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Gateways;

namespace Platform.Payments.Pages;

/// <summary>The addresses that payments have of their own: where gateways come back and call, where a payer sees what became of it, where anybody checks a receipt.</summary>
internal sealed class PaymentPages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog, CallScopes scopes, GatewayFacts facts, GatewayDirectory gateways, HostNames hosts,
    PaymentPoller poller, Agreements agreements, PublicAddress address, AddressLimits addresses, ServiceGates gates)
{
    public const string AskPath = "ho-pagato";
    const int MostAsked = 20;
    const int MostChecked = 60;
    const int MostOfOneOrder = 10;
    const string Asked = "chiesto";

    static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The browser comes back, by a cross-site POST without any session, or by GET. It is sent on to the payment's own page when what it brings proves that it is the payer's;
    /// otherwise it is told how to find its payment, in the same words whether there is one or not.
    /// </summary>
    public async Task Return(HttpContext http)
    {
        var stop = http.RequestAborted;
        if (Gateway(http) is not { } gateway)
        {
            await pages.NotFound(http, null);
            return;
        }
        var raw = HttpMethods.IsPost(http.Request.Method) ? await Body(http, stop) : QueryOf(http);
        var received = await facts.Receive(gateway, new GatewayMessage("return", raw), CancellationToken.None, http.GetRouteValue("key") as string);
        if (received.StatusCode is null)
        {
            // What the number says by itself: nothing here may tell whether somebody has it.
            var creditor = OrderNumber.EntityOf(received.Order) is { } owner ? (await entities.Current(stop)).ByCode(owner) : null;
            var frame = pages.FrameOf(http, await pages.Centre(stop));
            var t = PaymentTexts.Catalog.In(frame.Culture);
            await pages.Refuse(
                http, frame, t["return.unknown.title"], t["return.unknown.what"],
                creditor is null ? [t["return.unknown.todo"]] : [t["return.unknown.ask", received.Order!], t["return.unknown.todo"]],
                creditor is null ? "/" : $"/{creditor.Slug}/pagamenti/{AskPath}", t[creditor is null ? "return.unknown.home" : "ask.link"], StatusCodes.Status404NotFound);
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
        // A cart's payment is of no one service: its page is the entity's.
        var cart = row.Service == Carts.Cart.OfAll;
        var state = PaymentStates.Parse(row.State);
        var model = new StatusModel(
            state, creditor!, row.Titles, row.OrderNo, new Euro(row.AskedCents), row.PaidAt is { } at ? LegalTime.Local(at) : null, row.NotOwed,
            row.ReceiptCode is { } receipt ? $"/verifica/{receipt}/quietanza.pdf" : null, row.ReceiptCode is { } check ? $"/verifica/{check}" : null,
            servicePath is null && !cart ? $"/{entity!.Slug}" : $"{servicePath ?? $"/{entity!.Slug}"}/{row.ReturnPage}".TrimEnd('/'), servicePath ?? $"/{entity!.Slug}",
            http.Request.Query[Asked] is [{ } asked] ? asked == "1" && state != PaymentState.Unknown : null)
        {
            Taken = row.Confirmed is { } confirmed && confirmed < row.AskedCents ? new Euro(confirmed) : null,
        };
        if (!model.Waiting && !cart && state is (PaymentState.Paid or PaymentState.Failed))
            model = model with { Rating = await scopes.In(creditor!.Id, entity!.Id, row.Service, scope => Task.FromResult(scope.Resolve<IRatings>().About(row.OrderNo))) };
        if (model.Waiting)
            http.Response.Headers["Refresh"] = "4";
        await pages.Show(http, frame, typeof(StatusPage), new(StringComparer.Ordinal) { ["Model"] = model });
    }

    /// <summary>Another attempt on the same due is under way: go on with it at the bank, or begin anew.</summary>
    public async Task Resume(HttpContext http)
    {
        var stop = http.RequestAborted;
        var code = http.GetRouteValue("code") as string ?? "";
        var snapshot = await entities.Current(stop);
        var entity = snapshot.BySlug(http.GetRouteValue("entity") as string ?? "");
        var creditor = EntityCoded.EntityOf(code) is { } owner ? snapshot.ByCode(owner) : null;
        if (entity is null || creditor is null)
        {
            await pages.NotFound(http, entity);
            return;
        }
        var frame = pages.FrameOf(http, entity);
        var posted = HttpMethods.IsPost(http.Request.Method);
        var form = posted ? await pages.Posted(http, frame, frame.HomePath) : null;
        if (posted && form is null)
            return;
        var token = posted ? form![StartAgain.Field].ToString() : http.Request.Query[StartAgain.Field].ToString();
        var (row, wanted) = await scopes.In(creditor.Id, entity.Id, "payments", async scope => (
            await scope.Resolve<ISessions>().Run(session => session.First<StatusRow>(SelectStatus, new { entity = session.Entity, code, shownBy = entity.Id }), stop),
            StartAgain.Open(scope.Resolve<ILinks>(), token)));
        if (row is null)
        {
            await pages.NotFound(http, entity);
            return;
        }
        var state = PaymentStates.Parse(row.State);
        // The choice is too old, or there is none any more: the payment's own page says what became of it.
        if (wanted is null || (!posted && state is not (PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown)))
        {
            PageServer.SeeOther(http, $"/{entity.Slug}/pagamenti/{code}");
            return;
        }
        var service = catalog.Find(wanted.Service);
        var servicePath = service is null ? frame.HomePath : $"/{(snapshot.ById(new(wanted.ShownBy)) ?? entity).Slug}/{service.PathSegment}";
        frame = frame with { ServiceTitle = service?.TitleIn(frame.Culture), ServicePath = servicePath };
        var t = PaymentTexts.Catalog.In(frame.Culture);
        if (posted)
        {
            var started = await scopes.In(creditor.Id, new(wanted.ShownBy), wanted.Service, scope => scope.Resolve<ICommands>().Send(wanted.Start, stop));
            if (started.Refusal is null)
                PageServer.SeeOther(http, started.Value.GoTo.AbsoluteUri);
            else
                await pages.Refuse(
                    http, frame, t["resume.refused.title"], t["resume.refused.what"], [t["resume.refused.todo"]], $"{servicePath}/{wanted.ReturnPage}".TrimEnd('/'), t["status.back"],
                    StatusCodes.Status422UnprocessableEntity);
            return;
        }
        var bank = await agreements.Find(row.AgreementId, stop);
        var order = new GatewayOrder(row.OrderNo, new(row.AskedCents), address.ReturnFrom(bank?.Gateway.Id ?? "", code), row.Language, row.Opened);
        await pages.Show(http, frame, typeof(ResumePage), new(StringComparer.Ordinal)
        {
            ["Model"] = new ResumeModel(
                state, wanted.Silent, row.Titles, row.OrderNo, order.Amount, bank is null || (bank.Gateway is IOpeningGateway && order.Opened is null) ? null : bank.Gateway.Prepare(order, bank.Terms), $"/{entity.Slug}/pagamenti/{code}/ripresa", token,
                $"{servicePath}/{wanted.ReturnPage}".TrimEnd('/')),
        });
    }

    /// <summary>"I paid and nothing happened": who knows the order and what else only its payer knows is told what the bank says, asked while he waits.</summary>
    public async Task Ask(HttpContext http)
    {
        var stop = http.RequestAborted;
        var snapshot = await entities.Current(stop);
        if (snapshot.BySlug(http.GetRouteValue("entity") as string ?? "") is not { } entity)
        {
            await pages.NotFound(http, null);
            return;
        }
        var frame = pages.FrameOf(http, entity);
        var t = PaymentTexts.Catalog.In(frame.Culture);
        var form = new FormState();
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (addresses.Count(http, "payments ask", MostAsked, Within) is { } tooSoon)
            {
                await pages.TooMany(http, frame, tooSoon);
                return;
            }
            if (await pages.Posted(http, frame, $"/{entity.Slug}/pagamenti/{AskPath}") is not { } posted)
                return;
            form = FormState.From(posted);
            if (AskForm.Read(form, t) is { } asked)
            {
                var creditor = (snapshot.ByCode(asked.CreditorCode) ?? entity).Id;
                if (await scopes.In(creditor, creditor, "payments", scope => scope.Resolve<ITries>().Count($"ordine {asked.Order}", MostOfOneOrder, Within, stop)) is { } wait)
                {
                    await pages.TooMany(http, frame, wait);
                    return;
                }
                if (await Found(asked, creditor, stop) is { } found && snapshot.ById(found.ShownBy) is { } shownBy)
                {
                    var answered = await poller.AskNow(found.Creditor, found.PaymentId, stop);
                    PageServer.SeeOther(http, ForBrowser(http, shownBy, $"/{shownBy.Slug}/pagamenti/{found.StatusCode}?{Asked}={(answered ? 1 : 0)}"));
                    return;
                }
                form.AddError("", t["ask.unknown"]);
            }
        }
        await pages.Show(
            http, frame, typeof(AskPage), new(StringComparer.Ordinal) { ["Form"] = form }, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>The payment, if what was typed is its own. An order that does not exist and one whose payer is another are looked up and compared in the same way.</summary>
    async Task<FoundRow?> Found(AskedPayment asked, EntityId creditor, CancellationToken stop)
    {
        var row = await scopes.In(creditor, creditor, "payments", scope => scope.Resolve<ISessions>().Run(
            session => session.First<FoundRow>(
                """
                select p.payment_id, p.status_code, p.shown_by, p.asked_cents, s.email, @entity as creditor
                  from payments.payment p
                  left join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.payer_id
                 where p.entity_id = @entity and p.order_no = @Order
                """,
                new { entity = session.Entity, asked.Order }),
            stop));
        return AskForm.Proves(asked, row?.Email, new(row?.AskedCents ?? 0)) & row is not null ? row : null;
    }

    string ForBrowser(HttpContext http, Entity shownBy, string page) => shownBy.HostName is null ? page : hosts.Address(http, shownBy, page).AbsoluteUri;

    /// <summary>A code typed from paper leads to the same page as the QR.</summary>
    public async Task CheckForm(HttpContext http)
    {
        if (await CheckedTooOften(http))
            return;
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
        if (await CheckedTooOften(http))
            return;
        var (receipt, creditor) = await Receipt(http, withPdf: false);
        if (receipt is null && creditor is not null && await ShowDocument(http, creditor))
            return;
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

    /// <summary>Asks the services whose documents are checked here too, one after the other: a code does not tell whose it is.</summary>
    async Task<bool> ShowDocument(HttpContext http, Entity issuer)
    {
        var code = (http.GetRouteValue("code") as string ?? "").ToUpperInvariant();
        var frame = pages.FrameOf(http, issuer);
        foreach (var service in catalog.Services.Where(service => service.Provides.Any(provided => provided.Contract == typeof(IDocumentCheck))))
        {
            var found = await gates.Of(service.Id, ServiceWork.Pages).Run(
                cut => scopes.In(issuer.Id, issuer.Id, service.Id, scope => scope.ResolveKeyed<IDocumentCheck>(service.Id).Find(code, frame.Culture, cut).AsTask()), null, http.RequestAborted);
            if (found is null)
                continue;
            await pages.Show(http, frame, typeof(CheckDocumentPage), new(StringComparer.Ordinal) { ["Document"] = found, ["Issuer"] = issuer, ["Code"] = code });
            return true;
        }
        return false;
    }

    /// <summary>Codes of 130 bits are not guessed; this is against who keeps the database busy by trying.</summary>
    async Task<bool> CheckedTooOften(HttpContext http)
    {
        if (addresses.Count(http, "payments check", MostChecked, Within) is not { } wait)
            return false;
        await pages.TooMany(http, pages.FrameOf(http, await pages.Centre(http.RequestAborted)), wait);
        return true;
    }

    public async Task Pdf(HttpContext http)
    {
        if (await CheckedTooOften(http))
            return;
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

    string? Gateway(HttpContext http) => gateways.Find(http.GetRouteValue("gateway") as string)?.Id;

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
        select p.payment_id, p.state, p.order_no, p.asked_cents, case when p.taken_confirmed_at is not null then p.taken_cents end as confirmed, p.paid_at, p.service, p.return_page, p.agreement_id, p.language, p.opened, r.code as receipt_code,
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
        public long? Confirmed { get; init; }
        public long AskedCents { get; init; }
        public DateTimeOffset? PaidAt { get; init; }
        public string Service { get; init; } = "";
        public string ReturnPage { get; init; } = "";
        public Guid AgreementId { get; init; }
        public string Language { get; init; } = "it";
        public string? Opened { get; init; }
        public string? ReceiptCode { get; init; }
        public string? NotOwed { get; init; }
        public string Titles { get; init; } = "";
    }

    sealed class FoundRow
    {
        public Guid PaymentId { get; init; }
        public string StatusCode { get; init; } = "";
        public EntityId ShownBy { get; init; }
        public EntityId Creditor { get; init; }
        public long AskedCents { get; init; }
        public string? Email { get; init; }
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
/// <param name="Answered">Whether the bank answered the payer who has just asked; null when he did not.</param>
public sealed record StatusModel(
    PaymentState State, Entity Creditor, string Titles, string OrderNumber, Euro Amount, DateTimeOffset? PaidAt, string? NotOwed, string? ReceiptPath, string? CheckPath,
    string AgainPath, string ServicePath, bool? Answered = null)
{
    /// <summary>What the bank has confirmed that it took, where that is less than was asked; null where it is not, or where nobody knows yet.</summary>
    public Euro? Taken { get; init; }

    /// <summary>Asked at the end; null while something is still to come.</summary>
    public RatingQuestion? Rating { get; init; }

    /// <summary>Something is still to come: the page looks again by itself.</summary>
    public bool Waiting => State is PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown || (State == PaymentState.Paid && ReceiptPath is null && NotOwed is null);
}

/// <param name="Silent">The bank gave no answer about it.</param>
/// <param name="GoOn">The bank's page of the earlier attempt; null when its agreement cannot be used any more.</param>
/// <param name="Choice">What would begin anew, sealed.</param>
public sealed record ResumeModel(
    PaymentState State, bool Silent, string Titles, string OrderNumber, Euro Amount, Uri? GoOn, string Path, string Choice, string BackPath);

/// <param name="Taken">What the bank took, of which <paramref name="Refunded"/> was given back.</param>
public sealed record CheckModel(
    Entity Creditor, string Number, string Titles, Euro Amount, DateTimeOffset PaidAt, string OrderNumber, string Code, bool Reversed, Euro Refunded, Euro Taken, string Sha256);
