using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Journal;

/// <summary>The last block of an entity's chain, or a block that was its last one day: to be kept where the database's administrators cannot write.</summary>
internal sealed record JournalHead(string Entity, int Block, string Hash, DateTimeOffset SealedAt);

/// <summary>The first thing that is not as it was sealed.</summary>
/// <param name="Block">The block it concerns.</param>
/// <param name="Entry">The row, where one can be named.</param>
/// <param name="What">In words, after "entry …" or "block …".</param>
internal sealed record JournalFinding(int Block, Guid? Entry, string What)
{
    public override string ToString() => Entry is { } entry ? $"entry {entry} (block {Block}) {What}" : $"block {Block} {What}";
}

/// <summary>What verifying one entity's journal gave.</summary>
/// <param name="Unsealed">Entries not yet in a block: the chain says nothing about them.</param>
internal sealed record JournalReport(EntityId Entity, int Blocks, long Sealed, long Unsealed, DateTimeOffset? OldestUnsealed, JournalFinding? Finding);

/// <summary>Reads journals back and compares them with their chains. Under the centre's role, which can only read; sealing may go on meanwhile.</summary>
internal sealed class JournalVerifier(Database database, TimeProvider clock)
{
    const int Page = 100;

    /// <summary>Entities with a journal.</summary>
    public Task<IReadOnlyList<int>> Entities(CancellationToken stop) => Read(
        session => session.List<int>("select entity_id from core.journal union select entity_id from core.journal_block order by 1"), stop);

    /// <summary>The last block of each entity.</summary>
    public Task<IReadOnlyList<HeadRow>> Heads(CancellationToken stop) => Read(
        session => session.List<HeadRow>("select distinct on (entity_id) entity_id, block, hash, sealed_at from core.journal_block order by entity_id, block desc"), stop);

    /// <param name="entity">Whose journal.</param>
    /// <param name="known">Heads of this entity kept elsewhere, of any age.</param>
    /// <param name="stop">Ends it early.</param>
    public Task<JournalReport> Verify(EntityId entity, IReadOnlyList<JournalHead> known, CancellationToken stop) => Read(
        async session =>
        {
            // Counted before the blocks are read: whatever was counted under a block, that block is there to be read.
            var counts = await session.List<Count>(
                "select block, count(*) as entries, min(at) filter (where block is null and isfinite(at)) as oldest from core.journal where entity_id = @entity group by block",
                new { entity = entity.Value });
            var unsealed = counts.FirstOrDefault(count => count.Block is null);
            var chain = new Chain(entity.Value, session, counts.Where(count => count.Block is not null).ToDictionary(count => count.Block!.Value, count => count.Entries), known);
            var finding = await chain.Walk();
            return new JournalReport(entity, chain.Blocks, chain.Entries, unsealed?.Entries ?? 0, unsealed?.Oldest, finding);
        },
        stop);

    Task<T> Read<T>(Func<EntitySession, Task<T>> work, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "journal", clock,
        async session =>
        {
            // Years of entries take longer to read than a citizen would wait.
            await session.First<string>("select set_config('statement_timeout', '0', true)");
            return await work(session);
        },
        stop);

    sealed class Chain(int entity, EntitySession session, Dictionary<int, long> counts, IReadOnlyList<JournalHead> known)
    {
        byte[] _previous = JournalForm.Beginning;
        JournalHead? _agreed;

        public int Blocks { get; private set; }

        public long Entries { get; private set; }

        public async Task<JournalFinding?> Walk()
        {
            IReadOnlyList<BlockRow> page;
            do
            {
                page = await session.List<BlockRow>(
                    "select block, previous, entries, manifest, root, hash, sealed_at from core.journal_block where entity_id = @entity and block > @Blocks order by block limit @Page",
                    new { entity, Blocks, Page });
                foreach (var block in page)
                    if (await Look(block) is { } finding)
                        return finding;
            }
            while (page.Count == Page);

            foreach (var stray in counts.Keys.Where(number => number > Blocks || number < 1).Order())
                return new(stray, await Stray(stray, []), "says it belongs to this block, which does not exist");
            // With heads of several days the first that disagrees tells since when.
            return known.Where(head => head.Block > Blocks).MinBy(head => head.Block) is { } lost
                ? new(lost.Block, null, $"was the head on {lost.SealedAt:yyyy-MM-dd HH:mm:ss} UTC by the heads file, and the journal ends at block {Blocks}: its end was removed")
                : null;
        }

        async Task<JournalFinding?> Look(BlockRow block)
        {
            if (block.Block != Blocks + 1)
                return new(Blocks + 1, null, "was removed: the next one that is there is block " + block.Block.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (!block.Previous.AsSpan().SequenceEqual(_previous))
                return new(block.Block, null, $"does not continue block {Blocks}: one of the two was rewritten, or they were reordered");
            if (block.Manifest.Length != block.Entries * JournalForm.LineBytes || !block.Root.AsSpan().SequenceEqual(JournalForm.Root(block.Manifest)))
                return new(block.Block, null, "was altered: the list of its entries is not the one that was sealed");
            var hash = JournalForm.BlockHash(block.Previous, entity, block.Block, block.Entries, block.Root, JournalForm.Micros(block.SealedAt));
            if (!block.Hash.AsSpan().SequenceEqual(hash))
                return new(block.Block, null, "was altered: its hash does not fit");
            if (await LookAtEntries(block) is { } finding)
                return finding;
            foreach (var head in known.Where(head => head.Block == block.Block))
            {
                if (!string.Equals(head.Hash, Convert.ToHexStringLower(hash), StringComparison.OrdinalIgnoreCase))
                    return new(block.Block, null, $"is not the one of the heads file: the chain was rewritten from a block after {_agreed?.Block ?? 0} and not after {block.Block}");
                _agreed = head;
            }
            Blocks = block.Block;
            Entries += block.Entries;
            _previous = hash;
            return null;
        }

        async Task<JournalFinding?> LookAtEntries(BlockRow block)
        {
            var ids = new Guid[block.Entries];
            for (var i = 0; i < ids.Length; i++)
                ids[i] = new Guid(block.Manifest.AsSpan(i * JournalForm.LineBytes, 16), bigEndian: true);
            var rows = (await session.List<JournalRow>(
                $"select {JournalRow.Columns} from core.journal where entity_id = @entity and entry_id = any(@ids)", new { entity, ids })).ToDictionary(row => row.EntryId);
            for (var i = 0; i < ids.Length; i++)
            {
                if (!rows.TryGetValue(ids[i], out var row))
                    return new(block.Block, ids[i], "was removed");
                if (!JournalForm.EntryHash(entity, row).AsSpan().SequenceEqual(block.Manifest.AsSpan(i * JournalForm.LineBytes + 16, JournalForm.HashBytes)))
                    return new(block.Block, ids[i], "was altered");
                if (row.Block != block.Block)
                    return new(block.Block, ids[i], row.Block is { } other ? $"was moved: it says it belongs to block {other}" : "was moved: it says it has not been sealed");
            }
            return counts.GetValueOrDefault(block.Block, block.Entries) != block.Entries
                ? new(block.Block, await Stray(block.Block, ids), "was inserted after the block was sealed")
                : null;
        }

        Task<Guid?> Stray(int block, Guid[] ids) => session.First<Guid?>(
            "select entry_id from core.journal where entity_id = @entity and block = @block and entry_id <> all(@ids) order by entry_id limit 1", new { entity, block, ids });
    }

    sealed class Count
    {
        public int? Block { get; init; }
        public long Entries { get; init; }
        public DateTimeOffset? Oldest { get; init; }
    }

    sealed class BlockRow
    {
        public int Block { get; init; }
        public byte[] Previous { get; init; } = [];
        public int Entries { get; init; }
        public byte[] Manifest { get; init; } = [];
        public byte[] Root { get; init; } = [];
        public byte[] Hash { get; init; } = [];
        public DateTimeOffset SealedAt { get; init; }
    }

    internal sealed class HeadRow
    {
        public int EntityId { get; init; }
        public int Block { get; init; }
        public byte[] Hash { get; init; } = [];
        public DateTimeOffset SealedAt { get; init; }
    }
}
