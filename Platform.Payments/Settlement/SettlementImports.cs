using System.Security.Cryptography;
using System.Text;
using Platform.Core.Entities;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments.Checkout;

namespace Platform.Payments.Settlement;

/// <summary>Takes in what gateways and banks write about money that they moved. Whole files or nothing; the same again changes nothing.</summary>
internal sealed class SettlementImports(Database database, Agreements agreements, Reconciliation reconciliation, TimeProvider clock)
{
    /// <summary>A settlement file under an agreement.</summary>
    /// <returns>Batches added and known already; or why nothing was.</returns>
    public async Task<ImportReport> File(Guid agreement, string fileName, byte[] bytes, string actor, CancellationToken stop)
    {
        var (batches, errors) = SettlementFile.Read(bytes);
        if (errors.Count > 0)
            return new(0, 0, 0, 0, errors);
        if (await agreements.OwnerOf(agreement, stop) is not { } owner)
            return Refused($"Nessun accordo ha il numero {agreement}.");
        ImportReport report;
        try
        {
            report = await database.Run(ModuleRoles.Of("payments"), owner, actor, clock, session => Store(session, agreement, fileName, bytes, batches), stop);
        }
        catch (SettlementRefusedException contradiction)
        {
            return Refused(contradiction.Message);
        }
        if (report.Added > 0)
            await reconciliation.Run(owner, stop);
        return report;
    }

    /// <summary>Bank statements in CAMT.053; the account says whose they are.</summary>
    public async Task<ImportReport> Statement(byte[] bytes, string actor, CancellationToken stop)
    {
        IReadOnlyList<BankEntry> entries;
        try
        {
            entries = CamtStatement.Read(bytes);
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException)
        {
            return Refused(wrong is OverflowException ? "Un importo è troppo grande." : wrong.Message);
        }
        var ours = (await agreements.Accounts(null, stop)).ToLookup(account => account.Iban, account => account.Owner, StringComparer.Ordinal);
        foreach (var account in entries.Select(entry => entry.Account).Distinct(StringComparer.Ordinal))
            if (ours[account].Distinct().Count() != 1)
                return Refused($"Il conto {account} non è di un accordo: scriverlo come \"iban\" nelle impostazioni dell'accordo, presso un solo ente.");
        var (added, known) = (0, 0);
        foreach (var owner in entries.GroupBy(entry => ours[entry.Account].First()).OrderBy(group => group.Key.Value))
        {
            var all = owner.ToList();
            var stored = await database.Run(ModuleRoles.Of("payments"), owner.Key, actor, clock, session => Store(session, all, bytes), stop);
            (added, known) = (added + stored, known + all.Count - stored);
            await reconciliation.Run(owner.Key, stop);
        }
        return new(entries.Count, added, 0, known, []);
    }

    async Task<ImportReport> Store(EntitySession session, Guid agreement, string fileName, byte[] bytes, IReadOnlyList<SettlementBatch> batches)
    {
        var (now, read, added) = (clock.GetUtcNow(), batches.Sum(batch => batch.Lines.Count), 0);
        foreach (var batch in batches)
        {
            var fresh = await session.Execute(
                """
                insert into payments.settlement_batch (entity_id, batch, batch_id, agreement_id, digest, file_name, value_on, lines, net_cents, fee_cents, imported_at)
                values (@entity, @Name, @id, @agreement, @Digest, @fileName, @ValueOn, @lines, @net, @fees, @now)
                -- Of either key: who loads the same at once is met at the one that is written first.
                on conflict do nothing
                """,
                new
                {
                    entity = session.Entity, batch.Name, id = new Guid(SHA256.HashData(Encoding.ASCII.GetBytes($"{session.Entity.Value}/{batch.Name}")).AsSpan(0, 16)), agreement, batch.Digest,
                    fileName = fileName.Length > 120 ? fileName[..120] : fileName, batch.ValueOn, lines = batch.Lines.Count, net = batch.Net.Cents, fees = batch.Fees.Cents, now,
                });
            if (fresh == 0)
            {
                var same = await session.First<bool>(
                    "select digest = @Digest and agreement_id = @agreement from payments.settlement_batch where entity_id = @entity and batch = @Name",
                    new { entity = session.Entity, batch.Digest, batch.Name, agreement });
                if (!same)
                    throw new SettlementRefusedException($"Il flusso {batch.Name} è già stato caricato con un altro contenuto: niente di questo file è stato preso.");
                continue;
            }
            added += batch.Lines.Count;
            await session.Execute(
                """
                insert into payments.settlement_line (entity_id, batch, line, kind, order_no, gross_cents, fee_cents, taken_on)
                select @entity, @Name, l.line, l.kind, l.order_no, l.gross, l.fee, l.taken_on from unnest(@numbers, @kinds, @orders, @gross, @fees, @days) as l (line, kind, order_no, gross, fee, taken_on)
                """,
                new
                {
                    entity = session.Entity, batch.Name,
                    numbers = batch.Lines.Select(line => line.Number).ToArray(),
                    kinds = batch.Lines.Select(line => line.Kind switch { SettlementLineKind.Reversal => "reversal", SettlementLineKind.Refund => "refund", _ => "payment" }).ToArray(),
                    orders = batch.Lines.Select(line => line.OrderNumber).ToArray(),
                    gross = batch.Lines.Select(line => line.Gross.Cents).ToArray(),
                    fees = batch.Lines.Select(line => line.Fee.Cents).ToArray(),
                    days = batch.Lines.Select(line => line.TakenOn).ToArray(),
                });
        }
        if (added > 0)
            session.Record("settlement.file", new { agreement, sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), batches = batches.Count, lines = added });
        return new(read, added, 0, read - added, []);
    }

    async Task<int> Store(EntitySession session, List<BankEntry> entries, byte[] bytes)
    {
        var added = 0;
        foreach (var chunk in entries.Chunk(1000))
        {
            // Words of one movement as one text: an array of arrays wants them all of one length.
            added += await session.Execute(
                """
                insert into payments.bank_entry (entity_id, entry_id, account, statement, booked_on, value_on, cents, is_reversal, remittance, words, imported_at)
                select @entity, e.id, e.account, e.statement, e.booked, e.value, e.cents, e.reversal, e.remittance, string_to_array(e.words, ' '), @now
                  from unnest(@ids, @accounts, @statements, @booked, @values, @cents, @reversals, @remittances, @words) as e (id, account, statement, booked, value, cents, reversal, remittance, words)
                on conflict (entity_id, entry_id) do nothing
                """,
                new
                {
                    entity = session.Entity, now = clock.GetUtcNow(),
                    ids = chunk.Select(entry => entry.Id).ToArray(),
                    accounts = chunk.Select(entry => entry.Account).ToArray(),
                    statements = chunk.Select(entry => entry.Statement).ToArray(),
                    booked = chunk.Select(entry => entry.BookedOn).ToArray(),
                    values = chunk.Select(entry => entry.ValueOn).ToArray(),
                    cents = chunk.Select(entry => entry.Amount.Cents).ToArray(),
                    reversals = chunk.Select(entry => entry.IsReversal).ToArray(),
                    remittances = chunk.Select(entry => entry.Remittance).ToArray(),
                    words = chunk.Select(entry => string.Join(' ', entry.Words())).ToArray(),
                });
        }
        if (added > 0)
            session.Record("settlement.statement", new { sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), entries = added });
        return added;
    }

    static ImportReport Refused(string why) => new(0, 0, 0, 0, [new(1, null, null, why)]);
}

/// <summary>A settlement file contradicts what was loaded before; nothing of it was taken. The message is for the accountant.</summary>
internal sealed class SettlementRefusedException(string message) : Exception(message);
