using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Storage.Embedded;
using Portico.Host;

namespace Platform.Testing;

/// <summary>The private PostgreSQL of the tests: one cluster for the process, one migrated template, a copy of it for each test.</summary>
public static class TestCluster
{
    static readonly SemaphoreSlim Opening = new(1, 1);
    static EmbeddedPostgres? _cluster;
    static string? _template;

    /// <summary>The services to be tested, as the build laid them: the folder <c>PorticoPlugins</c> of the test project.</summary>
    public static string Plugins => Whereabouts.Plugins;

    /// <inheritdoc cref="Whereabouts.Artifacts"/>
    internal static string Artifacts => Whereabouts.Artifacts;

    /// <summary>A database of its own with every schema of the platform and of the services, and no rows.</summary>
    public static async Task<TestDatabase> NewDatabase()
    {
        var cluster = await Open();
        var name = $"t_{Guid.NewGuid():n}";
        await Administer($"create database {name} template {_template}");
        return new TestDatabase(cluster, name);
    }

    /// <summary>An empty database, without roles' schemas: for what migrates by itself.</summary>
    public static async Task<TestDatabase> NewEmptyDatabase()
    {
        var cluster = await Open();
        var name = $"t_{Guid.NewGuid():n}";
        await Administer($"create database {name} template template0 encoding 'UTF8'");
        return new TestDatabase(cluster, name);
    }

    internal static async Task Administer(string statement)
    {
        await using var connection = new NpgsqlConnection(_cluster!.ConnectionString("postgres", "portico_super"));
        await connection.OpenAsync();
        await connection.ExecuteAsync(statement);
    }

    static async Task<EmbeddedPostgres> Open()
    {
        await Opening.WaitAsync();
        try
        {
            if (_cluster is not null)
                return _cluster;
            // One cluster per test project, by where it was built: two projects may run at once, and neither loses its server when the other ends,
            // nor its databases when the other's services are different and its template is made.
            var project = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(AppContext.BaseDirectory)))[..8];
            var folder = Path.Combine(Path.GetTempPath(), $"portico-tests-{Environment.UserName}", project);
            var cluster = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = folder }, NullLogger.Instance, CancellationToken.None);
            // The process's end is the cluster's: it dies with its owner, however that ends.
            AppDomain.CurrentDomain.ProcessExit += (_, _) => cluster.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(10));
            _cluster = cluster;
            _template = await Template(cluster);
            return cluster;
        }
        finally
        {
            Opening.Release();
        }
    }

    /// <summary>Made anew when any assembly that brings migrations has changed, once whatever the number of test processes.</summary>
    static async Task<string> Template(EmbeddedPostgres cluster)
    {
        var parts = new[] { typeof(Migrator).Assembly.Location, typeof(global::Platform.Payments.OpenPosition).Assembly.Location }
            .Concat(Directory.GetFiles(Plugins, "*.dll", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
            hash.AppendData(await File.ReadAllBytesAsync(part));
        var name = "template_" + Convert.ToHexStringLower(hash.GetHashAndReset())[..16];

        await using var connection = new NpgsqlConnection(cluster.ConnectionString("postgres", "portico_super"));
        await connection.OpenAsync();
        await connection.ExecuteAsync("select pg_advisory_lock(7405)");
        if (await connection.ExecuteScalarAsync<bool>("select exists (select from pg_database where datname = @name and datistemplate)", new { name }))
            return name;
        foreach (var old in await connection.QueryAsync<string>("select datname from pg_database where datname ~ '^(template_[0-9a-f]{16}|t_[0-9a-f]{32})$'"))
        {
            await connection.ExecuteAsync($"alter database {old} is_template false");
            await connection.ExecuteAsync($"drop database {old} with (force)");
        }
        await connection.ExecuteAsync($"create database {name} template template0 encoding 'UTF8'");
        using var logs = LoggerFactory.Create(_ => { });
        var catalog = await PorticoApp.Migrate(new PorticoOptions { PluginsFolder = Plugins }, new ConfigurationBuilder().Build(), cluster.ConnectionString(name, "portico_super") + ";Pooling=false", logs, CancellationToken.None);
        if (catalog.Quarantined.Count > 0)
            throw new InvalidOperationException($"A service to be tested is refused: {catalog.Quarantined[0].Reason}");
        await connection.ExecuteAsync($"alter database {name} is_template true");
        return name;
    }
}

/// <summary>A database for one test; gone when disposed.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    readonly EmbeddedPostgres _cluster;

    internal TestDatabase(EmbeddedPostgres cluster, string name) => (_cluster, Name) = (cluster, name);

    public string Name { get; }

    /// <summary>As it stands now, like a backup that was restored elsewhere. Nobody may be using it.</summary>
    internal async Task<TestDatabase> Copy()
    {
        var name = $"t_{Guid.NewGuid():n}";
        await TestCluster.Administer($"create database {name} template {Name}");
        return new TestDatabase(_cluster, name);
    }

    /// <summary>As the host serves citizens.</summary>
    public string Web => _cluster.ConnectionString(Name, "portico_web");

    /// <summary>As owner, who sees and may do everything: for looking at what a test did.</summary>
    public string Owner => _cluster.ConnectionString(Name, "portico_super");

    public async Task<IReadOnlyList<T>> Rows<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(Owner);
        return [.. await connection.QueryAsync<T>(sql, args)];
    }

    public async Task<T?> Value<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(Owner);
        return await connection.ExecuteScalarAsync<T>(sql, args);
    }

    public async Task<int> Execute(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(Owner);
        return await connection.ExecuteAsync(sql, args);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await TestCluster.Administer($"drop database if exists {Name} with (force)");
    }
}
