using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Journal;

/// <summary>
/// Closes what has been written to each entity's journal into a block that carries the hash of the one before. Any number of hosts may run one.
/// </summary>
/// <remarks>
/// Takes whatever is committed and unsealed, whatever its id or time: an entry that commits late goes into a later block and is never lost.
/// The block and the marks on its entries are one transaction.
/// </remarks>
internal sealed class JournalSealer(Database database, TimeProvider clock, ILogger<JournalSealer> log) : Sweeper(log)
{
    /// <summary>A chain grows by one block in this time, or by several when more than a block's worth has gathered.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    const int MostEntries = 1000;
    const int MostBlocks = 50;
    const int Lock = 0x4A6F7572; // "Jour"

    protected override string Name => "journal";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var entities = await database.Run(
            ModuleRoles.Centre, null, "journal", clock,
            session => session.List<int>(
                """
                select waiting.entity_id
                  from (select distinct entity_id from core.journal where block is null) waiting
                  left join lateral (select b.sealed_at from core.journal_block b where b.entity_id = waiting.entity_id order by b.block desc limit 1) last on true
                 where last.sealed_at is null or last.sealed_at <= @recently or last.sealed_at > @now
                """,
                new { now, recently = now - Pace }),
            stop);
        var closed = 0;
        foreach (var entity in entities)
            closed += await SealEntity(new(entity), stop);
        return closed;
    }

    async Task<int> SealEntity(EntityId entity, CancellationToken stop)
    {
        try
        {
            return await database.Run(ModuleRoles.Of("core"), entity, "journal", clock, session => SealWaiting(session, stop), stop);
        }
        catch (PostgresException rival) when (rival.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            log.LogDebug(rival, "Another host closed the block of entity {Entity} first.", entity.Value);
            return 0;
        }
        catch (NpgsqlException wrong) when (!stop.IsCancellationRequested)
        {
            log.LogError(wrong, "The journal of entity {Entity} could not be sealed; the next sweep tries again.", entity.Value);
            return 0;
        }
    }

    async Task<int> SealWaiting(EntitySession session, CancellationToken stop)
    {
        var entity = session.Entity.Value;
        // Spares two hosts the same work. That a block exists once, its primary key says.
        if (!await session.First<bool>("select pg_try_advisory_xact_lock(@Lock, @entity)", new { Lock, entity }))
            return 0;
        var last = await session.First<Last>("select block, hash, sealed_at from core.journal_block where entity_id = @entity order by block desc limit 1", new { entity });
        var now = JournalForm.Micros(clock.GetUtcNow());
        if (last is not null && JournalForm.Micros(last.SealedAt) is var before && before <= now && before > now - (Pace.Ticks / TimeSpan.TicksPerMicrosecond))
            return 0;

        var (block, previous, closed) = (last?.Block ?? 0, last?.Hash ?? JournalForm.Beginning, 0);
        IReadOnlyList<JournalRow> rows;
        do
        {
            rows = await session.List<JournalRow>(
                $"select {JournalRow.Columns} from core.journal where entity_id = @entity and block is null order by entry_id limit @MostEntries", new { entity, MostEntries });
            if (rows.Count == 0)
                break;
            previous = await SealBlock(session, rows, ++block, previous, now);
            closed++;
        }
        while (rows.Count == MostEntries && closed < MostBlocks && !stop.IsCancellationRequested);
        return closed;
    }

    static async Task<byte[]> SealBlock(EntitySession session, IReadOnlyList<JournalRow> rows, int block, byte[] previous, long now)
    {
        var entity = session.Entity.Value;
        var manifest = JournalForm.Manifest(entity, rows);
        var root = JournalForm.Root(manifest);
        var hash = JournalForm.BlockHash(previous, entity, block, rows.Count, root, now);
        await session.Execute(
            """
            insert into core.journal_block (entity_id, block, previous, entries, manifest, root, hash, sealed_at)
            values (@entity, @block, @previous, @entries, @manifest, @root, @hash, @sealedAt)
            """,
            new { entity, block, previous, entries = rows.Count, manifest, root, hash, sealedAt = JournalForm.Instant(now) });
        var marked = await session.Execute(
            "update core.journal set block = @block where entity_id = @entity and block is null and entry_id = any(@entries)",
            new { entity, block, entries = rows.Select(row => row.EntryId).ToArray() });
        return marked == rows.Count
            ? hash
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Of {rows.Count} entries of entity {entity} only {marked} could be marked with block {block}."));
    }

    sealed class Last
    {
        public int Block { get; init; }
        public byte[] Hash { get; init; } = [];
        public DateTimeOffset SealedAt { get; init; }
    }
}
