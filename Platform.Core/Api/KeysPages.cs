using Microsoft.AspNetCore.Http;
using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;

namespace Platform.Core.Api;

/// <summary>A key as its list shows it.</summary>
public sealed record KeyLine(string Name, string Service, string May, DateOnly ExpiresOn, DateTimeOffset? LastUsedAt, bool Holds, bool Revoked, string Path);

/// <summary>The keys of an entity, and the form for a new one.</summary>
/// <param name="Text">The key that was just made: it is shown now and never again.</param>
public sealed record KeysModel(FormState Form, IReadOnlyList<KeyLine> Keys, IReadOnlyList<Choice> May, string? Text, bool Revoked, string Path);

/// <summary>Keys by which other systems load files for services of this entity.</summary>
[RequiresPermission(CorePermissions.Keys)]
internal sealed class KeysPage(ApiKeys keys, ServiceCatalog catalog, EntityDirectory entities) : IPage
{
    public const string Name = "nome", Until = "fino_al", May = "permessi";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => await Show(request, new FormState(), null, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), PageTexts.Catalog.In(request.Culture));
        var offered = (await Offered(request, stop)).Select(choice => choice.Value).ToHashSet(StringComparer.Ordinal);
        var chosen = form.Values(May).Where(offered.Contains).ToList();
        var services = chosen.Select(permission => permission.Split('.')[0]).Distinct(StringComparer.Ordinal).ToList();
        if (services.Count != 1)
            form.AddError(May, t[services.Count == 0 ? "keys.may.missing" : "keys.may.several"]);
        if (form.IsEmpty(Name))
            form.AddError(Name, t["keys.name.missing"]);
        if (form.Date(Until) is null)
            form.AddError(Until, t["keys.expiry.wrong", ApiKeys.LongestDays]);
        if (!form.IsValid)
            return await Show(request, form, null, stop);
        var made = await keys.Create(request.Entity, services[0], chosen, form[Name], form.Date(Until)!.Value, request.Officer!.Actor, stop);
        if (made.Refusal is { } refusal)
            return await Show(request, refusal.Code == "keys.expiry" ? form.AddError(Until, t["keys.expiry.wrong", ApiKeys.LongestDays]) : form.AddError(Name, t["keys.name.missing"]), null, stop);
        return await Show(request, new FormState(), made.Value, stop);
    }

    /// <summary>What imports of this desk's services need.</summary>
    async Task<List<Choice>> Offered(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        return
        [
            .. catalog.Services.Where(service => OfficeSection.Of(service).IsAt(request.Entity, known)).SelectMany(service => service.Imports.Select(import => ConsoleFiles.PermissionOf(import.Import)).OfType<string>().Distinct(StringComparer.Ordinal)
                .Select(permission => new Choice(permission, $"{service.TitleIn(request.Culture)}: {Label(permission, request)}", permission))),
        ];
    }

    string Label(string permission, PageRequest request) =>
        catalog.Permissions.FirstOrDefault(known => known.Id == permission) is { } known ? known.LabelIn(request.Culture) : permission;

    async Task<PageAnswer> Show(PageRequest request, FormState form, string? text, CancellationToken stop)
    {
        var today = LegalTime.Day(request.Now);
        return PageAnswer.View<KeysView>(
            new KeysModel(
                form,
                [
                    .. (await keys.List(request.Entity.Id, stop)).Select(key => new KeyLine(
                        key.Name, catalog.Find(key.Service)?.TitleIn(request.Culture) ?? key.Service, string.Join(", ", key.All), key.ExpiresOn, key.LastUsedAt, key.HoldsOn(today), key.RevokedAt is not null, $"{request.Path}/{key.KeyId}")),
                ],
                await Offered(request, stop), text, request.Query.ContainsKey("revocata"), request.Path),
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}

/// <summary>A key that is about to be revoked.</summary>
public sealed record KeyModel(KeyLine Key, string ListPath);

/// <summary>Asks once more, and revokes a key: who uses it is refused from that moment.</summary>
[RequiresPermission(CorePermissions.Keys)]
internal sealed class KeyPage(ApiKeys keys) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await keys.Find(request.Entity.Id, Guid.Parse(request.Route["key"]), stop) is { } key
            ? PageAnswer.View<KeyView>(new KeyModel(
                new(key.Name, key.Service, string.Join(", ", key.All), key.ExpiresOn, key.LastUsedAt, key.HoldsOn(LegalTime.Day(request.Now)), key.RevokedAt is not null, $"{request.Path}/{key.KeyId}"), request.Path))
            : PageAnswer.NotFound;

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        await keys.Revoke(request.Entity.Id, Guid.Parse(request.Route["key"]), request.Officer!.Actor, stop);
        return PageAnswer.Go($"{request.Path}?revocata=1");
    }
}
