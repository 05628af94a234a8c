namespace Platform.Payments;

/// <summary>Secrets that stand in public manuals and samples: whoever reads those can sign with them. Production refuses them.</summary>
internal static class PublishedSecrets
{
    /// <summary>PagOnLine's published test merchant: <c>b1</c> twenty-five times.</summary>
    public static readonly string PagOnLineTest = string.Concat(Enumerable.Repeat("b1", 25));

    /// <summary>The shared key of PagOnline Imprese's published test terminals.</summary>
    public const string ImpreseTest = "UNI_TESTKEY";

    public static bool Contains(string secret) => secret == PagOnLineTest || secret == ImpreseTest;
}
