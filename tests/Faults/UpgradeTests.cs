using System.Diagnostics;
using System.Net;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>Databases that earlier releases left behind, in Releases/: this one must take each over as it is. A new one: ./build.sh release-dump FILE.</summary>
public sealed class UpgradeTests
{
    static readonly string Releases = Path.Combine(TestCluster.Artifacts, "..", "tests", "Faults", "Releases");

    static IEnumerable<string> Dumps => Directory.GetFiles(Releases, "*.sql").Select(file => Path.GetFileNameWithoutExtension(file)!);

    [TestCaseSource(nameof(Dumps))]
    [CancelAfter(180_000)]
    public async Task The_database_of_an_earlier_release_is_migrated_with_all_that_is_in_it_and_served(string release)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"portico-upgrade-{Guid.NewGuid():n}"[..30]);
        Directory.CreateDirectory(folder);
        await using (var postgres = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = Path.Combine(folder, "pg") }, NullLogger.Instance, CancellationToken.None))
        {
            await using (var connection = new NpgsqlConnection(postgres.ConnectionString("postgres", "portico_super")))
                await connection.ExecuteAsync("create database portico encoding 'UTF8' template template0");
            var owner = postgres.ConnectionString("portico", "portico_super");
            await Restore(owner, Path.Combine(Releases, release + ".sql"));
            await using var books = new NpgsqlConnection(owner);
            var columns = (await books.QueryAsync<(string Table, string Columns)>(Columns)).ToList();
            var before = await Contents(books, columns);
            before.Should().Contain(table => table.Table == "payments.receipt" && table.Rows > 0).And.Contain(table => table.Table == "payments.due_paid" && table.Rows > 0);
            var scripts = await books.ExecuteScalarAsync<long>("select count(*) from core.migration");

            var environment = HostProgram.Environment(postgres.ConnectionString("portico", "portico_web"));
            string[] settings = ["--data", Path.Combine(folder, "host"), "--profile", "test", "--plugins", TestCluster.Plugins];
            await HostProgram.Run(["migrate", "--owner-database", owner, .. settings], environment);

            (await Contents(books, columns)).Should().Equal(before, "no row and no column of the earlier release was lost or changed");
            (await books.ExecuteScalarAsync<long>("select count(*) from core.migration")).Should().BeGreaterThanOrEqualTo(scripts);
            await HostProgram.Run(["journal", "verify", .. settings], environment);
            await HostProgram.Run(["check", "money", "--grace", "0", .. settings], environment);
            await using var host = new HostProcess(HostProgram.Path, ["serve", .. settings, "--listen", "http://127.0.0.1:0"], environment, Path.Combine(folder, "host.log"));
            await host.Start();
            using var http = new HttpClient { BaseAddress = new Uri($"http://{host.Address}") };
            (await http.GetAsync(new Uri($"/{World.Municipality}/multe", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
            foreach (var code in await books.QueryAsync<string>("select code from payments.receipt"))
            {
                var checkedCode = await http.GetAsync(new Uri($"/verifica/{code}", UriKind.Relative));
                checkedCode.StatusCode.Should().Be(HttpStatusCode.OK);
                (await http.GetByteArrayAsync(new Uri($"/verifica/{code}/quietanza.pdf", UriKind.Relative)))
                    .Should().Equal(await books.ExecuteScalarAsync<byte[]>("select pdf from payments.receipt where code = @code", new { code }));
            }
            (await http.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        }
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    // What the earlier release had. What a service of its own brought is there too; its schema has a table of migrations.
    const string Columns =
        """
        select format('%I.%I', n.nspname, c.relname), string_agg(format('t.%I', a.attname), ', ' order by a.attnum)
          from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relkind = 'r' and c.relname <> 'migration' and c.relname <> 'subscription' and exists (select from pg_class m where m.relname = 'migration' and m.relnamespace = n.oid)
         group by n.nspname, c.relname
         order by 1
        """;

    static async Task<IReadOnlyList<(string Table, long Rows, string Sum)>> Contents(NpgsqlConnection books, IEnumerable<(string Table, string Columns)> columns)
    {
        var contents = new List<(string, long, string)>();
        foreach (var (table, names) in columns)
        {
            var (rows, sum) = await books.QuerySingleAsync<(long, string)>($"select count(*), coalesce(md5(string_agg(md5(row({names})::text), '' order by md5(row({names})::text))), '') from {table} t");
            contents.Add((table, rows, sum));
        }
        return contents;
    }

    static async Task Restore(string owner, string file)
    {
        var programs = await PostgresPrograms.For(file, CancellationToken.None);
        var words = new NpgsqlConnectionStringBuilder(owner);
        using var psql = Process.Start(new ProcessStartInfo(
            Path.Combine(programs.Folder, "psql"), ["-h", words.Host!, "-p", $"{words.Port}", "-U", words.Username!, "-d", words.Database!, "-q", "-v", "ON_ERROR_STOP=1", "-f", file])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        })!;
        var said = psql.StandardOutput.ReadToEndAsync();
        var errors = await psql.StandardError.ReadToEndAsync();
        await psql.WaitForExitAsync();
        await said;
        psql.ExitCode.Should().Be(0, errors);
    }
}
