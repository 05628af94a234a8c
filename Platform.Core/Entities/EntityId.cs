namespace Platform.Core.Entities;

/// <summary>Number of an entity (ente). 0 is the service centre itself. As owner of a row it is always the <em>creditor</em>.</summary>
public readonly record struct EntityId(int Value)
{
    /// <summary>The service centre, owner of what belongs to no single entity.</summary>
    public static EntityId Centre => default;

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
