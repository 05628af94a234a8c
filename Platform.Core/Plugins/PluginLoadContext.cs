using System.Reflection;
using System.Runtime.Loader;

namespace Platform.Core.Plugins;

/// <summary>A service's own world: what belongs to the contract comes from the host, everything else from the service's folder.</summary>
/// <remarks>Not collectible: Autofac, MediatR and Dapper keep types for the life of the process, so installing or upgrading a service is a restart.</remarks>
internal sealed class PluginLoadContext(string mainAssembly) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(mainAssembly))
{
    readonly AssemblyDependencyResolver _resolver = new(mainAssembly);

    /// <summary>Whether an assembly is part of the contract: there is one of it, the host's.</summary>
    public static bool IsShared(string name) =>
        name is "Autofac" or "MediatR" or "Dapper" or "Npgsql" or "FluentValidation" or "netstandard" or "mscorlib" or "System"
        || name.StartsWith("Platform.", StringComparison.Ordinal)
        || name.StartsWith("Microsoft.", StringComparison.Ordinal)
        || name.StartsWith("System.", StringComparison.Ordinal);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name is { } name && IsShared(name) && HostHas(assemblyName))
            return null;
        return _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    static bool HostHas(AssemblyName name)
    {
        try
        {
            return Default.LoadFromAssemblyName(name) is not null;
        }
        catch (Exception missing) when (missing is FileNotFoundException or FileLoadException)
        {
            return false;
        }
    }
}
