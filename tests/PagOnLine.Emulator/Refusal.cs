namespace PagOnLine.Emulator;

/// <summary>An expected no, in the words of both languages.</summary>
internal sealed record Refusal(int Status, string Code, string Italian, string English, string? SiteAddress = null)
{
    public string In(string language) => language == "en" ? English : Italian;
}
