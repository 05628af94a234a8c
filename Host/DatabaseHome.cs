using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Storage.Embedded;

namespace Portico.Host;

/// <summary>Where a host's database is: a PostgreSQL named by its connection string, or the private cluster of the data folder.</summary>
internal sealed class DatabaseHome(string web, string? owner, EmbeddedPostgres? embedded) : IAsyncDisposable
{
    const string DatabaseName = "portico";

    /// <summary>Sign-in of the web role.</summary>
    public string Web => web;

    /// <summary>Sign-in of the owner, or null when this host was not given one.</summary>
    public string? Owner => owner;

    public EmbeddedPostgres? Embedded => embedded;

    public static async Task<DatabaseHome> Open(PorticoOptions options, ILogger log, CancellationToken stop)
    {
        if (options.Database is { } given)
            return new(given, options.OwnerDatabase, null);
        var embedded = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = Path.GetFullPath(options.DataFolder) }, log, stop);
        try
        {
            var owner = embedded.ConnectionString(DatabaseName, "portico_super");
            await CreateDatabase(embedded.ConnectionString("postgres", "portico_super"), stop);
            return new(embedded.ConnectionString(DatabaseName, ModuleRoles.Web), owner, embedded);
        }
        catch
        {
            await embedded.DisposeAsync();
            throw;
        }
    }

    static async Task CreateDatabase(string maintenance, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(stop);
        try
        {
            if (!await connection.ExecuteScalarAsync<bool>("select exists (select from pg_database where datname = 'portico')"))
                await connection.ExecuteAsync("create database portico encoding 'UTF8' template template0");
        }
        catch (PostgresException again) when (again.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another host of the same folder made it in between.
            return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (embedded is not null)
            await embedded.DisposeAsync();
    }
}
