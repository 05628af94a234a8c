using System.Globalization;
using System.Security.Cryptography;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Credits;

/// <summary>A credit note as its table holds it.</summary>
/// <param name="Choice"><c>deduct</c>: it lessens later bills; <c>refund</c>: it goes back; null: nobody has chosen yet.</param>
/// <param name="Deducted">What bills that stand were lessened by.</param>
internal sealed record CreditNote(
    int Number, DateTimeOffset IssuedAt, string Run, string Service, DateOnly Period, string Pupil, string PupilGiven, string PupilName, string Payer, string PayerName, string PayerTaxCode, string? Email, Guid Household, Euro Total,
    Euro Deducted, string? Choice, string? Reason, string? Code, bool Printed)
{
    public const string Columns =
        """
        select c.number, c.issued_at as issuedAt, c.run_id as run, s.name as service, c.period, c.pupil_id as pupil, n.given_name as pupilGiven, n.given_name || ' ' || n.family_name as pupilName, c.payer_id as payer,
               w.given_name || ' ' || w.family_name as payerName, w.tax_code as payerTaxCode, w.email, w.key as household, c.total_cents as total,
               coalesce((select sum(u.cents) from schoolfees.credit_use u join schoolfees.bill b on b.entity_id = u.entity_id and b.bill_id = u.bill_id
                          where u.entity_id = c.entity_id and u.number = c.number and b.state not in ('draft', 'cancelled')), 0)::bigint as deducted,
               c.choice, c.reason, c.code, c.pdf is not null as printed
          from schoolfees.credit_note c
          join schoolfees.service s on s.entity_id = c.entity_id and s.service_id = c.service_id
          join schoolfees.person n on n.entity_id = c.entity_id and n.person_id = c.pupil_id
          join schoolfees.person w on w.entity_id = c.entity_id and w.person_id = c.payer_id

        """;

    public Euro Left => Total - Deducted;

    /// <summary>What becomes of it, by the end of its text's key.</summary>
    public string Fate => Choice switch { null => "waits", "refund" => "refund", _ => Left > Euro.Zero ? "deduct" : "deducted" };

    public static Task<CreditNote?> Find(IEntitySession session, int number) => session.First<CreditNote>(Columns + "where c.entity_id = @entity and c.number = @number", new { entity = session.Entity, number });

    public static Task<IReadOnlyList<CreditLine>> Lines(IEntitySession session, params int[] numbers) => session.List<CreditLine>(
        "select number, period, kind, unit, quantity, amount_cents as amount from schoolfees.credit_note_line where entity_id = @entity and number = any(@numbers) order by number, line",
        new { entity = session.Entity, numbers });
}

/// <summary>What a note takes back.</summary>
internal sealed record CreditLine(int Number, DateOnly Period, string Kind, string Unit, int Quantity, Euro Amount);

/// <summary>What a bill was lessened by.</summary>
internal sealed record DeductedCredit(Guid Bill, int Number, Euro Cents)
{
    public static Task<IReadOnlyList<DeductedCredit>> Of(IEntitySession session, params Guid[] bills) => session.List<DeductedCredit>(
        "select bill_id as bill, number, cents from schoolfees.credit_use where entity_id = @entity and bill_id = any(@bills) order by bill_id, number", new { entity = session.Entity, bills });
}

/// <summary>The note as families get it. In Italian whoever reads it, as bills are.</summary>
internal static class CreditDocument
{
    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    public static Document Of(Entity issuer, CreditNote note, IEnumerable<CreditLine> lines, string code, Uri check)
    {
        var t = SchoolFeesTexts.In(Italian);
        return new()
        {
            Issuer = issuer, Title = "Nota di credito", Subtitle = $"Numero {note.Number}", Created = note.IssuedAt, VerificationCode = code,
            Blocks =
            [
                new Figure("A credito", note.Total, $"Emessa il {LegalTime.Day(note.IssuedAt).ToString("d MMMM yyyy", Italian)}"),
                new Facts(
                [
                    new("A favore di", $"{note.PayerName}, codice fiscale {note.PayerTaxCode}"), new("Alunno", note.PupilName), new("Servizio", note.Service),
                    new("Ente", $"{issuer.Name}, codice fiscale {issuer.TaxCode}"),
                ]),
                new Heading("Che cosa era stato chiesto in più"),
                new Table([new("Voce", 4), new("Importo", 1, Amounts: true)], [.. lines.Select(line => new DocumentCell[] { Words(line, t), Euro.Zero - line.Amount })], new Total("Totale", note.Total)),
                new Paragraph(
                    "L’importo si toglie dalle prossime bollette dello stesso servizio, oppure è restituito a chi ha pagato: una delle due cose, mai tutte e due. "
                    + "Che cosa ne è stato si legge sulla pagina delle rette scolastiche, dietro ogni bolletta della famiglia."),
                new QrCode(check, "Controlla che sia autentica"),
            ],
        };
    }

    public static string Words(CreditLine line, Texts t) => line.Kind == "fixed" ? t["line.fixed", line.Period] : t[$"line.{line.Unit}.difference", line.Period, line.Quantity];

    public static string FileName(int number) => string.Create(CultureInfo.InvariantCulture, $"nota-di-credito-{number}.pdf");
}

/// <summary>Draws notes that have no paper yet, some at a time, and sends each to who left an e-mail address. A note's paper is kept byte by byte.</summary>
/// <returns>How many.</returns>
internal sealed record WriteCreditPapers : ICommand<int>;

internal sealed class WriteCreditPapersHandler(ISessions sessions, IDocuments documents, IMail mail) : ICommandHandler<WriteCreditPapers, int>
{
    const int AtOnce = 50;

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    public async Task<int> Handle(WriteCreditPapers command, CancellationToken stop)
    {
        if (!await sessions.Run(session => session.First<bool>("select exists (select from schoolfees.credit_note where entity_id = @entity and pdf is null)", new { entity = session.Entity }), stop))
            return 0;
        var issuer = await documents.Issuer(stop);
        return await sessions.Run(
            async session =>
            {
                await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.credit_note'), @entity)", new { entity = session.Entity });
                var notes = await session.List<CreditNote>(CreditNote.Columns + "where c.entity_id = @entity and c.pdf is null order by c.number limit @AtOnce", new { entity = session.Entity, AtOnce });
                var lines = (await CreditNote.Lines(session, [.. notes.Select(note => note.Number)])).ToLookup(line => line.Number);
                foreach (var note in notes)
                {
                    var code = documents.NewCode(issuer);
                    var pdf = documents.Write(CreditDocument.Of(issuer, note, lines[note.Number], code, documents.CheckOf(code)));
                    await session.Execute(
                        "update schoolfees.credit_note set code = @code, pdf = @pdf, pdf_sha256 = @sha256 where entity_id = @entity and number = @Number and pdf is null",
                        new { entity = session.Entity, note.Number, code, pdf, sha256 = SHA256.HashData(pdf) });
                    if (note.Email is { } email)
                        await mail.Send(session, new(
                            string.Create(CultureInfo.InvariantCulture, $"credit/{note.Number}"), email, "credit", Italian,
                            new Dictionary<string, string>(StringComparer.Ordinal) { ["number"] = note.Number.ToString(Italian), ["service"] = note.Service, ["amount"] = note.Total.In(Italian), ["pupil"] = note.PupilGiven })
                        {
                            Files = [new(CreditDocument.FileName(note.Number), "application/pdf", pdf)],
                        });
                }
                if (notes.Count > 0)
                    session.Record("schoolfees.credit_papers", new { notes = notes.Count });
                return notes.Count;
            },
            stop);
    }
}

/// <summary>A note's paper; null where there is no such note, or it is not drawn yet.</summary>
/// <param name="Payer">Of this payer alone; null: the office asks.</param>
internal sealed record ReadCreditPaper(int Number, string? Payer) : ICommand<byte[]?>;

internal sealed class ReadCreditPaperHandler(ISessions sessions) : ICommandHandler<ReadCreditPaper, byte[]?>
{
    public Task<byte[]?> Handle(ReadCreditPaper command, CancellationToken stop) => sessions.Run(
        session => session.First<byte[]>(
            "select pdf from schoolfees.credit_note where entity_id = @entity and number = @Number and (@Payer::text is null or payer_id = @Payer)", new { entity = session.Entity, command.Number, command.Payer }), stop);
}

/// <summary>What becomes of a note's money. Deducting may turn into giving back what is left; what is given back is never deducted.</summary>
/// <param name="Reason">Why it is given back: it goes with the refund.</param>
[RequiresPermission("schoolfees.bill")]
internal sealed record ChooseCredit(int Number, string Choice, string? Reason) : ICommand<Outcome<CreditNote>>;

internal sealed class ChooseCreditHandler(ISessions sessions, CallContext call, TimeProvider time) : ICommandHandler<ChooseCredit, Outcome<CreditNote>>
{
    public const string NotFound = "schoolfees.credit_unknown", Settled = "schoolfees.credit_settled", NotPaid = "schoolfees.credit_not_paid", NoReason = "schoolfees.credit_reason";

    public Task<Outcome<CreditNote>> Handle(ChooseCredit command, CancellationToken stop) => sessions.Run<Outcome<CreditNote>>(
        async session =>
        {
            var key = new { entity = session.Entity, command.Number };
            // The lock of approvals and of notes: nothing is deducted while it is being decided.
            await session.Execute(
                "select from schoolfees.service s where s.entity_id = @entity and s.service_id = (select service_id from schoolfees.credit_note where entity_id = @entity and number = @Number) for update", key);
            if (await CreditNote.Find(session, command.Number) is not { } note)
                return new Refusal(NotFound, $"Non c'è la nota di credito {command.Number}.");
            if (command.Choice == note.Choice)
                return note;
            if (note.Choice == "refund" || note.Left == Euro.Zero)
                return new Refusal(Settled, $"La nota di credito {note.Number} è già {(note.Choice == "refund" ? "da restituire" : "tolta dalle bollette")}.");
            if (command.Choice == "refund")
            {
                if (command.Reason is not { Length: > 0 and <= 200 })
                    return new Refusal(NoReason, "Scrivi perché si restituisce, al massimo 200 caratteri.");
                if (new Euro((await CreditRefund.Orders(session, note)).Sum(order => order.Left.Cents)) < note.Left)
                    return new Refusal(NotPaid, "Le bollette di questa nota non risultano pagate per tanto: si può solo togliere dalle prossime.");
            }
            await session.Execute(
                "update schoolfees.credit_note set choice = @Choice, reason = @Reason, chosen_by = @actor, chosen_at = @now where entity_id = @entity and number = @Number",
                new { entity = session.Entity, command.Number, command.Choice, Reason = command.Choice == "refund" ? command.Reason : null, actor = call.Officer?.Actor ?? call.Caller, now = time.GetUtcNow() });
            // A preview that counted on it is worked out again before it is approved.
            session.Record("schoolfees.credit_chosen", new { number = note.Number, choice = command.Choice, cents = note.Left.Cents });
            return note with { Choice = command.Choice, Reason = command.Reason };
        },
        stop);
}

/// <summary>An order from which money of a note could go back.</summary>
/// <param name="Bill">The bill that it paid.</param>
/// <param name="Left">Of it, at most what of the note is left.</param>
public sealed record CreditRefund(string OrderNumber, string Bill, DateOnly PaidOn, Euro Left)
{
    /// <summary>Payments of the note's own bills that stand, the last first.</summary>
    internal static Task<IReadOnlyList<CreditRefund>> Orders(IEntitySession session, CreditNote note) => session.List<CreditRefund>(
        """
        select p.order_number as orderNumber, b.code as bill, max(p.paid_on) as paidOn,
               (sum(p.cents) - coalesce(sum((select sum(r.cents) from schoolfees.refund r where r.entity_id = p.entity_id and r.bill_id = p.bill_id and r.order_number = p.order_number and r.instalment = p.instalment)), 0))::bigint as "left"
          from schoolfees.payment p
          join schoolfees.bill b on b.entity_id = p.entity_id and b.bill_id = p.bill_id
          join schoolfees.credit_note c on c.entity_id = b.entity_id and c.pupil_id = b.pupil_id and c.service_id = b.service_id and c.payer_id = b.payer_id and c.number = @Number
         where p.entity_id = @entity and p.reversed_on is null
         group by p.order_number, b.code
        having sum(p.cents) > coalesce(sum((select sum(r.cents) from schoolfees.refund r where r.entity_id = p.entity_id and r.bill_id = p.bill_id and r.order_number = p.order_number and r.instalment = p.instalment)), 0)
         order by 3 desc, 1 desc, 2
        """, new { entity = session.Entity, note.Number });

    /// <summary>How a note is spread over them.</summary>
    internal static IReadOnlyList<CreditRefund> Spread(IEnumerable<CreditRefund> orders, Euro left)
    {
        var parts = new List<CreditRefund>();
        foreach (var order in orders)
        {
            if (left <= Euro.Zero)
                break;
            var part = order.Left < left ? order.Left : left;
            parts.Add(order with { Left = part });
            left -= part;
        }
        return parts;
    }
}
