using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Journal;

namespace Platform.Core.Storage;

internal sealed partial class EntitySession(NpgsqlDataSource source, string role, EntityId? entity, string actor, TimeProvider clock, BindingForm binding, CancellationToken stop)
    : IEntitySession, IAsyncDisposable
{
    const string CoreRole = "portico_core";

    readonly List<IEvent> _raised = [];
    readonly List<(string Kind, string Body, PersonalData? Personal, string? PersonalText)> _recorded = [];
    readonly List<Guid> _forgotten = [];
    NpgsqlConnection? _connection;
    NpgsqlTransaction? _transaction;
    string _role = role;
    string? _boundRole;
    bool _bindingAnswers;
    (string Kind, string Body)? _otherwise;
    bool _mayHaveWritten;

    public EntityId Entity => entity ?? throw new InvalidOperationException("This session belongs to no entity.");

    public bool RaisedEvents => _raised.Count > 0;

    /// <summary>What the journal says of this transaction when it changes rows and records nothing itself.</summary>
    public void Otherwise(string kind, object body) => _otherwise = (kind, JsonSerializer.Serialize(body, EventCatalog.Json));

    /// <summary>The rest of the transaction runs under another module's role.</summary>
    public void Become(string nextRole) => _role = nextRole;

    /// <summary>Does <paramref name="work"/> in this transaction under another role, and goes on under its own.</summary>
    public async Task<T> Under<T>(string otherRole, Func<EntitySession, Task<T>> work)
    {
        var own = _role;
        Become(otherRole);
        try
        {
            return await work(this);
        }
        finally
        {
            Become(own);
        }
    }

    public async Task<T?> First<T>(string sql, object? args = null)
    {
        Notice(sql);
        var connection = await Open();
        if (_boundRole == _role)
            return await connection.QueryFirstOrDefaultAsync<T>(Plain(sql, args));
        await using var grid = await connection.QueryMultipleAsync(Bound(sql, args));
        await SkipBinding(grid);
        return await grid.ReadFirstOrDefaultAsync<T>();
    }

    public async Task<IReadOnlyList<T>> List<T>(string sql, object? args = null)
    {
        Notice(sql);
        var connection = await Open();
        if (_boundRole == _role)
            return [.. await connection.QueryAsync<T>(Plain(sql, args))];
        await using var grid = await connection.QueryMultipleAsync(Bound(sql, args));
        await SkipBinding(grid);
        return [.. await grid.ReadAsync<T>()];
    }

    public async Task<int> Execute(string sql, object? args = null)
    {
        var connection = await Open();
        var touched = await connection.ExecuteAsync(_boundRole == _role ? Plain(sql, args) : Bound(sql, args));
        _boundRole = _role;
        // Negative where no statement says how many rows it changed: a function may have.
        _mayHaveWritten |= touched != 0;
        return touched;
    }

    public void Raise(IEvent happened) => _raised.Add(happened);

    public void Record(string kind, object body) => _recorded.Add((kind, JsonSerializer.Serialize(body, EventCatalog.Json), null, null));

    // The data are read now: the object may change before the commit, as the body's may.
    public void Record(string kind, object body, PersonalData personal) =>
        _recorded.Add((kind, JsonSerializer.Serialize(body, EventCatalog.Json), personal, PersonalDigest.Text(personal)));

    public void ForgetPerson(Guid subject) => _forgotten.Add(subject);

    public async Task Commit()
    {
        if (_forgotten.Count > 0)
            await ForgetPersons();
        if (_raised.Count > 0 || _recorded.Count > 0 || (_otherwise is not null && _mayHaveWritten))
            await WriteAndCommit();
        else if (_transaction is not null)
            await _transaction.CommitAsync(stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_transaction is not null)
            await _transaction.DisposeAsync();
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    // The last statement goes with them: what leaves with a transaction costs it no round trip of its own.
    const string JournalAndCommit =
        """
        insert into core.journal (entity_id, entry_id, at, actor, kind, body, personal_digest)
        select @entity, j.entry_id, @now, @actor, j.kind, j.body::jsonb, j.personal_digest
          from unnest(@entries, @kinds, @bodies, @digests::bytea[]) as j (entry_id, kind, body, personal_digest)
         where not @ifWritten or pg_current_xact_id_if_assigned() is not null;

        COMMIT
        """;

    const string Outbox =
        """
        insert into core.outbox (entity_id, stream, seq, event_id, type, payload, at)
        select @entity, e.stream, e.seq, e.event_id, e.type, e.payload::jsonb, @now
          from unnest(@streams, @seqs, @events, @types, @payloads) as e (stream, seq, event_id, type, payload);

        insert into core.delivery (entity_id, event_id, handler, stream, seq, state, due_at)
        select @entity, e.event_id, s.handler, e.stream, e.seq, 'due', @now
          from unnest(@streams, @seqs, @events, @types, @audiences) as e (stream, seq, event_id, type, audience)
          join core.subscription s on s.event_type = e.type and (e.audience = '' or s.module = e.audience or s.module in ('core', 'payments'));

        -- Heard by the dispatchers of all hosts once this is committed. It says that there is something, and nothing else.
        select pg_notify('portico_events', '');


        """;

    async Task WriteAndCommit()
    {
        // Whether rows were changed is known to PostgreSQL alone: a function may have, and an update that met none has not.
        var ifWritten = _recorded.Count == 0;
        if (ifWritten && _otherwise is { } otherwise)
            _recorded.Add((otherwise.Kind, otherwise.Body, null, null));
        Become(CoreRole);
        var salts = await Salts();
        var now = clock.GetUtcNow();
        var parameters = new DynamicParameters(new
        {
            entity = Entity.Value,
            now,
            actor,
            ifWritten,
            entries = _recorded.Select(_ => Guid.CreateVersion7(now)).ToArray(),
            kinds = _recorded.Select(r => r.Kind).ToArray(),
            bodies = _recorded.Select(r => r.Body).ToArray(),
            digests = _recorded.Select(r => r.Personal is null ? null : PersonalDigest.Of(salts[r.Personal.Subject], r.PersonalText!)).ToArray(),
        });
        if (_raised.Count > 0)
            parameters.AddDynamicParams(new
            {
                streams = _raised.Select(e => e.Stream).ToArray(),
                seqs = _raised.Select(e => e.Version).ToArray(),
                events = _raised.Select(_ => Guid.CreateVersion7(now)).ToArray(),
                types = _raised.Select(e => EventCatalog.NameOf(e.GetType())).ToArray(),
                payloads = _raised.Select(e => JsonSerializer.Serialize(e, e.GetType(), EventCatalog.Json)).ToArray(),
                audiences = _raised.Select(e => e.Audience ?? "").ToArray(),
            });
        await Execute(_raised.Count > 0 ? Outbox + JournalAndCommit : JournalAndCommit, parameters);
    }

    /// <summary>The salts of the persons that this transaction's journal lines speak of; who has none yet gets one.</summary>
    async Task<IReadOnlyDictionary<Guid, byte[]>> Salts()
    {
        // In one order everywhere, or two transactions could wait for each other.
        var subjects = _recorded.Where(r => r.Personal is not null).Select(r => r.Personal!.Subject).Distinct().Order().ToArray();
        if (subjects.Length == 0)
            return new Dictionary<Guid, byte[]>();
        await Execute(
            """
            insert into core.journal_salt (entity_id, subject_id, salt)
            select @entity, s.subject_id, s.salt from unnest(@subjects, @salts) as s (subject_id, salt)
            on conflict (entity_id, subject_id) do nothing
            """,
            new { entity = Entity.Value, subjects, salts = subjects.Select(_ => RandomNumberGenerator.GetBytes(PersonalDigest.SaltBytes)).ToArray() });
        var kept = await List<SaltRow>(
            "select subject_id, salt from core.journal_salt where entity_id = @entity and subject_id = any(@subjects)", new { entity = Entity.Value, subjects });
        return kept.ToDictionary(row => row.SubjectId, row => row.Salt);
    }

    Task<int> ForgetPersons() => Under(CoreRole, session => session.Execute(
        "delete from core.journal_salt where entity_id = @entity and subject_id = any(@subjects)", new { entity = Entity.Value, subjects = _forgotten.ToArray() }));

    async Task<NpgsqlConnection> Open()
    {
        if (_connection is null)
        {
            _connection = await source.OpenConnectionAsync(stop);
            // Npgsql sends BEGIN together with the first statement: no round trip of its own.
            _transaction = await _connection.BeginTransactionAsync(stop);
        }
        return _connection;
    }

    /// <summary>Remembers a statement that may change rows. Too often rather than too seldom: PostgreSQL has the last word.</summary>
    void Notice(string sql) => _mayHaveWritten |= _otherwise is not null && !_mayHaveWritten && ChangingWords().IsMatch(sql);

    // A function outside PostgreSQL's own may do anything; "for update" only locks.
    [GeneratedRegex(@"\b(insert|delete|merge|truncate|call)\b|(?<!\bfor\s+(no\s+key\s+)?)\bupdate\b|\w""?\s*\.\s*""?\w+""?\s*\(", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ChangingWords();

    CommandDefinition Plain(string sql, object? args) => new(sql, args, _transaction, cancellationToken: stop);

    CommandDefinition Bound(string sql, object? args)
    {
        var parameters = new DynamicParameters(args);
        var (bind, answers) = SessionBinding.Of(binding, _role, entity, TimeLimit.MillisecondsLeft(_role), parameters);
        _bindingAnswers = answers;
        return new(bind + sql, parameters, _transaction, cancellationToken: stop);
    }

    async Task SkipBinding(SqlMapper.GridReader grid)
    {
        if (_bindingAnswers)
            await grid.ReadAsync();
        _boundRole = _role;
    }

    sealed class SaltRow
    {
        public Guid SubjectId { get; init; }
        public byte[] Salt { get; init; } = [];
    }
}
