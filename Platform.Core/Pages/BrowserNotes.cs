using Microsoft.AspNetCore.Http;

namespace Platform.Core.Pages;

/// <summary>What a citizen's browser keeps for the platform until it is closed: read with the request, left with its answer. No script sees it.</summary>
internal sealed class BrowserNotes(HttpRequest asked)
{
    readonly Dictionary<string, string?> _left = new(StringComparer.Ordinal);

    public string? Read(string name) => asked.Cookies[name];

    /// <summary>Null: to be forgotten.</summary>
    public void Leave(string name, string? value) => _left[name] = value;

    public void SendWith(HttpResponse response)
    {
        var kept = new CookieOptions { HttpOnly = true, Secure = asked.IsHttps, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };
        foreach (var (name, value) in _left)
            if (value is null)
                response.Cookies.Delete(name, kept);
            else
                response.Cookies.Append(name, value, kept);
    }
}
