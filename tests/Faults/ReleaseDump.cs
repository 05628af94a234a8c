using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Platform.Core.Storage.Embedded;

namespace Portico.Faults;

/// <summary>A database as this release leaves it behind, with generated citizens' payments in it: what the next release must be able to take over.</summary>
internal static partial class ReleaseDump
{
    const int Fines = 4;

    public static async Task<int> Write(string file, Action<string> tell)
    {
        await using var world = await World.Create(Fines);
        await using (var citizens = new Citizens(world, seed: 3, TimeSpan.FromMilliseconds(200)))
        {
            await world.Host.Start();
            citizens.Open();
            while (citizens.Started < Fines)
                await Task.Delay(100);
            await citizens.Close();
            var audit = new Audit(world, citizens);
            await audit.Quiet();
            var found = await audit.Compare();
            if (!found.Clean || found.Taken == 0)
                throw new InvalidOperationException($"This database is no example: {string.Join("; ", found.Details)}");
        }
        // The journal is sealed every five seconds at most.
        while (await world.Value<long>("select count(*) from core.journal where block is null") > 0)
            await Task.Delay(500);
        await world.Host.Killed();

        var programs = await PostgresPrograms.For(file, CancellationToken.None);
        var words = new NpgsqlConnectionStringBuilder(world.Owner);
        var dump = await Said(Path.Combine(programs.Folder, "pg_dump"), "-h", words.Host!, "-p", $"{words.Port}", "-U", words.Username!, words.Database!);
        // Lines that only the psql of the same release understands.
        await File.WriteAllTextAsync(file, string.Join('\n', await world.Rows<string>(Roles)) + "\n\n" + OwnPsql().Replace(dump, ""));
        tell($"{file}: {new FileInfo(file).Length / 1024} KiB");
        return 0;
    }

    // Roles belong to the cluster and are in no dump of a database. The owner's own is another at each place.
    const string Roles =
        """
        select format('create role %I %s %s;', rolname, case when rolcanlogin then 'login' else 'nologin' end, case when rolinherit then 'inherit' else 'noinherit' end)
          from pg_roles where rolname ~ '^portico_' and not rolsuper
        union all
        select format('alter role %I set %s;', r.rolname, regexp_replace(c, '=(.*)', ' = ''\1''')) from pg_roles r cross join unnest(r.rolconfig) as c where r.rolname ~ '^portico_' and not r.rolsuper
        union all
        select format('grant %I to %I;', g.rolname, m.rolname)
          from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member where g.rolname ~ '^portico_' and not m.rolsuper
        """;

    static async Task<string> Said(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, UseShellExecute = false })!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{program}: {await errors}");
    }

    [GeneratedRegex(@"^\\(un)?restrict .*\n", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OwnPsql();
}
