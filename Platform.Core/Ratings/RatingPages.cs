using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Entities;
using Platform.Core.Limits;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Ratings;

/// <summary><c>/{entity}/valutazione</c>: the stars, then what they mean, then thanks. Each step is kept when it is sent, so that who stops half-way has said something.</summary>
internal sealed class RatingPages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog, RatingStore ratings, AddressLimits addresses)
{
    public const string Segment = "valutazione";
    public const string Token = "voto";
    public const string Stars = "stelle";
    public const string Reason = "motivo";
    public const string Words = "dettagli";
    const string Done = "fatto";
    const int Most = 30;

    static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    public async Task Get(HttpContext http)
    {
        if (await Wanted(http) is not { } entity)
            return;
        var frame = pages.FrameOf(http, entity);
        if (await Opened(http, frame, http.Request.Query[Token].ToString()) is not { } thing)
            return;
        frame = Framed(frame, thing);
        var rating = await ratings.Find(thing, http.RequestAborted);
        var form = new FormState().Set(Reason, rating?.Reason).Set(Words, rating?.Words).Set(Stars, rating?.Stars.ToString(CultureInfo.InvariantCulture));
        await Show(http, frame, new(new(http.Request.Query[Token].ToString()), form, rating?.Stars, http.Request.Query.ContainsKey(Done) && rating is not null));
    }

    public async Task Post(HttpContext http)
    {
        if (await Wanted(http) is not { } entity)
            return;
        var frame = pages.FrameOf(http, entity);
        if (addresses.Count(http, "ratings", Most, Within) is { } wait)
        {
            await pages.TooMany(http, frame, wait);
            return;
        }
        if (await pages.Posted(http, frame, frame.HomePath) is not { } posted)
            return;
        var form = FormState.From(posted);
        if (await Opened(http, frame, form[Token]) is not { } thing)
            return;
        frame = Framed(frame, thing);
        var t = PageTexts.Catalog.In(frame.Culture);
        var rating = await ratings.Find(thing, http.RequestAborted);
        var address = $"/{entity.Slug}/{Segment}?{Token}={form[Token]}";
        if (posted.ContainsKey(Words) && rating is not null)
        {
            var reason = form[Reason];
            if (reason.Length > 0 && !Rating.ReasonsFor(rating.Stars).Contains(reason, StringComparer.Ordinal))
                form.AddError(Reason, t["rating.reason.wrong"]);
            if (form[Words].Length > Rating.MostWords)
                form.AddError(Words, t["rating.words.long", Rating.MostWords]);
            if (form.IsValid)
            {
                await ratings.SetReason(thing, reason.Length == 0 ? null : reason, form[Words].Length == 0 ? null : form[Words], http.RequestAborted);
                PageServer.SeeOther(http, $"{address}&{Done}=1");
                return;
            }
        }
        else if (form[Stars] is ['1' or '2' or '3' or '4' or '5'] stars)
        {
            await ratings.SetStars(thing, stars[0] - '0', frame.Culture.TwoLetterISOLanguageName, http.RequestAborted);
            PageServer.SeeOther(http, address);
            return;
        }
        else
        {
            rating = null;
            form.AddError(Stars, t["rating.stars.missing"]);
        }
        await Show(http, frame, new(new(form[Token]), form, rating?.Stars, false));
    }

    async Task<Entity?> Wanted(HttpContext http)
    {
        var entity = (await entities.Current(http.RequestAborted)).BySlug(http.GetRouteValue("entity") as string ?? "");
        if (entity is null)
            await pages.NotFound(http, null);
        return entity;
    }

    async Task<RatedThing?> Opened(HttpContext http, PageFrame frame, string token)
    {
        // A question that was asked on the page of one municipality is answered there.
        if (ratings.Open(token) is { } thing && thing.ShownBy == frame.Entity.Id.Value)
            return thing;
        var t = PageTexts.Catalog.In(frame.Culture);
        await pages.Refuse(http, frame, t["rating.old.title"], t["rating.old.what"], [], frame.HomePath, t["rating.home"], StatusCodes.Status404NotFound);
        return null;
    }

    PageFrame Framed(PageFrame frame, RatedThing thing) => catalog.Find(thing.Service) is { } service
        ? frame with { ServiceTitle = service.TitleIn(frame.Culture), ServicePath = $"/{frame.Entity.Slug}/{service.PathSegment}" }
        : frame;

    Task Show(HttpContext http, PageFrame frame, RatingModel model) => pages.Show(
        http, frame, typeof(RatingPage), new(StringComparer.Ordinal) { ["Model"] = model },
        model.Form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
}

/// <param name="Stars">What was chosen, or null before that.</param>
/// <param name="Done">Nothing more is asked.</param>
public sealed record RatingModel(RatingQuestion Question, FormState Form, int? Stars, bool Done);
