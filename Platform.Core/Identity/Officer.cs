using System.Globalization;

namespace Platform.Core.Identity;

/// <summary>Who is signed in at the console, at the desk of one entity.</summary>
public sealed class Officer
{
    readonly Func<string, bool> _may;
    readonly string _kind = "officer";

    internal Officer(Guid id, string name, Func<string, bool> may) => (Id, Name, _may) = (id, name, may);

    Officer(Guid key, string name, IReadOnlyList<string> may)
        : this(key, name, permission => may.Contains(permission, StringComparer.Ordinal)) => _kind = "key";

    /// <summary>Another system that came with a key of the entity's: it may what the key may, and no page.</summary>
    internal static Officer OfKey(Guid key, string name, IReadOnlyList<string> may) => new(key, name, may);

    /// <summary>His number, under which the journal and other records know him. Two different numbers are two persons: four eyes compare them.</summary>
    public Guid Id { get; }

    /// <summary>The name to show on pages. Personal data: rows and the journal keep <see cref="Id"/>.</summary>
    public string Name { get; }

    /// <summary>How records name who did something: <c>officer:</c> and his number; <c>key:</c> and its number where another system loaded a file by a key.</summary>
    public string Actor => string.Create(CultureInfo.InvariantCulture, $"{_kind}:{Id}");

    /// <summary>Whether he may, at the desk's entity and today. A permission that nobody declares is nobody's.</summary>
    /// <param name="permission">As its service declares it: <c>fines.load</c>.</param>
    public bool May(string permission) => _may(permission);

    /// <summary>As <see cref="Actor"/>: no name reaches a log by way of it.</summary>
    public override string ToString() => Actor;
}
