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

    internal Citizen(Uri host, string cookieName, string cookie)
        : this(host)
    {
        _signIn = $"{cookieName}={cookie}; Path=/";
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
        var form = Page.Forms.FirstOrDefault(form => fields.All(field => form.Elements.OfType<IHtmlElement>().Any(element => element.GetAttribute("name") == field.Name)))
            ?? throw new InvalidOperationException($"No form on \"{Heading}\" ({Page.Url}) has the fields {string.Join(", ", fields.Select(f => f.Name))}.");
        foreach (var (name, value) in fields)
            if (form.Elements.OfType<IHtmlInputElement>().FirstOrDefault(button => button.Type == "radio" && button.Name == name && button.Value == value) is { } choice)
                choice.IsChecked = true;
            else if (form.Elements[name] is IHtmlSelectElement list)
                list.Value = value;
            else if (form.Elements[name] is IHtmlInputElement { Type: "checkbox" } box)
                box.IsChecked = box.Value == value;
            else if (form.Elements[name] is IHtmlInputElement input)
                input.Value = value;
            else if (form.Elements[name] is IHtmlTextAreaElement area)
                area.Value = value;
        await form.SubmitAsync();
    }

    /// <summary>Sends the form with a field for files of this name, with the file in it and these boxes or fields filled.</summary>
    /// <returns>The status of the answer; the page it led to is on the screen when it was a redirect or a page.</returns>
    public async Task<int> Upload(string field, string fileName, byte[] content, params (string Name, string Value)[] fields)
    {
        var form = Page.Forms.First(form => form.QuerySelector($"input[type=file][name={field}]") is not null);
        using var body = new MultipartFormDataContent();
        foreach (var hidden in form.QuerySelectorAll("input[type=hidden]").OfType<IHtmlInputElement>())
            body.Add(new StringContent(hidden.Value), hidden.Name!);
        foreach (var (name, value) in fields)
            body.Add(new StringContent(value), name);
        body.Add(new ByteArrayContent(content), field, fileName);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, form.GetAttribute("action") ?? "")) { Content = body };
        request.Headers.Add("Cookie", Cookies);
        using var answer = await client.SendAsync(request);
        if (answer.Headers.Location is { } there)
            await Open(there.OriginalString);
        else
        {
            var html = await answer.Content.ReadAsStringAsync();
            var address = Page.Url;
            await _browser.OpenAsync(page => page.Content(html).Address(address).Status(answer.StatusCode));
        }
        return (int)answer.StatusCode;
    }

    /// <summary>What a form answers when it is sent with these fields, as bytes: for files that a browser would save.</summary>
    public async Task<(int Status, string? Name, byte[] Content)> Fetch(string path, params (string Name, string Value)[] fields)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(fields.Length == 0 ? HttpMethod.Get : HttpMethod.Post, new Uri(_host, path));
        request.Headers.Add("Cookie", Cookies);
        if (fields.Length > 0)
            request.Content = new FormUrlEncodedContent(
                [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), .. Page.QuerySelectorAll("main input[name=__form]").OfType<IHtmlInputElement>().Take(1).Select(token => KeyValuePair.Create(token.Name!, token.Value))]);
        using var answer = await client.SendAsync(request);
        return ((int)answer.StatusCode, answer.Content.Headers.ContentDisposition?.FileName?.Trim('"'), await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>As <see cref="Send"/>, for a form whose answer is a file to save: the page stays on the screen.</summary>
    /// <exception cref="InvalidOperationException">The answer is no file.</exception>
    public async Task<SavedFile> Save(params (string Name, string Value)[] fields)
    {
        var form = Page.Forms.FirstOrDefault(form => fields.All(field => form.Elements[field.Name] is not null))
            ?? throw new InvalidOperationException($"No form on \"{Heading}\" ({Page.Url}) has the fields {string.Join(", ", fields.Select(f => f.Name))}.");
        foreach (var (name, value) in fields)
            foreach (var input in form.Elements.OfType<IHtmlInputElement>().Where(input => input.Name == name))
                if (input.Type is "radio" or "checkbox")
                    input.IsChecked = input.Value == value;
                else
                    input.Value = value;
        var sent = form.GetSubmission() ?? throw new InvalidOperationException("The form cannot be sent.");
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, sent.Target.Href) { Content = new StreamContent(sent.Body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", sent.MimeType);
        request.Headers.TryAddWithoutValidation("Cookie", _browser.GetCookie(sent.Target));
        using var answer = await http.SendAsync(request);
        return answer.Content.Headers.ContentDisposition is { DispositionType: "attachment", FileName: { } file }
            ? new(file.Trim('"'), answer.Content.Headers.ContentType?.MediaType ?? "", await answer.Content.ReadAsByteArrayAsync())
            : throw new InvalidOperationException($"The answer is {(int)answer.StatusCode} and no file.");
    }

    /// <summary>Presses the button with this value of its name, in whichever form it stands.</summary>
    public async Task Press(string name, string value, params (string Name, string Value)[] fields)
    {
        var button = Page.QuerySelectorAll<IHtmlButtonElement>("button").FirstOrDefault(b => b.Name == name && b.Value == value)
            ?? throw new InvalidOperationException($"No button {name}={value} on \"{Heading}\".");
        foreach (var (field, text) in fields)
            button.Form!.QuerySelectorAll<IHtmlInputElement>("input").Single(input => input.Name == field).Value = text;
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

/// <summary>What a browser saved.</summary>
public sealed record SavedFile(string Name, string MediaType, byte[] Content);
