namespace Platform.Core.Office;

/// <summary>What the platform itself lets officers do.</summary>
internal static class CorePermissions
{
    public const string Estate = "core.estate";
    public const string Look = "core.look";
    public const string Packages = "core.packages";
    public const string Keys = "core.keys";
    public const string Settings = "core.settings";
    public const string Maintenance = "core.maintenance";
    public const string Watch = "core.watch";
    public const string Again = "core.again";
}
