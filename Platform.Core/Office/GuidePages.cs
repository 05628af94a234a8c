using Microsoft.AspNetCore.Http;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Pages.Home;
using Platform.Core.Plugins;
using Platform.Core.Settings;

namespace Platform.Core.Office;

/// <summary>One page that brings an entity on line: its steps, what each still wants, the look that citizens will have, and the button.</summary>
/// <remarks>Its forms are those of <see cref="EntityDeskPage"/> and are judged there.</remarks>
[RequiresPermission(CorePermissions.Estate)]
internal sealed class GuidePage(EntityDirectory entities, ServiceCatalog catalog, ReadyList ready) : IPage
{
    public const string Publish = "pubblica";

    /// <summary>A form with this field comes back to the guide.</summary>
    public const string Field = "guida";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        if (known.ByCode(request.Route["code"]) is not { } entity || entity.Id == EntityId.Centre)
            return PageAnswer.NotFound;
        var texts = PageTexts.Catalog.In(request.Culture);
        var (offers, blocked) = (new List<OfferLine>(), false);
        foreach (var offer in known.ActivationsOf(entity.Id))
        {
            var (service, creditor) = (catalog.Find(offer.Service), offer.Creditor is { } id ? known.ById(id) : null);
            blocked |= service is not null && creditor is not null && await ready.Blocked(service, creditor, stop);
            offers.Add(new(
                offer.Service, service?.TitleIn(request.Culture) ?? offer.Service, creditor?.Name ?? "–", creditor?.Code ?? "", offer.Active,
                service is null || creditor is null ? [] : await ready.Of(service, creditor, stop), service is null ? null : $"/{entity.Slug}/{service.PathSegment}",
                creditor is null || service?.Settings is null ? null : $"{ConsolePaths.Of(creditor)}/impostazioni/{offer.Service}"));
        }
        var running = offers.Where(offer => offer.Path is not null && offer.CreditorCode.Length > 0).ToList();
        GuideStep[] steps =
        [
            new(texts["guide.step.who"], true),
            new(texts["guide.step.contacts"], entity.Phone is not null || entity.Email is not null || entity.Pec is not null),
            new(texts["guide.step.logo"], entity.LogoPath is not null) { Optional = true },
            new(texts["guide.step.services"], running.Count > 0),
            new(texts["guide.step.ready"], running.Count > 0 && !blocked),
            new(texts["guide.step.publish"], running.Any(offer => offer.Active) && running.All(offer => offer.Active)),
        ];
        var form = new FormState();
        foreach (var (name, value) in new[] { ("nome", entity.Name), ("colore", entity.Colour), ("sito", entity.Website), ("indirizzo", entity.Address), ("telefono", entity.Phone), ("email", entity.Email), ("pec", entity.Pec) })
            form.Set(name, value);
        return PageAnswer.View<GuideView>(new GuideModel(
            entity, form, steps, offers,
            [.. catalog.Services.Where(service => offers.All(offer => offer.Service != service.Id)).Select(service => new Choice(service.Id, service.TitleIn(request.Culture)))],
            [.. EntityDeskPage.CreditorsFor(known, entity).Select(body => new Choice(body.Code, body.Name))],
            request.Path, $"{request.Path}/ente/{entity.Code}", request.Query.ContainsKey("fatto")));
    }

    /// <summary>What is announced and could be published: it runs here, and somebody is paid for it.</summary>
    public static IReadOnlyList<(ServiceDescription Service, Entity Creditor)> Waiting(EntitySnapshot known, Entity entity, ServiceCatalog catalog) =>
    [
        .. from offer in known.ActivationsOf(entity.Id)
           where !offer.Active
           let service = catalog.Find(offer.Service)
           let creditor = offer.Creditor is { } id ? known.ById(id) : null
           where service is not null && creditor is not null
           select (service, creditor),
    ];
}

/// <summary>The entity's first page as citizens will see it when what is announced is published.</summary>
[RequiresPermission(CorePermissions.Estate)]
internal sealed class PreviewPage(EntityDirectory entities, ServiceCatalog catalog) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        if (known.ByCode(request.Route["code"]) is not { } entity || entity.Id == EntityId.Centre)
            return PageAnswer.NotFound;
        return PageAnswer.View<PreviewView>(new PreviewModel(
            new(entity, [.. known.ActivationsOf(entity.Id).Select(offer => catalog.Find(offer.Service)).OfType<ServiceDescription>().Select(service => new Offer(service.TitleIn(request.Culture), $"/{entity.Slug}/{service.PathSegment}"))])));
    }
}

/// <summary>A step of bringing an entity on line.</summary>
public sealed record GuideStep(string Name, bool Done)
{
    /// <summary>Nothing waits for it.</summary>
    public bool Optional { get; init; }
}

/// <summary>Everything that the guide shows.</summary>
/// <param name="Path">Of the entity's own page, where the forms lead.</param>
public sealed record GuideModel(
    Entity Entity, FormState Form, IReadOnlyList<GuideStep> Steps, IReadOnlyList<OfferLine> Offers, IReadOnlyList<Choice> Services, IReadOnlyList<Choice> Creditors, string ListPath, string Path, bool Saved)
{
    /// <summary>How many of the steps that count are done.</summary>
    public int Done => Steps.Count(step => step is { Done: true, Optional: false });

    /// <summary>How many count.</summary>
    public int Of => Steps.Count(step => !step.Optional);

    /// <summary>The first that is not done; past the last where all are.</summary>
    public int Current => Steps.TakeWhile(step => step.Done || step.Optional).Count() + 1;
}

/// <summary>The citizens' page to be.</summary>
public sealed record PreviewModel(CatalogueEntry Entry);
