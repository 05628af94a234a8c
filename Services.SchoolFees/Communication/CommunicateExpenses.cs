using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Certificates;
using Services.SchoolFees.Imports;

namespace Services.SchoolFees.Communication;

/// <summary>Families that object to a pupil's expenses being told to the Agenzia delle Entrate.</summary>
[RequiresPermission("schoolfees.load")]
internal sealed class ImportObjections(ISessions sessions) : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => new RegisterLoad(sessions, "objections").Run(
        file, ["anno", "alunno"], [],
        row => new { Year = row.Numbers("anno", 2000, 2100) is [var year] ? year : 0, Pupil = row.Code("alunno") },
        objection => $"{objection.Year} {objection.Pupil}",
        async (session, objection) =>
            objection.Year == 0 ? Written.No("Scrivi l'anno come 2026.")
            : !await session.First<bool>("select exists (select from schoolfees.pupil where entity_id = @entity and pupil_id = @Pupil)", new { entity = session.Entity, objection.Pupil })
                ? Written.No($"Non c'è l'alunno {objection.Pupil}: caricalo prima.")
                : Written.By(await session.First<bool?>(
                    "insert into schoolfees.objection (entity_id, year, pupil_id) values (@entity, @Year, @Pupil) on conflict do nothing returning true",
                    new { entity = session.Entity, objection.Year, objection.Pupil })),
        stop);
}

/// <summary>Makes the yearly file for the Agenzia delle Entrate.</summary>
/// <remarks>
/// One chain per year: an ordinary file, then files that each replace or cancel the last one. Everything that a file says is kept as it was written, and was read by the validator
/// before it left.
/// </remarks>
/// <param name="Kind">One of <see cref="ExpenseFile.Kinds"/>.</param>
[RequiresPermission("schoolfees.certify")]
internal sealed record MakeExpenseFile(int Year, string Kind) : ICommand<Outcome<MadeExpenseFile>>;

internal sealed record MadeExpenseFile(int Number, int Records, string Content);

internal sealed class MakeExpenseFileHandler(ISessions sessions, IDocuments documents, TimeProvider time) : ICommandHandler<MakeExpenseFile, Outcome<MadeExpenseFile>>
{
    const int AtOnce = 500;

    public async Task<Outcome<MadeExpenseFile>> Handle(MakeExpenseFile command, CancellationToken stop)
    {
        var (year, kind) = (command.Year, command.Kind);
        if (year >= LegalTime.Day(time.GetUtcNow()).Year)
            return No("year_not_over", $"Il {year} non è finito.");
        var issuer = await documents.Issuer(stop);
        return await sessions.Run<Outcome<MadeExpenseFile>>(
            async session =>
            {
                await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.communication'), @entity)", new { entity = session.Entity });
                var last = await session.First<Last>(
                    "select number, kind from schoolfees.communication where entity_id = @entity and year = @year order by number desc limit 1", new { entity = session.Entity, year });
                if (last is not { Kind: not "annullamento" } && kind != "ordinaria")
                    return No("nothing_to_replace", $"Per il {year} non c'è nessuna comunicazione da sostituire o annullare.");
                if (last is { Kind: not "annullamento" } && kind == "ordinaria")
                    return No("communicated", $"Per il {year} vale già la comunicazione {last.Number}: fanne una sostitutiva.");
                var records = kind == "annullamento" ? [] : await Records(session, year);
                var head = new ExpenseFileHead(issuer.TaxCode, year, kind, (last?.Number ?? 0) + 1, kind == "ordinaria" ? null : last!.Number);
                var content = ExpenseFile.Write(head, records);
                if (ExpenseFile.Faults(content).FirstOrDefault() is { } fault)
                    return No("file_faulty", $"Il file non supera il controllo, riga {fault.Line}: {fault.Message}");
                await session.Execute(
                    """
                    insert into schoolfees.communication (entity_id, year, number, kind, replaces, records, cents, content, made_at)
                    values (@entity, @year, @Number, @kind, @Replaces, @records, @cents, @content, @now)
                    """,
                    new { entity = session.Entity, year, head.Number, kind, head.Replaces, records = records.Count, cents = records.Sum(r => r.Spent.Cents), content, now = time.GetUtcNow() });
                session.Record("schoolfees.communicated", new { year, head.Number, kind, records = records.Count });
                return new MadeExpenseFile(head.Number, records.Count, content);
            },
            stop);
    }

    static Outcome<MadeExpenseFile> No(string why, string words) => new Refusal($"schoolfees.{why}", words);

    static async Task<IReadOnlyList<ExpenseRecord>> Records(IEntitySession session, int year)
    {
        var objected = (await session.List<string>("select pupil_id from schoolfees.objection where entity_id = @entity and year = @year", new { entity = session.Entity, year })).ToHashSet(StringComparer.Ordinal);
        var records = new List<ExpenseRecord>();
        for (var last = ""; await YearOfPupil.Payers(session, year, last, AtOnce) is { Count: > 0 } payers; last = payers[^1])
            foreach (var found in (await YearOfPupil.Read(session, year, payers)).Where(found => !objected.Contains(found.PupilId)))
                foreach (var (deduction, type) in new[] { (Deduction.School, "S"), (Deduction.Nursery, "N") })
                {
                    if (found.Of(deduction) is var spent && spent > Euro.Zero)
                        records.Add(new(found.PupilTaxCode, found.PayerTaxCode, type, year, spent, Euro.Zero));
                    records.AddRange(found.Earlier.Where(refund => refund.Deduction == deduction).GroupBy(refund => refund.PaidIn)
                        .Select(refunds => new ExpenseRecord(found.PupilTaxCode, found.PayerTaxCode, type, refunds.Key, Euro.Zero, new(refunds.Sum(refund => refund.Amount.Cents)))));
                }
        // Two codes of the office for one person are one person to the Agenzia.
        return
        [
            .. records.GroupBy(r => (r.Pupil, r.Payer, r.Type, r.SpentIn)).OrderBy(group => group.Key)
                .Select(group => new ExpenseRecord(group.Key.Pupil, group.Key.Payer, group.Key.Type, group.Key.SpentIn, new(group.Sum(r => r.Spent.Cents)), new(group.Sum(r => r.Refunded.Cents)))),
        ];
    }

    sealed record Last(int Number, string Kind);
}

/// <summary>A file that was made, as it left.</summary>
[RequiresPermission("schoolfees.certify")]
internal sealed record ReadExpenseFile(int Year, int Number) : ICommand<string?>;

internal sealed class ReadExpenseFileHandler(ISessions sessions) : ICommandHandler<ReadExpenseFile, string?>
{
    public Task<string?> Handle(ReadExpenseFile command, CancellationToken stop) => sessions.Run(
        session => session.First<string>(
            "select content from schoolfees.communication where entity_id = @entity and year = @Year and number = @Number", new { entity = session.Entity, command.Year, command.Number }), stop);
}

/// <summary>Makes the yearly file for the Agenzia delle Entrate, or hands out one that was made.</summary>
[RequiresPermission("schoolfees.certify")]
internal sealed class CommunicateExpenses(ICommands commands) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var year = call.Number("year")!.Value;
        if (call.Number("again") is { } again)
        {
            if (await commands.Send(new ReadExpenseFile(year, again), stop) is not { } kept)
                return $"Per il {year} non c'è la comunicazione {again}.";
            await output.WriteAsync(kept);
            return null;
        }
        var kind = call.Text("kind") ?? "ordinaria";
        if (!ExpenseFile.Kinds.Contains(kind, StringComparer.Ordinal))
            return $"Il tipo è uno di: {string.Join(", ", ExpenseFile.Kinds)}.";
        var made = await commands.Send(new MakeExpenseFile(year, kind), stop);
        if (made.Refusal is { } refusal)
            return refusal.Detail;
        call.Note($"Comunicazione {made.Value.Number} per il {year}, {kind}: {made.Value.Records} righe. Per riaverla: --again {made.Value.Number}");
        await output.WriteAsync(made.Value.Content);
        return null;
    }
}
