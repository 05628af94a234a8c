namespace Platform.Core.Entities;

/// <summary>What kind of public body an entity is.</summary>
public enum EntityKind
{
    /// <summary>The provincial office that runs the host.</summary>
    ServiceCentre,
    /// <summary>A comune: it has citizens and pages of its own.</summary>
    Municipality,
    /// <summary>An unione di comuni: it may be the creditor of a service its members show.</summary>
    Union,
    Province,
}

/// <summary>A public body (ente) as citizens and banks know it.</summary>
/// <param name="Code">Three characters of <c>[0-9A-Z]</c>, unique; begins every order number and verification code of the entity.</param>
/// <param name="Slug">Its first path segment, <c>/marzabotto</c>; lower-case letters, digits and hyphens, unique.</param>
/// <param name="IstatCode">The six-digit ISTAT code of a municipality, or null.</param>
/// <param name="TaxCode">The body's eleven-digit tax code (codice fiscale), check digit verified.</param>
/// <param name="Colour">Brand colour as <c>#rrggbb</c>; contrast against white at least 4.5:1.</param>
public sealed record Entity(
    EntityId Id, string Code, string Slug, string Name, EntityKind Kind, string? IstatCode, string TaxCode, string Colour,
    string? Website, string? Address, string? Phone, string? Email, string? Pec)
{
    /// <summary>Where the entity's logo is, or null: then the initials of its name stand for it. The address changes with the picture.</summary>
    public string? LogoPath { get; init; }

    /// <summary>The entity's own host name, the first by the alphabet of those it has, or null: its pages are then under the host's own name only.</summary>
    public string? HostName { get; init; }
}
