using System.Globalization;
using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace Platform.Testing;

/// <summary>A person with a browser that runs no scripts: opens pages, fills forms, follows links, to the bank and back, over real HTTP.</summary>
public sealed class Citizen : IDisposable
{
    readonly IBrowsingContext _browser = BrowsingContext.New(Configuration.Default.WithDefaultLoader().WithDefaultCookies());
    readonly Uri _host;
    readonly string _signIn = "";

    internal Citizen(Uri host) => _host = host;

    internal Citizen(Uri host, Guid officer, string cookie)
        : this(host)
    {
        OfficerId = officer;
        _signIn = $"portico-console={cookie}; Path=/";
        Become(this);
    }

    /// <summary>The officer's number, where <see cref="PorticoTestHost.SignIn"/> made this browser.</summary>
    public Guid? OfficerId { get; }

    /// <summary>The page on the screen.</summary>
    public IDocument Page => _browser.Active ?? throw new InvalidOperationException("No page is open yet.");

    /// <summary>Its main heading.</summary>
    public string Heading => Text(Page.QuerySelector("h1"));

    /// <summary>All that can be read in its main part.</summary>
    public string Reads => Text(Page.QuerySelector("main") ?? Page.Body);

    public int Status => (int)Page.StatusCode;

    public Uri Address => new(Page.Url);

    public async Task Open(string path) => await _browser.OpenAsync(new Uri(_host, path).AbsoluteUri);

    /// <summary>Fills the fields of the first form that has them, by name, and sends it with its button.</summary>
    public async Task Send(params (string Name, string Value)[] fields)
    {
        var form = Page.Forms.FirstOrDefault(form => fields.All(field => form.Elements[field.Name] is not null))
            ?? throw new InvalidOperationException($"No form on \"{Heading}\" ({Page.Url}) has the fields {string.Join(", ", fields.Select(f => f.Name))}.");
        foreach (var (name, value) in fields)
            if (form.Elements[name] is IHtmlInputElement input)
                input.Value = value;
        await form.SubmitAsync();
    }

    /// <summary>Presses the button with this value of its name, in whichever form it stands.</summary>
    public async Task Press(string name, string value)
    {
        var button = Page.QuerySelectorAll<IHtmlButtonElement>("button").FirstOrDefault(b => b.Name == name && b.Value == value)
            ?? throw new InvalidOperationException($"No button {name}={value} on \"{Heading}\".");
        await button.Form!.SubmitAsync(button);
    }

    /// <summary>Presses the button with this text.</summary>
    public async Task Press(string text)
    {
        var button = Page.QuerySelectorAll<IHtmlButtonElement>("button").FirstOrDefault(b => Text(b) == text) ?? throw new InvalidOperationException($"No button \"{text}\" on \"{Heading}\".");
        await button.Form!.SubmitAsync(button);
    }

    public async Task Follow(string linkText)
    {
        var link = Page.QuerySelectorAll<IHtmlAnchorElement>("a").FirstOrDefault(a => Text(a) == linkText)
            ?? throw new InvalidOperationException($"No link \"{linkText}\" on \"{Heading}\".");
        await _browser.OpenAsync(link.Href);
    }

    /// <summary>Sends the first form of the page's main part.</summary>
    public Task SubmitMain() => SubmitOnly("main form");

    /// <summary>What the browser would send as cookies.</summary>
    internal string Cookies => _browser.GetCookie(new Url(_host.AbsoluteUri));

    /// <summary>Takes over the other officer's sign-in, and keeps the page on the screen.</summary>
    internal void Become(Citizen other) => _browser.SetCookie(new Url(_host.AbsoluteUri), other._signIn);

    /// <summary>Somebody put a cookie into this browser.</summary>
    internal void Bring(string cookie) => _browser.SetCookie(new Url(_host.AbsoluteUri), cookie + "; Path=/");

    public async Task LookAgain() => await _browser.OpenAsync(Page.Url);

    /// <summary>Finds a fine on a municipality's page.</summary>
    internal async Task FindFine(string municipality, Fine fine)
    {
        await Open($"/{municipality}/multe");
        await Send(("verbale", fine.Number), ("data", fine.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ("targa", fine.Plate));
    }

    /// <summary>From a page with a form that pays to the bank's card page.</summary>
    public Task GoToBank() => SubmitOnly("main form[method=post]:has(input[name=attempt])");

    /// <summary>On the bank's card page: pays with the test card and lets the bank bring the browser back.</summary>
    public async Task PayAtBank()
    {
        await Press("azione", "paga");
        await SubmitOnly("form");
    }

    /// <summary>On the bank's card page: gives up.</summary>
    public async Task CancelAtBank()
    {
        await Press("azione", "annulla");
        await SubmitOnly("form");
    }

    async Task SubmitOnly(string selector)
    {
        var form = Page.QuerySelector<IHtmlFormElement>(selector) ?? throw new InvalidOperationException($"No form on \"{Heading}\" ({Page.Url}).");
        await form.SubmitAsync();
    }

    static string Text(INode? node) => string.Join(' ', (node?.TextContent ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public void Dispose() => _browser.Dispose();
}
