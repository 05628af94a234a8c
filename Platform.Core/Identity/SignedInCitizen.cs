namespace Platform.Core.Identity;

/// <summary>A citizen who signed in at a provider of identities (SPID, CIE, a region's hub). All of it is personal data: it goes into no log, no address and no line of the journal.</summary>
public sealed class SignedInCitizen
{
    internal SignedInCitizen(TaxCode taxCode, string name, int level, byte[] session) => (TaxCode, Name, Level, Session) = (taxCode, name, level, session);

    /// <summary>A person's, its check character verified, as the provider told it: nobody typed it. Look up by it what is his.</summary>
    public TaxCode TaxCode { get; }

    /// <summary>The name to show on pages, as the provider writes it; the tax code where it tells none.</summary>
    public string Name { get; }

    /// <summary>The level of assurance of this sign-in: 1 a password, 2 a second factor, 3 a device with certificates (eIDAS low, substantial, high).</summary>
    public int Level { get; }

    /// <summary>The digest by which the sign-in is kept.</summary>
    internal byte[] Session { get; }

    /// <summary>Says nothing of the person: no name reaches a log by way of it.</summary>
    public override string ToString() => "a citizen who is signed in";
}
