using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Platform.Core.Entities;
using Platform.Core.Identity;

namespace Platform.Core.Pages;

/// <summary>One address of a service: reads the request, sends commands, and answers with a component to show or an address to go to.</summary>
/// <remarks>
/// Created anew for each request in the entity's scope. A POST has passed the anti-forgery check before it arrives here.
/// Components are pure views of what the answer hands them, so every page can be drawn in a test without a server.
/// </remarks>
public interface IPage
{
    /// <summary>Shows the page; also asked for HEAD. An exception shows the citizen an apology with a code, and the log has the rest.</summary>
    Task<PageAnswer> Get(PageRequest request, CancellationToken stop);

    /// <summary>Handles the page's form. Unless overridden the page has none, and the answer is 405.</summary>
    Task<PageAnswer> Post(PageRequest request, CancellationToken stop) => Task.FromResult(PageAnswer.MethodNotAllowed);
}

/// <summary>What a page may know of its request.</summary>
/// <param name="Entity">The municipality in whose name the page is drawn.</param>
/// <param name="Creditor">The entity to whom the money of this service is owed.</param>
/// <param name="Culture">it or en, the reader's choice.</param>
/// <param name="Path">The service's own prefix without trailing slash: <c>/bentivoglio/multe</c>. Build links from it.</param>
/// <param name="Route">Values of the route pattern.</param>
/// <param name="Form">The posted form; empty on GET.</param>
/// <param name="Now">The instant of the request by the host's clock.</param>
public sealed record PageRequest(
    Entity Entity, Entity Creditor, CultureInfo Culture, string Path, IReadOnlyDictionary<string, string> Route, IQueryCollection Query, IFormCollection Form, DateTimeOffset Now)
{
    /// <summary>The service's texts in the reader's language, from its embedded <c>Texts/it.json</c> and <c>Texts/en.json</c>.</summary>
    public Texts Texts { get; init; } = PageTexts.Catalog.In(Culture);

    /// <summary>
    /// Who is signed in at the console and what he may do at this desk; null on citizens' pages. On a page of the console <see cref="Entity"/> and <see cref="Creditor"/> are both
    /// the desk's entity, and <see cref="Path"/> is <c>/console/{entity}/{segment}</c>.
    /// </summary>
    public Officer? Officer { get; init; }

    /// <summary>Who is signed in as a citizen, at the level that the page requires or, where it requires none, at any; null when nobody is, and on pages of the console.</summary>
    public SignedInCitizen? Citizen { get; init; }

    /// <summary>What the browser keeps for the platform; null where no browser asked.</summary>
    internal BrowserNotes? Notes { get; init; }
}

/// <summary>What a page answers.</summary>
public abstract record PageAnswer
{
    PageAnswer()
    {
    }

    /// <summary>The page exists but has no form: 405.</summary>
    public static PageAnswer MethodNotAllowed { get; } = new Status(StatusCodes.Status405MethodNotAllowed);

    /// <summary>Nothing here: the entity's own "not found" page, 404.</summary>
    public static PageAnswer NotFound { get; } = new Status(StatusCodes.Status404NotFound);

    /// <summary>Draws <typeparamref name="TComponent"/> with <paramref name="model"/> as its <c>Model</c> parameter.</summary>
    public static PageAnswer View<TComponent>(object model, int status = StatusCodes.Status200OK)
        where TComponent : IComponent => new Show(typeof(TComponent), model, status);

    /// <summary>As <see cref="View{TComponent}"/>, and the browser looks again by itself after so many seconds, script or none: for work that goes on.</summary>
    public static PageAnswer Watch<TComponent>(object model, int seconds)
        where TComponent : IComponent => new Show(typeof(TComponent), model, StatusCodes.Status200OK) { Refresh = seconds };

    /// <summary>A file that the browser saves and does not show, 200, never kept by a cache. It is not an address of its own: after a POST the page stays where it is.</summary>
    /// <param name="content">Read from where it stands, and closed.</param>
    /// <param name="name">What it is saved as: <c>attestazione-2025.pdf</c>. Anything but letters, digits, dots, hyphens and underscores becomes a hyphen.</param>
    /// <param name="mediaType"><c>application/pdf</c>, for instance.</param>
    public static PageAnswer File(Stream content, string name, string mediaType)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new Streamed(name, mediaType, async (to, stop) =>
        {
            await using (content)
                await content.CopyToAsync(to, stop);
        }) { Length = content.CanSeek ? content.Length - content.Position : null };
    }

    /// <inheritdoc cref="File(Stream, string, string)"/>
    public static PageAnswer File(byte[] content, string name, string mediaType) => File(new MemoryStream(content, writable: false), name, mediaType);

    /// <summary>303 See Other, to a path of this host.</summary>
    public static PageAnswer Go(string path) => new SeeOther(path);

    /// <summary>303 See Other to where a checkout leads, which may be a payment gateway. Only a gateway in use is accepted.</summary>
    public static PageAnswer GoTo(Uri address) => new SeeOther((address ?? throw new ArgumentNullException(nameof(address))).ToString());

    /// <summary>Too many tries: a page in plain words that says when to come again, 429 with <c>Retry-After</c>. It looks the same whatever was tried.</summary>
    /// <param name="wait">As <see cref="Limits.ITries"/> told.</param>
    public static PageAnswer TooMany(TimeSpan wait) => new Wait(wait);

    internal sealed record Wait(TimeSpan For) : PageAnswer;

    internal sealed record Show(Type Component, object Model, int Code) : PageAnswer
    {
        public int? Refresh { get; init; }
    }

    /// <summary>A view that was drawn within the limits of its service.</summary>
    internal sealed record Drawn(ReadOnlyMemory<byte> Html, string? ContentType, int Code) : PageAnswer
    {
        public int? Refresh { get; init; }
    }

    /// <summary>A file that is written while it is sent, so that its length does not show in memory. What goes wrong on the way breaks it off.</summary>
    internal sealed record Streamed(string Name, string MediaType, Func<Stream, CancellationToken, Task> Write) : PageAnswer
    {
        /// <summary>In bytes, where it is known beforehand.</summary>
        public long? Length { get; init; }
    }

    internal sealed record SeeOther(string Address) : PageAnswer;

    internal sealed record Status(int Code) : PageAnswer;
}
