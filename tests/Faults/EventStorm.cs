using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Portico.Faults;

/// <param name="Events">Raised in all, on <paramref name="Streams"/> streams of two entities; two handlers hear each.</param>
/// <param name="Kills">Spread evenly over the deliveries, so that they hit hosts at work however fast the machine is.</param>
/// <param name="Seed">Chooses streams, failures and victims.</param>
internal sealed record StormPlan(int Events, int Streams, int Kills, int Seed);

/// <summary>What was found when all was quiet, counted from the rows that the handlers wrote and not from what the dispatchers noted.</summary>
internal sealed record StormFound(int Events, int Deliveries, int Failures, int Replayed, int Doubled, int Lost, int OutOfOrder, int Kills, double Seconds)
{
    public bool Clean => Doubled == 0 && Lost == 0 && OutOfOrder == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        | | |
        |---|---:|
        | events raised | {Events} |
        | deliveries (two handlers) | {Deliveries} |
        | failures of handlers | {Failures} |
        | of them parked and replayed | {Replayed} |
        | `kill -9` of one of two hosts | {Kills} |
        | **doubled** | {Doubled} |
        | **lost** | {Lost} |
        | **out of order** | {OutOfOrder} |
        | seconds | {Seconds:0.0} |
        """);
}

/// <summary>Two real hosts deliver events of many streams to handlers that fail at random, and are killed while they do.</summary>
internal sealed class EventStorm : IAsyncDisposable
{
    static readonly (string Code, int Id)[] Entities = [("URG", 137001), ("MZB", 37036)];
    static readonly string[] Handlers = ["WriteDown", "WriteElsewhere"];

    readonly string _folder;
    readonly EmbeddedPostgres _postgres;
    readonly StormPlan _plan;
    readonly Random _dice;
    readonly string _owner;
    readonly HostProcess[] _hosts;
    readonly ConcurrentBag<Task> _restarts = [];

    EventStorm(string folder, EmbeddedPostgres postgres, StormPlan plan)
    {
        (_folder, _postgres, _plan, _dice) = (folder, postgres, plan, new(plan.Seed));
        _owner = postgres.ConnectionString("portico", "portico_super");
        _hosts =
        [
            .. Enumerable.Range(1, 2).Select(n => new HostProcess(
                HostProgram.Path, ["serve", .. Settings($"host{n}"), "--listen", "http://127.0.0.1:0"], Environment, Path.Combine(folder, $"host{n}.log"))),
        ];
    }

    Dictionary<string, string> Environment => HostProgram.Environment(_postgres.ConnectionString("portico", "portico_web"));

    IEnumerable<string> Settings(string data) =>
        ["--data", Path.Combine(_folder, data), "--profile", "test", "--plugins", Path.Combine(TestCluster.Artifacts, "test-plugins")];

    public static async Task<EventStorm> Create(StormPlan plan)
    {
        var folder = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-storm-{System.Environment.ProcessId}-{System.Environment.TickCount64}"));
        Directory.CreateDirectory(folder);
        var postgres = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = Path.Combine(folder, "pg") }, NullLogger.Instance, CancellationToken.None);
        await using (var connection = new NpgsqlConnection(postgres.ConnectionString("postgres", "portico_super")))
            await connection.ExecuteAsync("create database portico encoding 'UTF8' template template0");
        var storm = new EventStorm(folder, postgres, plan);
        await storm.Portico("migrate", "--owner-database", storm._owner);
        await storm.Portico("entity", "import", Path.Combine(TestCluster.Artifacts, "..", "Host", "Demo", "entities.csv"));
        return storm;
    }

    public async Task<StormFound> Run()
    {
        await Task.WhenAll(_hosts.Select(host => host.Start()));
        var streams = Enumerable.Range(0, _plan.Streams).Select(n => new Stream(Entities[n % 2].Code, Entities[n % 2].Id, Scattered())).ToArray();
        for (var raised = 0; raised < _plan.Events;)
        {
            var stream = streams[_dice.Next(streams.Length)];
            var times = Math.Min(1 + _dice.Next(4), _plan.Events - raised);
            stream.Raised.Add(times);
            raised += times;
        }
        await PlantTrouble(streams);

        var begun = Stopwatch.GetTimestamp();
        var raising = Task.WhenAll(Entities.Select(entity => Raise(entity.Code, [.. streams.Where(stream => stream.Entity == entity.Code)])));
        var (kills, replayed) = await UntilQuiet(raising);
        await raising;
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return await Compare(streams, kills, replayed, seconds);
    }

    /// <summary>Three in a hundred deliveries fail until their trouble is taken away.</summary>
    async Task PlantTrouble(Stream[] streams)
    {
        var troubles =
            (from stream in streams from handler in Handlers from seq in Enumerable.Range(1, stream.Events) where _dice.Next(100) < 3 select (stream.EntityId, handler, stream.Id, seq)).ToList();
        await Execute(
            "insert into probe.trouble select * from unnest(@entities, @handlers, @streams, @seqs)",
            new
            {
                entities = troubles.ConvertAll(t => t.EntityId).ToArray(), handlers = troubles.ConvertAll(t => t.handler).ToArray(),
                streams = troubles.ConvertAll(t => t.Id).ToArray(), seqs = troubles.ConvertAll(t => t.seq).ToArray(),
            });
    }

    /// <summary>By the command line, in a process that nobody kills, while the hosts deliver.</summary>
    async Task Raise(string entity, Stream[] streams)
    {
        var file = Path.Combine(_folder, entity + ".txt");
        var lines = streams.SelectMany(stream => stream.Raised.Select(times => string.Create(CultureInfo.InvariantCulture, $"{stream.Id};{times}"))).ToArray();
        new Random(_plan.Seed).Shuffle(lines);
        await File.WriteAllLinesAsync(file, lines);
        await Portico("probe", "raise", "--entity", entity, file);
    }

    /// <summary>Kills hosts as the work goes on, and takes troubles away; a try that is due later is brought forward.</summary>
    async Task<(int Kills, int Replayed)> UntilQuiet(Task raising)
    {
        var (kills, replayed, deliveries) = (0, 0, _plan.Events * Handlers.Length);
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromMinutes(15))
                throw new InvalidOperationException($"The events do not come to rest; what the hosts said is in {_folder}.");
            await Task.Delay(100);
            var effects = await Value<int>("select count(*)::int from probe.effect");
            if (kills < _plan.Kills && effects > (kills + 1L) * deliveries / (_plan.Kills + 1))
            {
                var victim = _hosts[_dice.Next(_hosts.Length)];
                if (victim.Address is null)
                    continue;
                await victim.Killed();
                kills++;
                _restarts.Add(victim.Start());
            }
            await Execute(
                """
                delete from probe.trouble t
                 using (select p.ctid from probe.trouble p
                          join core.delivery d on d.entity_id = p.entity_id and d.handler = 'probe.' || p.handler and d.stream = p.stream and d.seq = p.seq and d.tries > 0
                           for update of p skip locked) as failed
                 where t.ctid = failed.ctid and random() < 0.3
                """);
            await Execute("update core.delivery d set due_at = now() from (select ctid from core.delivery where state = 'due' and due_at > now() for update skip locked) free where d.ctid = free.ctid");
            if (!raising.IsCompleted || await Value<int>("select count(*)::int from core.delivery where state = 'due'") > 0)
                continue;
            var parked = await Value<int>("select count(*)::int from core.delivery where state = 'parked'");
            if (parked == 0)
                return (kills, replayed);
            await Execute("delete from probe.trouble");
            foreach (var entity in await Rows<string>("select distinct e.code from core.delivery d join core.entity e using (entity_id) where state = 'parked'"))
                await Portico("events", "replay", entity, "--all", "--by", "the storm");
            replayed += parked;
        }
    }

    async Task<StormFound> Compare(Stream[] streams, int kills, int replayed, double seconds)
    {
        await Task.WhenAll(_restarts);
        var effects = (await Rows<Effect>("select entity_id as entityId, handler, stream, seq, place from probe.effect")).ToLookup(effect => (effect.EntityId, effect.Handler, effect.Stream, effect.Seq));
        var expected = (from stream in streams from handler in Handlers from seq in Enumerable.Range(1, stream.Events) select (stream.EntityId, handler, stream.Id, seq)).ToHashSet();
        return new(
            Events: await Value<int>("select count(*)::int from core.outbox where type = 'probe.happened.1'"),
            Deliveries: effects.Count,
            Failures: await Value<int>("select coalesce(sum(tries - 1), 0)::int from core.delivery") + 10 * replayed,
            replayed,
            Doubled: effects.Sum(one => one.Count() - 1) + effects.Count(one => !expected.Contains(one.Key)),
            Lost: expected.Count(one => !effects.Contains(one)),
            OutOfOrder: effects.SelectMany(one => one).Count(effect => effect.Place != effect.Seq),
            kills, seconds);
    }

    Guid Scattered()
    {
        var bytes = new byte[16];
        _dice.NextBytes(bytes);
        return new(bytes);
    }

    Task Portico(params string[] command) => HostProgram.Run([.. command, .. Settings("cli")], Environment);

    async Task<IReadOnlyList<T>> Rows<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(_owner);
        return [.. await connection.QueryAsync<T>(sql)];
    }

    async Task<T> Value<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(_owner);
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    async Task Execute(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(_owner);
        await connection.ExecuteAsync(sql, args);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await _postgres.DisposeAsync();
        if (System.Environment.GetEnvironmentVariable("PORTICO_FAULTS_KEEP") is null)
            Directory.Delete(_folder, recursive: true);
        else
            Console.WriteLine($"Kept: {_folder}");
    }

    sealed record Stream(string Entity, int EntityId, Guid Id)
    {
        public List<int> Raised { get; } = [];

        public int Events => Raised.Sum();
    }

    sealed record Effect(int EntityId, string Handler, Guid Stream, int Seq, int Place);
}
