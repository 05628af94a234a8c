namespace Platform.Core.Storage;

/// <summary>Whether what PostgreSQL calls committed survives a power cut. Without that no euro of ours does.</summary>
internal static class Durability
{
    /// <summary>What is wrong with the settings in force on this host's connections, in words; empty when all is well.</summary>
    public static async Task<IReadOnlyList<string>> Complaints(Database database, TimeProvider clock, CancellationToken stop)
    {
        var settings = await database.Run(
            ModuleRoles.Of("core"), null, "start", clock,
            session => session.List<Setting>("select name, setting as value from pg_settings where name in ('synchronous_commit', 'fsync', 'full_page_writes')"), stop);
        return Complaints(settings.ToDictionary(setting => setting.Name, setting => setting.Value, StringComparer.Ordinal));
    }

    public static IReadOnlyList<string> Complaints(IReadOnlyDictionary<string, string> settings)
    {
        var complaints = new List<string>();
        if (settings.GetValueOrDefault("synchronous_commit") is not ("on" or "remote_write" or "remote_apply"))
            complaints.Add($"synchronous_commit is {Named("synchronous_commit")}: a payment that was confirmed can be gone after a crash. Set it to on.");
        if (settings.GetValueOrDefault("fsync") != "on")
            complaints.Add($"fsync is {Named("fsync")}: a power cut can destroy the whole database. Set it to on.");
        if (settings.GetValueOrDefault("full_page_writes") != "on")
            complaints.Add($"full_page_writes is {Named("full_page_writes")}: a power cut can leave torn pages that cannot be repaired. Set it to on.");
        return complaints;

        string Named(string name) => settings.GetValueOrDefault(name) ?? "unknown";
    }

    sealed class Setting
    {
        public string Name { get; init; } = "";
        public string Value { get; init; } = "";
    }
}
