using System.Globalization;
using System.Security.Cryptography;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.SchoolFees.Certificates;

/// <summary>The certificates of a year for some payers, one for each pupil. One that was issued and still holds is handed out again byte by byte; one that does not is replaced.</summary>
/// <param name="Pupil">Of this pupil alone; null: of all.</param>
/// <param name="Send">Whether payers who left an e-mail address get each certificate by letter, once.</param>
/// <returns>Refused while the year lasts: what is paid on its last day belongs to it.</returns>
internal sealed record IssueCertificates(int Year, IReadOnlyList<string> Payers, string? Pupil = null, bool Send = false) : ICommand<Outcome<Certificate[]>>;

/// <summary>A certificate that was handed out.</summary>
internal sealed record Certificate(int Number, string Code, YearOfPupil Content, byte[] Pdf, byte[] Sha256, bool New)
{
    public string FileName => $"attestazione-{Content.Year}-{Number}.pdf";
}

internal sealed class IssueCertificatesHandler(ISessions sessions, IDocuments documents, IMail mail, TimeProvider time) : ICommandHandler<IssueCertificates, Outcome<Certificate[]>>
{
    public const string NotOver = "schoolfees.year_not_over";

    public async Task<Outcome<Certificate[]>> Handle(IssueCertificates command, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        if (command.Year >= LegalTime.Day(now).Year)
            return new Refusal(NotOver);
        var issuer = await documents.Issuer(stop);
        return await sessions.Run<Outcome<Certificate[]>>(
            async session =>
            {
                // Numbers without gaps, and two that ask at once get the same certificate.
                await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.certificate'), @entity)", new { entity = session.Entity });
                var issued = new List<Certificate>();
                foreach (var content in await YearOfPupil.Read(session, command.Year, command.Payers))
                    if (command.Pupil is null || command.Pupil == content.PupilId)
                        issued.Add(await Issue(session, issuer, content, now));
                if (command.Send)
                    foreach (var certificate in issued)
                        if (Accompany(issuer, certificate) is { } letter)
                            await mail.Send(session, letter);
                return issued.ToArray();
            },
            stop);
    }

    async Task<Certificate> Issue(IEntitySession session, Entity issuer, YearOfPupil content, DateTimeOffset now)
    {
        var digest = content.Digest();
        var key = new { entity = session.Entity, content.Year, content.PayerId, content.PupilId, now };
        if (await session.First<Row>(
                """
                select number, code, content, pdf, pdf_sha256 as sha256
                from schoolfees.certificate where entity_id = @entity and year = @Year and payer_id = @PayerId and pupil_id = @PupilId and replaced_at is null
                """, key) is { } known)
        {
            if (known.Content.AsSpan().SequenceEqual(digest))
                return new(known.Number, known.Code, content, known.Pdf, known.Sha256, New: false);
            await session.Execute(
                "update schoolfees.certificate set replaced_at = @now where entity_id = @entity and year = @Year and payer_id = @PayerId and pupil_id = @PupilId and replaced_at is null", key);
            session.Record("schoolfees.certificate_replaced", new { content.Year, known.Number });
        }
        var number = await session.First<int>("select coalesce(max(number), 0) + 1 from schoolfees.certificate where entity_id = @entity and year = @Year", key);
        var code = documents.NewCode(issuer);
        var pdf = documents.Write(CertificateDocument.Of(issuer, content, number, code, documents.CheckOf(code), now));
        var sha256 = SHA256.HashData(pdf);
        await session.Execute(
            """
            insert into schoolfees.certificate (entity_id, year, number, payer_id, pupil_id, code, school_cents, nursery_cents, content, pdf, pdf_sha256, issued_at)
            values (@entity, @Year, @number, @PayerId, @PupilId, @code, @school, @nursery, @digest, @pdf, @sha256, @now)
            """,
            new
            {
                entity = session.Entity, content.Year, number, content.PayerId, content.PupilId, code, school = content.Of(Deduction.School), nursery = content.Of(Deduction.Nursery), digest, pdf, sha256, now,
            });
        session.Record("schoolfees.certificate_issued", new { content.Year, number });
        return new(number, code, content, pdf, sha256, New: true);
    }

    static Letter? Accompany(Entity issuer, Certificate certificate) => certificate.Content.Email is not { } email ? null : new(
        $"certificate/{certificate.Code}", email, "certificate", Italian,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["year"] = certificate.Content.Year.ToString(Italian), ["pupil"] = certificate.Content.Pupil, ["issuer"] = issuer.Name, ["code"] = certificate.Code,
            ["amount"] = (certificate.Content.Of(Deduction.School) + certificate.Content.Of(Deduction.Nursery)).In(Italian),
        })
    {
        Files = [new(certificate.FileName, "application/pdf", certificate.Pdf)],
    };

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    sealed record Row(int Number, string Code, byte[] Content, byte[] Pdf, byte[] Sha256);
}

/// <summary>What the public check tells of a certificate or a credit note.</summary>
/// <remarks>It compares with what the register says now, so a payment that the bank takes back makes a certificate fail its check at once, and not only when somebody asks for another.</remarks>
internal sealed class CertificateCheck(ISessions sessions) : IDocumentCheck
{
    public async ValueTask<CheckedDocument?> Find(string code, CultureInfo culture, CancellationToken stop)
    {
        var t = SchoolFeesTexts.In(culture);
        return await sessions.Run(
            async session =>
            {
                if (await session.First<Row>(
                        """
                        select year, number, payer_id as payer, pupil_id as pupil, school_cents as school, nursery_cents as nursery, content, pdf_sha256 as sha256, issued_at as issuedAt, replaced_at as replacedAt
                        from schoolfees.certificate where entity_id = @entity and code = @code
                        """, new { entity = session.Entity, code }) is not { } row)
                    return await CreditNoteOf(session, code, t);
                var now = (await YearOfPupil.Read(session, row.Year, [row.Payer])).FirstOrDefault(content => content.PupilId == row.Pupil);
                var withdrawn = row.ReplacedAt is { } at ? t["certificate.check.replaced", LegalTime.Day(at)]
                    : now is null || !now.Digest().AsSpan().SequenceEqual(row.Content) ? t["certificate.check.changed"]
                    : null;
                return new CheckedDocument(
                    t["certificate.check.title", row.Number, row.Year], withdrawn,
                    [
                        new(t["certificate.check.year"], row.Year.ToString(CultureInfo.InvariantCulture)), new(t["certificate.check.school"], row.School), new(t["certificate.check.nursery"], row.Nursery),
                        new(t["certificate.check.issued"], t["certificate.check.day", LegalTime.Day(row.IssuedAt)]),
                    ],
                    row.Sha256);
            },
            stop);
    }

    /// <summary>A note is what it is for good; what became of its money is not on the paper.</summary>
    static async Task<CheckedDocument?> CreditNoteOf(IEntitySession session, string code, Texts t) =>
        await session.First<NoteRow>(
            "select number, issued_at as issuedAt, total_cents as total, pdf_sha256 as sha256 from schoolfees.credit_note where entity_id = @entity and code = @code", new { entity = session.Entity, code }) is { } note
            ? new(
                t["credit.check.title", note.Number], null,
                [new(t["credit.check.amount"], note.Total), new(t["certificate.check.issued"], t["certificate.check.day", LegalTime.Day(note.IssuedAt)])], note.Sha256)
            : null;

    sealed record NoteRow(int Number, DateTimeOffset IssuedAt, Euro Total, byte[] Sha256);

    sealed record Row(
        int Year, int Number, string Payer, string Pupil, Euro School, Euro Nursery, byte[] Content, byte[] Sha256, DateTimeOffset IssuedAt, DateTimeOffset? ReplacedAt);
}
