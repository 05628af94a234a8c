namespace Platform.Core.Identity;

/// <summary>A provider of identities that speaks OpenID Connect, and how its claims are read.</summary>
internal sealed record IdentityProvider
{
    public required string Id { get; init; }

    /// <summary>What the sign-in page calls it.</summary>
    public required string Title { get; init; }

    public required string Authority { get; init; }

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile"];

    /// <summary>SPID and CIE name it so, with <see cref="TaxCodePrefix"/> before the code (ETSI EN 319 412-1: a tax number of Italy).</summary>
    public string TaxCodeClaim { get; init; } = "fiscal_number";

    public string TaxCodePrefix { get; init; } = "TINIT-";

    public string LevelClaim { get; init; } = "acr";

    /// <summary>What the provider calls each level of assurance; a value that is not here counts as none.</summary>
    public IReadOnlyDictionary<string, int> Levels { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["https://www.spid.gov.it/SpidL1"] = 1, ["https://www.spid.gov.it/SpidL2"] = 2, ["https://www.spid.gov.it/SpidL3"] = 3,
    };

    /// <summary>Officers sign in by it.</summary>
    public bool ForOfficers { get; init; } = true;

    /// <summary>Citizens sign in by it.</summary>
    public bool ForCitizens { get; init; }

    public string CallbackPath => $"{Root}/{Id}";

    public string CitizensCallbackPath => $"{CitizenPaths.Callback}/{Id}";

    /// <summary>The framework's name for the citizens' way to it; no provider can be called so.</summary>
    public string CitizensScheme => Id + ":citizens";

    public const string Root = "/console/accesso/oidc";

    /// <summary>Without its secret: it is written into logs.</summary>
    public override string ToString() => Id;
}
