using Autofac;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Portico.Host.CommandLine;

namespace Portico.Host.Operations;

/// <summary>How a check went: fine, worth a look, or something that must be mended before citizens come.</summary>
internal enum CheckVerdict
{
    Fine,
    Look,
    Mend,
}

/// <param name="What">What was checked.</param>
/// <param name="Words">What was found, and how to mend it.</param>
internal sealed record CheckResult(string What, CheckVerdict Verdict, string Words);

/// <summary>Looks at everything a host needs to serve well, changes nothing, and says what it found in plain words.</summary>
internal static class HostCheck
{
    const long LeastFreeBytes = 1L << 30;
    const int SoonDays = 30;
    static readonly TimeSpan MostClockDifference = TimeSpan.FromSeconds(2);

    public static async IAsyncEnumerable<CheckResult> Run(
        PorticoOptions options, IConfiguration configuration, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        yield return new("time zone and languages", CheckVerdict.Fine, "Europe/Rome and Italian are here.");
        yield return Disk(options);
        yield return Folder(options, configuration);
        var (services, quarantined) = await PorticoApp.Discover(options, configuration, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        yield return quarantined.Count == 0
            ? new("services", services.Count == 0 ? CheckVerdict.Look : CheckVerdict.Fine, services.Count == 0 ? $"None in {options.PluginsFolder}." : $"{string.Join(", ", services.Select(s => s.Id))}.")
            : new("services", CheckVerdict.Mend, string.Join(" ", quarantined.Select(q => $"{q.Id ?? Path.GetFileName(q.Folder)}: {q.Reason}")));

        if (options.Database is null)
        {
            yield return new("database", CheckVerdict.Look, "None is named, so \"serve\" runs a private cluster in the data folder. For production name one: PORTICO_Database.");
            yield break;
        }
        PorticoApp.CheckConnection(options.Database);
        await using var database = new Database(options.Database);
        Server? server = null;
        string? unreachable = null;
        try
        {
            server = await Ask(database, stop);
        }
        catch (Exception down) when (down is NpgsqlException or TimeoutException)
        {
            unreachable = down.Message;
        }
        if (server is null)
        {
            yield return new("database", CheckVerdict.Mend, $"It does not do what is asked ({unreachable}). If it was never migrated, run \"portico migrate\" as owner.");
            yield break;
        }
        yield return new("database", server.Version >= 150000 ? CheckVerdict.Fine : CheckVerdict.Mend, $"PostgreSQL {server.VersionText}{(server.Version >= 150000 ? "." : "; 15 or newer is needed.")}");
        yield return server.Super || server.Bypass
            ? new("web role", CheckVerdict.Mend, $"{server.User} {(server.Super ? "is a superuser" : "bypasses row-level security")}: entities would see each other's rows. Sign in as portico_web.")
            : new("web role", CheckVerdict.Fine, $"{server.User} owns nothing and bypasses nothing.");
        // The question that "serve" asks, so that nothing is fine here and refused there.
        var complaints = await Durability.Complaints(database, TimeProvider.System, stop);
        yield return complaints.Count == 0
            ? new("durability", CheckVerdict.Fine, "synchronous_commit, fsync and full_page_writes keep what was confirmed.")
            : new("durability", CheckVerdict.Mend, string.Join(" ", complaints));
        var difference = (server.Clock - TimeProvider.System.GetUtcNow()).Duration();
        yield return new(
            "clock", difference <= MostClockDifference ? CheckVerdict.Fine : CheckVerdict.Mend,
            $"{difference.TotalSeconds:0.0} s between this machine and the database{(difference <= MostClockDifference ? "." : "; run NTP on both.")}");

        await foreach (var result in Migrations(database, services, stop))
            yield return result;
        await foreach (var result in Settings(database, services, stop))
            yield return result;
        await foreach (var result in Agreements(options, configuration, database, stop))
            yield return result;
    }

    static CheckResult Disk(PorticoOptions options)
    {
        var folder = Path.GetFullPath(options.DataFolder);
        var existing = folder;
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        var free = new DriveInfo(existing).AvailableFreeSpace;
        return new("disk", free >= LeastFreeBytes ? CheckVerdict.Fine : CheckVerdict.Mend, $"{free >> 20} MiB free for {folder}{(free >= LeastFreeBytes ? "." : "; make room for at least 1 GiB.")}");
    }

    /// <summary>Makes a folder in the data folder, or in the nearest one above it that is there, and takes it away again.</summary>
    static CheckResult Folder(PorticoOptions options, IConfiguration configuration)
    {
        var folder = Path.GetFullPath(options.DataFolder);
        if (options.Database is not null && configuration["Secrets:keys:value"] is { Length: > 0 })
            return new("data folder", CheckVerdict.Fine, "None is needed: the keys of forms and links are in the database.");
        var existing = folder;
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        try
        {
            if (folder.Length > existing.Length && File.Exists(Path.Combine(existing, Path.GetRelativePath(existing, folder).Split('/')[0])))
                throw new IOException("A file stands in its way");
            var trial = Path.Combine(existing, $".portico-check-{Guid.NewGuid():n}");
            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
            return new("data folder", CheckVerdict.Fine, $"{folder} can be written to.");
        }
        catch (Exception closed) when (closed is UnauthorizedAccessException or IOException)
        {
            return new("data folder", CheckVerdict.Mend, $"{folder} cannot be written to ({closed.Message.TrimEnd('.')}). The keys of forms and links stand there: name another with PORTICO_DataFolder.");
        }
    }

    sealed class Server
    {
        public int Version { get; init; }
        public string VersionText { get; init; } = "";
        public string User { get; init; } = "";
        public bool Super { get; init; }
        public bool Bypass { get; init; }
        public DateTimeOffset Clock { get; init; }
    }

    // The role of a module is taken inside the transaction; who signed in is the session's user.
    static async Task<Server> Ask(Database database, CancellationToken stop) => (await database.Run(
        ModuleRoles.Of("core"), null, "check", TimeProvider.System,
        session => session.First<Server>(
            """
            select current_setting('server_version_num')::int as version, current_setting('server_version') as version_text, session_user::text as user,
                   r.rolsuper as super, r.rolbypassrls as bypass, clock_timestamp() as clock
              from pg_roles r where r.rolname = session_user
            """),
        stop))!;

    static async IAsyncEnumerable<CheckResult> Migrations(
        Database database, IReadOnlyList<ServiceDescription> services, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var pending = new List<string>();
        string? failed = null;
        try
        {
            foreach (var (id, assembly) in PorticoApp.ModulesOf(services))
                if ((await Migrator.Pending(database, new(id, assembly), TimeProvider.System, stop)).Count is > 0 and var count)
                    pending.Add($"{id} ({count})");
        }
        catch (NpgsqlException wrong)
        {
            failed = wrong.Message;
        }
        yield return (pending.Count, failed) switch
        {
            (_, not null) => new("migrations", CheckVerdict.Mend, $"They cannot be seen ({failed}). Run \"portico migrate\" as owner."),
            (0, _) => new("migrations", CheckVerdict.Fine, "Up to date."),
            _ => new("migrations", CheckVerdict.Mend, $"Pending: {string.Join(", ", pending)}. Run \"portico migrate\" as owner."),
        };
    }

    /// <summary>What each service says of the settings of each creditor for whom it is offered.</summary>
    static async IAsyncEnumerable<CheckResult> Settings(
        Database database, IReadOnlyList<ServiceDescription> services, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        using var directory = new EntityDirectory(database, TimeProvider.System);
        EntitySnapshot? entities = null;
        string? failed = null;
        try
        {
            entities = await directory.Current(stop);
        }
        catch (NpgsqlException wrong)
        {
            failed = wrong.Message;
        }
        if (entities is null)
        {
            yield return new("settings", CheckVerdict.Mend, $"They cannot be read: {failed}");
            yield break;
        }
        foreach (var service in services.Where(service => service.Settings is not null))
            foreach (var creditor in entities.CreditorsOf(service.Id))
            {
                var lines = await new SettingsStore(database, TimeProvider.System).Judge(service, creditor, stop);
                foreach (var line in lines.Where(line => !line.Ready))
                    yield return new($"{service.Id}, {creditor.Name} ({creditor.Code})", CheckVerdict.Mend, line.Words);
                if (lines.All(line => line.Ready))
                    yield return new($"{service.Id}, {creditor.Name} ({creditor.Code})", CheckVerdict.Fine, "ready.");
            }
    }

    static async IAsyncEnumerable<CheckResult> Agreements(
        PorticoOptions options, IConfiguration configuration, Database database, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        IReadOnlyList<(Guid Id, EntityId Owner, DateOnly From, DateOnly? Until, bool Changing, string? Fault)> known = [];
        EntitySnapshot? entities = null;
        string? failed = null;
        try
        {
            await using var trial = PorticoApp.Trial(options, configuration, database);
            known = await trial.Resolve<Agreements>().Judge(stop);
            entities = await trial.Resolve<EntityDirectory>().Current(stop);
        }
        catch (NpgsqlException wrong)
        {
            failed = wrong.Message;
        }
        var today = LegalTime.Day(TimeProvider.System.GetUtcNow());
        if (failed is not null)
            yield return new("bank agreements", CheckVerdict.Mend, $"They cannot be read: {failed}");
        else if (!known.Any(agreement => agreement.From <= today && (agreement.Until is not { } end || today < end)))
            yield return new("bank agreements", CheckVerdict.Look, "None is valid today: nobody can pay. See \"portico agreement set --help\".");
        foreach (var (id, owner, from, until, changing, fault) in known.Where(agreement => agreement.Until is not { } end || today < end).OrderBy(agreement => agreement.From))
        {
            var whose = $"agreement {id} of {entities!.ById(owner)?.Name ?? $"entity {owner.Value}"}";
            yield return (fault, from > today, until) switch
            {
                // One that is not valid yet has time to be mended, and so does nobody harm today.
                (not null, var later, _) => new(whose, later ? CheckVerdict.Look : CheckVerdict.Mend, $"It cannot be used here: {fault}"),
                (_, true, _) => new(whose, CheckVerdict.Fine, $"Can be used, from {from:yyyy-MM-dd} on."),
                (_, _, { } end) when end <= today.AddDays(SoonDays) => new(whose, CheckVerdict.Look, $"Can be used, and ends on {end.AddDays(-1):yyyy-MM-dd}."),
                _ when changing => new(whose, CheckVerdict.Look, "Can be used. Secrets of before are still believed: take them away when the bank signs with the new ones."),
                _ => new(whose, CheckVerdict.Fine, "Can be used."),
            };
        }
    }
}
