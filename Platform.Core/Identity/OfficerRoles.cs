using Platform.Core.Entities;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>What somebody was given: a role at an entity, for a time. At the service centre it holds for every entity.</summary>
/// <param name="Scope">Of an officer the service, of a single permission its name; otherwise empty.</param>
/// <param name="ValidUntil">The first day on which it is valid no more.</param>
internal sealed record OfficerGrant(
    Guid GrantId, Guid OfficerId, EntityId Entity, string Role, string Scope, DateOnly ValidFrom, DateOnly? ValidUntil, string GrantedBy, DateTimeOffset GrantedAt, string? RevokedBy, DateTimeOffset? RevokedAt)
{
    public bool IsValid(DateOnly day) => RevokedAt is null && ValidFrom <= day && (ValidUntil is not { } until || day < until);
}

/// <summary>What a role allows. There is no other way to a permission.</summary>
internal static class OfficerRoles
{
    /// <summary>Everything that is declared, at its entity.</summary>
    public const string Administrator = "administrator";

    /// <summary>Everything that one service declares.</summary>
    public const string Officer = "officer";

    /// <summary>Everything that payments declare.</summary>
    public const string Accountant = "accountant";

    /// <summary>Every permission that looks only.</summary>
    public const string Auditor = "auditor";

    /// <summary>One permission by name.</summary>
    public const string Permission = "permission";

    public static IReadOnlyList<string> All { get; } = [Administrator, Officer, Accountant, Auditor, Permission];

    public static bool Allows(string role, string scope, ServicePermission permission) => role switch
    {
        Administrator => true,
        Officer => permission.Id.StartsWith(scope + ".", StringComparison.Ordinal),
        Accountant => permission.Id.StartsWith("payments.", StringComparison.Ordinal),
        Auditor => permission.LooksOnly,
        Permission => permission.Id == scope,
        _ => false,
    };

    /// <summary>The permissions of these grants at one entity; null where none of them holds there.</summary>
    public static IReadOnlySet<string>? At(EntityId entity, IEnumerable<OfficerGrant> valid, IEnumerable<ServicePermission> declared)
    {
        var here = valid.Where(grant => grant.Entity == entity || grant.Entity == EntityId.Centre).ToList();
        return here.Count == 0 ? null : declared.Where(permission => here.Exists(grant => Allows(grant.Role, grant.Scope, permission))).Select(permission => permission.Id).ToHashSet(StringComparer.Ordinal);
    }
}
