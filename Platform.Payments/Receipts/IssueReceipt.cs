using System.Globalization;
using System.Security.Cryptography;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Hosting;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Gateways.PagOnLine;
using Platform.Payments.Gateways.PagOnlineImprese;

namespace Platform.Payments.Receipts;

/// <summary>
/// Issues the receipt (quietanza) of a payment: numbered by creditor and year without gaps, kept byte by byte, with a code anybody can check it by; and sends it to the payer who left an
/// e-mail address.
/// </summary>
internal sealed class IssueReceipt(EntityDirectory entities, ServiceCatalog catalog, PublicAddress address, PorticoOptions options, IMail mail, TimeProvider clock) : IReact<PositionPaid>
{
    public async Task On(PositionPaid happened, IEntitySession session, CancellationToken stop)
    {
        // A payment of several dues raises an event for each, delivered at once: they queue here, and the next statement sees what the first of them did.
        await session.Execute("select from payments.payment where entity_id = @entity and payment_id = @Payment for update", new { entity = session.Entity, happened.Payment });
        var payment = await session.First<PaymentRow>(
            """
            select p.order_no, p.language, p.asked_cents, case when p.taken_confirmed_at is not null then p.taken_cents end as confirmed, p.paid_at, p.shown_by, s.email, p.received, a.gateway, (select c.proof from payments.recording c where c.entity_id = p.entity_id and c.payment_id = p.payment_id) as proof,
                   (select r.number from payments.receipt r where r.entity_id = p.entity_id and r.payment_id = p.payment_id) as issued
              from payments.payment p
              left join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.payer_id
              left join payments.agreement a on a.agreement_id = p.agreement_id
             where p.entity_id = @entity and p.payment_id = @Payment
            """,
            new { entity = session.Entity, happened.Payment });
        if (payment!.Issued is not null)
            return;

        var lines = await session.List<LineRow>(
            """
            select s.service, s.title, l.label, l.cents, case when d.plan <> 'single' then d.n::int end as instalment,
                   case when d.plan <> 'single' then (select count(*) from payments.due o where o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan = d.plan)::int end as instalments
              from payments.payment_line l
              join payments.due d on d.entity_id = l.entity_id and d.due_id = l.due_id
              join payments.position s on s.entity_id = d.entity_id and s.position_id = d.position_id
             where l.entity_id = @entity and l.payment_id = @Payment
             order by s.service, s.title, l.due_id, l.n
            """,
            new { entity = session.Entity, happened.Payment });
        var now = clock.GetUtcNow();
        var year = LegalTime.Day(now).Year;
        var number = await session.First<int>(
            """
            insert into payments.receipt_counter as c (entity_id, year, last) values (@entity, @year, 1)
            on conflict (entity_id, year) do update set last = c.last + 1
            returning last
            """,
            new { entity = session.Entity, year = (short)year });

        var snapshot = await entities.Current(stop);
        var creditor = snapshot.ById(session.Entity) ?? throw new InvalidOperationException($"Entity {session.Entity} is unknown.");
        var shownBy = snapshot.ById(payment.ShownBy);
        var code = EntityCoded.New(creditor.Code);
        var pdf = DocumentWriter.Write(Draw(creditor, shownBy, payment, lines, $"{number}/{year}", code, now));
        await session.Execute(
            """
            insert into payments.receipt (entity_id, year, number, payment_id, code, pdf_sha256, pdf, issued_at)
            values (@entity, @year, @number, @Payment, @code, @hash, @pdf, @now)
            """,
            new { entity = session.Entity, year = (short)year, number, happened.Payment, code, hash = SHA256.HashData(pdf), pdf, now });
        session.Record("receipt.issued", new { number, year, happened.OrderNumber });
        if (payment.Email is { } email)
            await mail.Send(session, Accompany(happened.Payment, email, creditor, payment, lines, $"{number}/{year}", code, pdf));
    }

    Letter Accompany(Guid id, string email, Entity creditor, PaymentRow payment, IReadOnlyList<LineRow> lines, string number, string code, byte[] pdf)
    {
        var culture = PageCultures.Of(payment.Language);
        return new($"receipt/{id}", email, "receipt", culture, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["amount"] = TakenOf(payment).In(culture),
            ["titles"] = string.Join(", ", lines.Select(line => line.Title).Distinct(StringComparer.Ordinal)),
            ["creditor"] = creditor.Name,
            ["paidAt"] = LegalTime.Local(payment.PaidAt).ToString("d MMMM yyyy, HH:mm", culture),
            ["order"] = payment.OrderNo,
            ["number"] = number,
            ["check"] = address.CheckOf(code).AbsoluteUri,
        })
        {
            ShownBy = payment.ShownBy,
            Files = [new($"{PaymentTexts.Catalog.In(culture)["mail.receipt.file"]}-{number.Replace('/', '-')}.pdf", "application/pdf", pdf)],
        };
    }

    /// <summary>Where the bank has confirmed less than was asked, that; what it took beyond is not what the receipt is for.</summary>
    static Euro TakenOf(PaymentRow payment) => new(Math.Min(payment.AskedCents, payment.Confirmed ?? payment.AskedCents));

    Document Draw(Entity creditor, Entity? shownBy, PaymentRow payment, IReadOnlyList<LineRow> lines, string number, string code, DateTimeOffset now)
    {
        var culture = PageCultures.Of(payment.Language);
        var t = PaymentTexts.Catalog.In(culture);
        var paidAt = LegalTime.Local(payment.PaidAt);
        var total = new Euro(lines.Sum(line => line.Cents));
        var taken = TakenOf(payment);
        // Of a cart each line says whose it is too.
        var several = lines.Select(line => line.Service).Distinct(StringComparer.Ordinal).Skip(1).Any();
        List<Fact> facts =
        [
            new(t["receipt.creditor"], $"{creditor.Name} — {t["receipt.taxcode"]} {creditor.TaxCode}"),
            new(t["receipt.for"], string.Join(", ", lines.Select(line => line.Title).Distinct(StringComparer.Ordinal))),
            // Of what an officer received only the day is known.
            payment.Received is null ? new(t["receipt.paidat"], paidAt.ToString("d MMMM yyyy, HH:mm", culture)) : new(t["receipt.receivedon"], paidAt.ToString("d MMMM yyyy", culture)),
            new(t["receipt.order"], payment.OrderNo),
        ];
        if (taken < total)
            facts.Add(new(t["receipt.short"], (total - taken).In(culture)));
        if (payment.Proof is { } proof)
            facts.Add(new(t["receipt.proof"], proof));
        if (shownBy is not null && shownBy.Id != creditor.Id)
            facts.Insert(1, new(t["receipt.service"], shownBy.Name));
        return new Document
        {
            Issuer = creditor,
            Title = t["receipt.title"],
            Subtitle = t["receipt.number", number],
            Created = now,
            Language = culture.TwoLetterISOLanguageName,
            Demo = options.Profile == Profile.Demo,
            VerificationCode = code,
            Blocks =
            [
                new Figure(t["receipt.amount"], taken, How(payment, t)),
                new Platform.Core.Documents.Facts(facts),
                new Heading(t["receipt.lines"]),
                new Table(
                    [new Column(t["receipt.line"], 3), new Column(t["receipt.line.amount"], 1, Amounts: true)],
                    [.. lines.Select(line => new DocumentCell[] { $"{(several ? $"{catalog.Find(line.Service)?.TitleIn(culture) ?? line.Service}: " : "")}{line.Title}{(line.Instalment is { } n ? t["receipt.instalment", n, line.Instalments!] : "")} — {line.Label}", new Euro(line.Cents) })],
                    new Total(t[taken < total ? "receipt.total.asked" : "receipt.total"], total)),
                new QrCode(address.CheckOf(code), t["receipt.qr"]),
            ],
        };
    }

    string How(PaymentRow payment, Texts t) => payment switch
    {
        { Received: { } received } => t[$"receipt.amount.{received}"],
        { Gateway: PagOnLineGateway.Name } => t["receipt.amount.note", "UniCredit PagOnLine"],
        { Gateway: PagOnlineImpreseGateway.Name } => t["receipt.amount.note", "UniCredit PagOnline Imprese"],
        _ => t["receipt.amount.online", payment.Gateway is { } gateway && catalog.Find(gateway) is { } service ? service.TitleIn(t.Culture) : payment.Gateway ?? ""],
    };

    sealed class PaymentRow
    {
        public long AskedCents { get; init; }
        public long? Confirmed { get; init; }
        public string OrderNo { get; init; } = "";
        public string Language { get; init; } = "it";
        public DateTimeOffset PaidAt { get; init; }
        public EntityId ShownBy { get; init; }
        public string? Email { get; init; }
        public int? Issued { get; init; }
        public string? Received { get; init; }
        public string? Gateway { get; init; }
        public string? Proof { get; init; }
    }

    sealed class LineRow
    {
        public string Service { get; init; } = "";
        public string Title { get; init; } = "";
        public string Label { get; init; } = "";
        public int? Instalment { get; init; }
        public int? Instalments { get; init; }
        public long Cents { get; init; }
    }
}
