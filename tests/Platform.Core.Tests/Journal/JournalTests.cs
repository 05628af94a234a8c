using System.Globalization;
using System.Text;
using System.Text.Json;
using Autofac;
using Npgsql;
using Platform.Core.Journal;
using Platform.Core.Storage;
using Platform.Testing;

namespace Platform.Core.Tests.Journal;

public sealed class JournalTests
{
    const string Urg = "select entity_id from core.entity where code = 'URG'";

    [Test]
    public async Task Entries_are_sealed_in_blocks_that_continue_each_other()
    {
        await using var host = await PorticoTestHost.Start();
        await Record(host, 3);
        await host.Quiet();
        await Record(host, 2);
        await host.Quiet();
        (await Blocks(host)).Should().Equal([1], "a chain grows at most every five seconds");
        var waiting = await host.Portico("journal", "verify", "--entity", "URG");
        waiting.Code.Should().Be(0);
        waiting.Output.Should().Contain("URG: 3 entries in 1 blocks").And.Contain("2 more are not sealed yet").And.Contain("nothing proves them");

        await host.After(JournalSealer.Pace);

        (await Blocks(host)).Should().Equal(1, 2);
        (await host.Database.Rows<int>($"select entries from core.journal_block where entity_id = ({Urg}) order by block")).Should().Equal(3, 2);
        var all = await host.Portico("journal", "verify");
        all.Code.Should().Be(0);
        all.Output.Should().Contain("URG: 5 entries in 2 blocks are as they were sealed.").And.Contain("000:").And.NotContain("not sealed yet");
    }

    [Test]
    public async Task Several_hosts_seal_thousands_of_entries_once_while_they_are_being_written()
    {
        await using var first = await PorticoTestHost.Start();
        await using var second = await PorticoTestHost.Start(beside: first);
        await using var third = await PorticoTestHost.Start(beside: first);
        PorticoTestHost[] hosts = [first, second, third];

        await Task.WhenAll(hosts.Select(host => Task.Run(async () =>
        {
            for (var round = 0; round < 15; round++)
            {
                await Record(host, 100);
                host.Clock.Advance(JournalSealer.Pace);
                await host.Container.Resolve<JournalSealer>().Sweep(CancellationToken.None);
            }
        })));
        await first.After(JournalSealer.Pace);

        (await first.Database.Value<long>($"select count(*) from core.journal where entity_id = ({Urg}) and block is null")).Should().Be(0);
        (await first.Database.Value<long>($"select sum(entries) from core.journal_block where entity_id = ({Urg})")).Should().Be(4500);
        var told = await first.Portico("journal", "verify", "--entity", "URG");
        told.Code.Should().Be(0, told.Errors);
        told.Output.Should().Contain("URG: 4500 entries in ");
    }

    [Test]
    public async Task An_entry_that_commits_late_goes_into_a_later_block()
    {
        await using var host = await PorticoTestHost.Start();
        var late = Guid.CreateVersion7(host.Clock.GetUtcNow());
        await using var slow = new NpgsqlConnection(host.Database.Owner);
        await slow.OpenAsync();
        await using var transaction = await slow.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand($"insert into core.journal (entity_id, entry_id, at, actor, kind, body) select ({Urg}), @late, @at, 'probe', 'late', '{{}}'", slow, transaction);
        insert.Parameters.AddWithValue("late", late);
        insert.Parameters.AddWithValue("at", host.Clock.GetUtcNow());
        await insert.ExecuteNonQueryAsync();
        await Record(host, 1);
        await host.Quiet();
        (await Blocks(host)).Should().Equal(1);

        await transaction.CommitAsync();
        await host.After(JournalSealer.Pace);

        (await host.Database.Value<int>("select block from core.journal where entry_id = @late", new { late })).Should().Be(2);
        (await host.Portico("journal", "verify")).Code.Should().Be(0);
    }

    [Test]
    public async Task A_host_that_dies_while_sealing_leaves_no_half_block()
    {
        await using var host = await PorticoTestHost.Start();
        await using var holder = new NpgsqlConnection(host.Database.Owner);
        await holder.OpenAsync();
        await using (var hold = await holder.BeginTransactionAsync())
        {
            await Record(host, 5);
            // The block has been inserted and its entries are about to be marked when the sealer's connection dies.
            await using var row = new NpgsqlCommand($"select 1 from core.journal where entity_id = ({Urg}) for update", holder, hold);
            await row.ExecuteNonQueryAsync();
            var sealing = host.Container.Resolve<JournalSealer>().Sweep(CancellationToken.None);
            const string Blocked = "select pid from pg_stat_activity where datname = current_database() and query like '%update core.journal set block%' and wait_event_type = 'Lock'";
            await Embedded.Eventually.Holds(async () => await host.Database.Value<int?>(Blocked) is not null, "the sealer waits for the row");
            await host.Database.Execute($"select pg_terminate_backend(pid) from ({Blocked}) as blocked");
            await sealing;
            (await Blocks(host)).Should().BeEmpty();
        }

        await host.After(JournalSealer.Pace);

        (await Blocks(host)).Should().Equal(1);
        (await host.Portico("journal", "verify", "--entity", "URG")).Output.Should().Contain("5 entries in 1 blocks");
    }

    [Test]
    public async Task The_web_role_can_neither_change_nor_remove_what_was_recorded()
    {
        await using var host = await PorticoTestHost.Start();
        await Record(host, 2);
        await host.Quiet();
        foreach (var deed in new[]
        {
            "update core.journal set body = '{}' where entity_id = @entity",
            "update core.journal set at = now() where entity_id = @entity",
            "delete from core.journal where entity_id = @entity",
            "update core.journal_block set hash = hash where entity_id = @entity",
            "delete from core.journal_block where entity_id = @entity",
            "truncate core.journal",
            "insert into core.journal (entity_id, entry_id, at, actor, kind, body, block) values (@entity, gen_random_uuid(), now(), 'x', 'x', '{}', 1)",
        })
        {
            var attempt = () => InCore(host, session => session.Execute(deed, new { entity = session.Entity.Value }));
            (await attempt.Should().ThrowAsync<PostgresException>(deed)).Which.SqlState.Should().Be("42501", deed);
        }
        (await InCore(host, session => session.Execute("update core.journal set block = 7 where entity_id = @entity", new { entity = session.Entity.Value })))
            .Should().Be(0, "what is sealed stays sealed where it is");
        (await host.Portico("journal", "verify")).Code.Should().Be(0);
    }

    [TestCase("body", ExpectedResult = "was altered")]
    [TestCase("time", ExpectedResult = "was altered")]
    [TestCase("time to infinity", ExpectedResult = "was altered")]
    [TestCase("actor", ExpectedResult = "was altered")]
    [TestCase("kind", ExpectedResult = "was altered")]
    [TestCase("digest", ExpectedResult = "was altered")]
    [TestCase("delete", ExpectedResult = "was removed")]
    [TestCase("move", ExpectedResult = "was moved: it says it belongs to block 3")]
    [TestCase("unseal", ExpectedResult = "was moved: it says it has not been sealed")]
    [TestCase("insert", ExpectedResult = "was inserted after the block was sealed")]
    [TestCase("insert into no block", ExpectedResult = "says it belongs to this block, which does not exist")]
    [TestCase("insert into block 0", ExpectedResult = "says it belongs to this block, which does not exist")]
    [TestCase("swap bodies", ExpectedResult = "was altered")]
    [TestCase("swap ids", ExpectedResult = "was altered")]
    public async Task<string> A_row_touched_behind_our_back_is_named(string how)
    {
        await using var host = await ThreeBlocks();
        var rows = await host.Database.Rows<Guid>($"select entry_id from core.journal where entity_id = ({Urg}) order by block, entry_id");
        var (victim, other, added) = (rows[4], rows[5], Guid.NewGuid());
        var named = how.StartsWith("insert", StringComparison.Ordinal) ? added : victim;
        var deed = how switch
        {
            "body" => "update core.journal set body = body || '{\"n\": 99}' where entry_id = @victim",
            "time" => "update core.journal set at = at + interval '1 microsecond' where entry_id = @victim",
            "time to infinity" => "update core.journal set at = 'infinity' where entry_id = @victim",
            "actor" => "update core.journal set actor = 'somebody else' where entry_id = @victim",
            "kind" => "update core.journal set kind = 'probe.other' where entry_id = @victim",
            "digest" => "update core.journal set personal_digest = '\\x00' where entry_id = @victim",
            "delete" => "delete from core.journal where entry_id = @victim",
            "move" => "update core.journal set block = 3 where entry_id = @victim",
            "unseal" => "update core.journal set block = null where entry_id = @victim",
            "insert" => $"insert into core.journal select entity_id, @added, at, actor, kind, body, null, block from core.journal where entry_id = @victim",
            "insert into no block" => $"insert into core.journal select entity_id, @added, at, actor, kind, body, null, 9 from core.journal where entry_id = @victim",
            "insert into block 0" => $"insert into core.journal select entity_id, @added, at, actor, kind, body, null, 0 from core.journal where entry_id = @victim",
            "swap bodies" => "update core.journal a set body = b.body from core.journal b where (a.entry_id, b.entry_id) in ((@victim, @other), (@other, @victim))",
            // In one statement the two ids would collide half-way.
            "swap ids" => "update core.journal set entry_id = @added where entry_id = @victim; update core.journal set entry_id = @victim where entry_id = @other; update core.journal set entry_id = @other where entry_id = @added",
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        };
        await host.Database.Execute(deed, new { victim, other, added });

        var told = await host.Portico("journal", "verify");

        told.Code.Should().Be(1);
        told.Output.Should().NotContain("URG").And.Contain("000: ", "other entities' journals are not touched");
        told.Errors.Should().StartWith($"portico: URG: entry {named} (block ");
        return told.Errors.Split(") ")[1].TrimEnd('\n', '.');
    }

    [TestCase("remove", ExpectedResult = "block 2 was removed: the next one that is there is block 3")]
    [TestCase("remove the last without its entries", ExpectedResult = "says it belongs to this block, which does not exist")]
    [TestCase("reorder", ExpectedResult = "block 1 was altered: its hash does not fit")]
    [TestCase("reorder entries", ExpectedResult = "block 2 was altered: the list of its entries is not the one that was sealed")]
    [TestCase("time", ExpectedResult = "block 2 was altered: its hash does not fit")]
    [TestCase("rewrite", ExpectedResult = "block 3 does not continue block 2: one of the two was rewritten, or they were reordered")]
    public async Task<string> A_block_touched_behind_our_back_is_named(string how)
    {
        await using var host = await ThreeBlocks();
        switch (how)
        {
            case "remove":
                await host.Database.Execute($"delete from core.journal where entity_id = ({Urg}) and block = 2; delete from core.journal_block where entity_id = ({Urg}) and block = 2");
                break;
            case "remove the last without its entries":
                await host.Database.Execute($"delete from core.journal_block where entity_id = ({Urg}) and block = 3");
                break;
            case "reorder":
                await host.Database.Execute(
                    $"""
                    update core.journal set block = 3 - block where entity_id = ({Urg}) and block < 3;
                    update core.journal_block set block = 1000 + block where entity_id = ({Urg}) and block < 3;
                    update core.journal_block set block = 1003 - block where entity_id = ({Urg}) and block > 1000;
                    update core.journal_block a set previous = b.previous from core.journal_block b where a.entity_id = ({Urg}) and b.entity_id = a.entity_id and (a.block, b.block) in ((1, 2), (2, 1))
                    """);
                break;
            case "reorder entries":
                await host.Database.Execute(
                    $"update core.journal_block set manifest = substr(manifest, 49, 48) || substr(manifest, 1, 48) || substr(manifest, 97) where entity_id = ({Urg}) and block = 2");
                break;
            case "time":
                await host.Database.Execute($"update core.journal_block set sealed_at = sealed_at - interval '1 day' where entity_id = ({Urg}) and block = 2");
                break;
            case "rewrite":
                await Rewrite(host, 2, 2);
                break;
        }

        var told = await host.Portico("journal", "verify", "--entity", "URG");

        told.Code.Should().Be(1);
        var words = told.Errors["portico: URG: ".Length..].TrimEnd('\n', '.');
        return words.StartsWith("entry", StringComparison.Ordinal) ? words.Split(") ")[1] : words;
    }

    [Test]
    public async Task A_heads_file_kept_elsewhere_shows_that_the_end_was_cut_off()
    {
        await using var host = await ThreeBlocks();
        using var kept = await KeepHeads(host);
        (await host.Portico("journal", "verify", "--heads", kept.Path)).Code.Should().Be(0);
        await host.Database.Execute($"delete from core.journal where entity_id = ({Urg}) and block = 3; delete from core.journal_block where entity_id = ({Urg}) and block = 3");

        (await host.Portico("journal", "verify")).Code.Should().Be(0, "the chain alone cannot know of what followed");
        var told = await host.Portico("journal", "verify", "--heads", kept.Path);

        told.Code.Should().Be(1);
        told.Errors.Should().StartWith("portico: URG: block 3 was the head on 2026-03-10 10:00:10 UTC by the heads file, and the journal ends at block 2");
    }

    [Test]
    public async Task A_heads_file_shows_that_an_entity_lost_its_whole_journal()
    {
        await using var host = await ThreeBlocks();
        using var kept = await KeepHeads(host);
        await host.Database.Execute($"delete from core.journal where entity_id = ({Urg}); delete from core.journal_block where entity_id = ({Urg})");
        (await host.Portico("journal", "verify", "--heads", kept.Path)).Errors.Should().Contain("URG: block 3 was the head").And.Contain("ends at block 0");
    }

    [Test]
    public async Task A_heads_file_shows_that_a_chain_was_written_anew_from_some_point()
    {
        await using var host = await ThreeBlocks();
        using var kept = await KeepHeads(host);
        await host.Database.Execute($"update core.journal set body = '{{}}' where entity_id = ({Urg}) and block = 2");
        await Rewrite(host, 2, 3);

        (await host.Portico("journal", "verify")).Code.Should().Be(0, "a chain written anew with care is a good chain");
        var told = await host.Portico("journal", "verify", "--heads", kept.Path);

        told.Code.Should().Be(1);
        told.Errors.Should().StartWith("portico: URG: block 3 is not the one of the heads file");
    }

    [Test]
    public async Task Heads_of_many_days_may_stand_in_one_file_and_the_first_that_disagrees_is_named()
    {
        await using var host = await ThreeBlocks();
        using var kept = await KeepHeads(host);
        await Record(host, 1);
        await host.After(JournalSealer.Pace);
        using var later = await KeepHeads(host);
        await File.AppendAllTextAsync(kept.Path, await File.ReadAllTextAsync(later.Path));
        await Rewrite(host, 4, 4);
        (await host.Portico("journal", "verify", "--heads", kept.Path)).Code.Should().Be(0, "nothing was changed yet");
        await host.Database.Execute($"update core.journal set body = '{{}}' where entity_id = ({Urg}) and block = 4");
        await Rewrite(host, 4, 4);
        (await host.Portico("journal", "verify", "--heads", kept.Path)).Errors.Should().Contain("block 4 is not the one of the heads file: the chain was rewritten from a block after 3");
    }

    [Test]
    public async Task A_file_that_holds_no_heads_is_refused_in_words()
    {
        await using var host = await PorticoTestHost.Start();
        using var wrong = new KeptFile();
        await File.WriteAllTextAsync(wrong.Path, "{\"entity\":\"URG\"}\n");
        var told = await host.Portico("journal", "verify", "--heads", wrong.Path);
        told.Code.Should().Be(1);
        told.Errors.Should().Contain("line 1: this is no line of \"portico journal heads\"");
    }

    [Test]
    public async Task A_person_enters_the_journal_as_a_digest_that_forgetting_makes_meaningless()
    {
        await using var host = await PorticoTestHost.Start();
        var (anna, bruno) = (Guid.NewGuid(), Guid.NewGuid());
        await InCore(host, session =>
        {
            session.Record("probe.person", new { step = 1 }, new PersonalData(anna, new { Name = "Anna Bianchi", TaxCode = "BNCNNA80A41A944Z" }));
            session.Record("probe.person", new { step = 2 }, new PersonalData(anna, new { Name = "Anna Bianchi", TaxCode = "BNCNNA80A41A944Z" }));
            session.Record("probe.person", new { step = 3 }, new PersonalData(bruno, new { Name = "Anna Bianchi", TaxCode = "BNCNNA80A41A944Z" }));
            session.Record("probe.person", new { step = 4 });
            return Task.FromResult(0);
        });
        await host.Quiet();

        var digests = await host.Database.Rows<byte[]?>("select personal_digest from core.journal where kind = 'probe.person' order by (body->>'step')::int");
        digests[0].Should().HaveCount(32).And.Equal(digests[1]).And.NotEqual(digests[2], "each person has a salt of their own");
        digests[3].Should().BeNull();
        (await host.Database.Value<string>("select string_agg(j::text, '') from core.journal j")).Should().NotContainAny("Anna", "BNCNNA");
        var salt = await host.Database.Value<byte[]>("select salt from core.journal_salt where subject_id = @anna", new { anna });
        System.Security.Cryptography.HMACSHA256.HashData(salt!, Encoding.UTF8.GetBytes("""{"name":"Anna Bianchi","taxCode":"BNCNNA80A41A944Z"}"""))
            .Should().Equal(digests[0], "who holds the data and the salt can show what the line was about");

        await InCore(host, session =>
        {
            session.ForgetPerson(anna);
            return Task.FromResult(0);
        });

        (await host.Database.Rows<Guid>("select subject_id from core.journal_salt")).Should().Equal(bruno);
        (await host.Portico("journal", "verify")).Code.Should().Be(0);
    }

    [Test]
    public async Task Two_transactions_that_first_speak_of_the_same_persons_use_one_salt_for_each()
    {
        await using var host = await PorticoTestHost.Start();
        var people = Enumerable.Range(0, 5).Select(_ => Guid.NewGuid()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(turn => Task.Run(() => InCore(host, session =>
        {
            foreach (var person in turn % 2 == 0 ? people : people.Reverse())
                session.Record("probe.person", new { turn }, new PersonalData(person, new { Person = person }));
            return Task.FromResult(0);
        }))));
        (await host.Database.Value<long>("select count(distinct personal_digest) from core.journal where kind = 'probe.person'")).Should().Be(5);
    }

    [Test]
    public async Task The_centres_reading_role_sees_no_salt()
    {
        await using var host = await PorticoTestHost.Start();
        await InCore(host, session =>
        {
            session.Record("probe.person", new { }, new PersonalData(Guid.NewGuid(), new { }));
            return Task.FromResult(0);
        });
        var seen = await host.Container.Resolve<Database>().Run(
            ModuleRoles.Centre, null, "test", host.Clock, session => session.First<long>("select count(*) from core.journal_salt"), CancellationToken.None);
        seen.Should().Be(0);
    }

    [TestCase("""{ "b" : 1.50, "a":[ null, true,"è\u00e8\n" ] }""", ExpectedResult = "{\"a\":[null,true,\"èè\\n\"],\"b\":1.50}")]
    [TestCase("""{"aa":1,"B":{},"a":[]}""", ExpectedResult = """{"B":{},"a":[],"aa":1}""")]
    [TestCase("\"\\u001f\\/\\\"<>&'\"", ExpectedResult = "\"\\u001f/\\\"<>&'\"")]
    public string The_canonical_form_of_json_is_one_text(string json) => Encoding.UTF8.GetString(CanonicalJson.Of(json));

    [Test]
    public async Task The_form_that_is_hashed_does_not_change_from_release_to_release()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Database.Execute(
            $$"""
            insert into core.journal (entity_id, entry_id, at, actor, kind, body, personal_digest)
            values (({{Urg}}), '0197a000-0000-7000-8000-000000000001', '2026-03-10 09:00:00.123456+00', 'fines', 'fines.paid', '{"order": "URG-1", "cents": 3140, "città": null}', '\x0102')
            """);
        await host.Quiet();
        var block = (await host.Database.Rows<(int Entity, string Manifest, string Hash)>(
            $"select entity_id, encode(manifest, 'hex'), encode(hash, 'hex') from core.journal_block where entity_id = ({Urg})")).Single();

        // Written down by hand after docs/journal.md.
        static byte[] Number(long number, int bytes) => [.. BitConverter.GetBytes(number).Take(bytes).Reverse()];
        static byte[] Counted(byte[] bytes) => [.. Number(bytes.Length, 4), .. bytes];
        var id = Convert.FromHexString("0197a000000070008000000000000001");
        var entry = System.Security.Cryptography.SHA256.HashData(
        [
            .. "portico journal entry 1\n"u8, .. Number(block.Entity, 4), .. id,
            .. Number((new DateTimeOffset(2026, 3, 10, 9, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() * 1_000_000) + 123_456, 8),
            .. Counted([.. "fines"u8]), .. Counted([.. "fines.paid"u8]), .. Counted([.. """{"cents":3140,"città":null,"order":"URG-1"}"""u8]), .. Counted([1, 2]),
        ]);
        block.Manifest.Should().Be(Convert.ToHexStringLower([.. id, .. entry]));
        block.Hash.Should().Be(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
        [
            .. "portico journal block 1\n"u8, .. new byte[32], .. Number(block.Entity, 4), .. Number(1, 4), .. Number(1, 4),
            .. System.Security.Cryptography.SHA256.HashData([.. id, .. entry]), .. Number(host.Clock.GetUtcNow().ToUnixTimeMilliseconds() * 1000, 8),
        ])));
    }

    /// <summary>Three blocks of the union's journal, with three entries each.</summary>
    static async Task<PorticoTestHost> ThreeBlocks()
    {
        var host = await PorticoTestHost.Start();
        for (var block = 0; block < 3; block++)
        {
            await Record(host, 3);
            await host.After(block == 0 ? TimeSpan.Zero : JournalSealer.Pace);
        }
        (await Blocks(host)).Should().Equal(1, 2, 3);
        return host;
    }

    static Task<int> Record(PorticoTestHost host, int entries) => InCore(host, session =>
    {
        for (var n = 0; n < entries; n++)
            session.Record("probe.done", new { n, what = "una cosa" });
        return Task.FromResult(entries);
    });

    static Task<T> InCore<T>(PorticoTestHost host, Func<IEntitySession, Task<T>> work) =>
        host.As("core", "URG", "URG", scope => scope.Resolve<ISessions>().Run(work, CancellationToken.None));

    static Task<IReadOnlyList<int>> Blocks(PorticoTestHost host) =>
        host.Database.Rows<int>($"select block from core.journal_block where entity_id = ({Urg}) order by block");

    /// <summary>What a forger does who knows how blocks are made: hashes everything anew from what the rows say now.</summary>
    static async Task Rewrite(PorticoTestHost host, int from, int to)
    {
        var entity = await host.Database.Value<int>(Urg);
        var previous = await host.Database.Value<byte[]>("select hash from core.journal_block where entity_id = @entity and block = @before", new { entity, before = from - 1 });
        for (var block = from; block <= to; block++)
        {
            var rows = await host.Database.Rows<JournalRow>($"select {JournalRow.Columns} from core.journal where entity_id = @entity and block = @block order by entry_id", new { entity, block });
            var manifest = JournalForm.Manifest(entity, rows);
            // A forged rewrite of one block alone changes something too: when it was sealed.
            var sealedAt = await host.Database.Value<DateTime>("select sealed_at from core.journal_block where entity_id = @entity and block = @block", new { entity, block });
            if (from == to && from < 4)
                sealedAt = sealedAt.AddSeconds(-1);
            var hash = JournalForm.BlockHash(previous!, entity, block, rows.Count, JournalForm.Root(manifest), JournalForm.Micros(new DateTimeOffset(sealedAt)));
            await host.Database.Execute(
                "update core.journal_block set previous = @previous, manifest = @manifest, root = @root, hash = @hash, sealed_at = @sealedAt where entity_id = @entity and block = @block",
                new { entity, block, previous, manifest, root = JournalForm.Root(manifest), hash, sealedAt = new DateTimeOffset(sealedAt) });
            previous = hash;
        }
    }

    static async Task<KeptFile> KeepHeads(PorticoTestHost host)
    {
        var told = await host.Portico("journal", "heads");
        told.Code.Should().Be(0, told.Errors);
        var lines = told.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        lines.Select(line => line.GetProperty("entity").GetString()).Should().Contain("URG").And.OnlyHaveUniqueItems();
        var file = new KeptFile();
        await File.WriteAllTextAsync(file.Path, told.Output);
        return file;
    }

    sealed class KeptFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-heads-{Guid.NewGuid():n}.jsonl"));

        public void Dispose() => File.Delete(Path);
    }
}
