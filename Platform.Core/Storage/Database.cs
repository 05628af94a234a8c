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

    public Database(string webConnection)
    {
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
            await using var session = new EntitySession(_source, role, entity, actor, clock, both?.Token ?? stop);
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
