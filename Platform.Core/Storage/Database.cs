using Dapper;
using Npgsql;
using Platform.Core.Entities;

namespace Platform.Core.Storage;

/// <summary>The one pool of connections of a host. All of them sign in as the web role, which by itself may read and write nothing.</summary>
internal sealed class Database : IAsyncDisposable
{
    // Nobody waits longer than this for a page. Whoever knows better says so in the connection string, which comes after.
    const string Limits = "-c statement_timeout=15s";
    const int SecondsForConnection = 10;

    readonly NpgsqlDataSource _source;
    readonly string _listening;
    readonly BindingForm _binding;

    public Database(string webConnection, BindingForm binding = BindingForm.Parameters)
    {
        _binding = binding;
        DapperTypes.Register();
        var settings = new NpgsqlConnectionStringBuilder(webConnection)
        {
            ApplicationName = "portico",
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            Multiplexing = false,
            Enlist = false,
        };
        settings.Options = settings.Options is { Length: > 0 } own ? $"{Limits} {own}" : Limits;
        if (!new System.Data.Common.DbConnectionStringBuilder { ConnectionString = webConnection }.ContainsKey("Timeout"))
            settings.Timeout = SecondsForConnection;
        MostConnections = settings.MaxPoolSize;
        // Not from the pool: it is held for as long as the host runs. The keep-alive finds out about a peer that went silent.
        _listening = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { ApplicationName = "portico events", Pooling = false, MaxAutoPrepare = 0, KeepAlive = 30 }.ConnectionString;
        // Metrics carry the name, not the connection string.
        _source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "portico" }.Build();
    }

    /// <summary>One transaction under <paramref name="role"/>, in which only rows of <paramref name="entity"/> exist (none when it is null).</summary>
    /// <exception cref="TransientStorageException">The database cannot do it now.</exception>
    public async Task<T> Run<T>(string role, EntityId? entity, string actor, TimeProvider clock, Func<EntitySession, Task<T>> work, CancellationToken stop)
    {
        OpenTransaction.Enter();
        var cut = TimeLimit.Cut(role);
        using var both = cut.CanBeCanceled && cut != stop ? CancellationTokenSource.CreateLinkedTokenSource(stop, cut) : null;
        try
        {
            await using var session = new EntitySession(_source, role, entity, actor, clock, _binding, both?.Token ?? stop);
            var result = await work(session);
            await session.Commit();
            return result;
        }
        catch (Exception wrong) when (TransientStorageException.Explains(wrong))
        {
            throw TransientStorageException.Of(wrong)!;
        }
    }

    public NpgsqlDataSource Source => _source;

    public int MostConnections { get; }

    /// <summary>Calls <paramref name="heard"/> once it listens and then for every committed transaction that raised events, on any host; never ends by itself.</summary>
    /// <exception cref="NpgsqlException">The connection could not be made, or broke.</exception>
    public async Task ListenForEvents(Action heard, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(_listening);
        connection.Notification += (_, _) => heard();
        await connection.OpenAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("listen portico_events", cancellationToken: stop));
        heard();
        while (true)
            await connection.WaitAsync(stop);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}

/// <summary>Whether the current call has an open transaction: commands and further sessions are refused inside one.</summary>
internal static class OpenTransaction
{
    static readonly AsyncLocal<bool> Open = new();

    public static bool IsOpen => Open.Value;

    /// <summary>Lasts until the asynchronous method that called it ends.</summary>
    public static void Enter()
    {
        Refuse("open another session");
        Open.Value = true;
    }

    public static void Refuse(string what)
    {
        if (Open.Value)
            throw new InvalidOperationException($"Cannot {what} while a transaction is open: finish the session first, then go on.");
    }
}
