using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>Who was given what at this desk.</summary>
[RequiresPermission("core.officers"), ShowsPersonalData]
internal sealed class OfficersPage(OfficerRegister register) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var names = (await register.List(request.Entity.Id, stop)).ToDictionary(officer => officer.OfficerId);
        var grants = (await register.Grants(request.Entity.Id, null, stop)).Where(grant => grant.RevokedAt is null);
        return PageAnswer.View<OfficersView>(new OfficersModel
        {
            Path = request.Path,
            Rows = [.. grants.Select(grant => OfficerRow.Of(grant, names.GetValueOrDefault(grant.OfficerId), request)).OrderBy(row => row.Name, StringComparer.CurrentCultureIgnoreCase)],
        });
    }
}

/// <summary>Gives a role to somebody who is known by a sign-in name, or to somebody new.</summary>
[RequiresPermission("core.officers")]
internal sealed class GiveRolePage(OfficerRegister register, ServiceCatalog catalog) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Show(request, new FormState()));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var login = OfficerRegister.Plain(form["utente"]);
        var role = form.Choice("incarico", Roles(request))?.Split(' ');
        if (role is null)
            form.AddError("incarico", request.Texts["people.role.missing"]);
        foreach (var day in new[] { "dal", "al" })
            if (!form.IsEmpty(day) && form.Date(day) is null)
                form.AddError(day, request.Texts["people.day.wrong"]);
        if (!form.IsValid)
            return Show(request, form);

        var known = await register.ByLogin(login, stop);
        var officer = known is { } there ? there : await register.Create(form["nome"], login, null, request.Officer!.Actor, stop);
        if (officer.Refusal is { } refused)
            return Show(request, form.AddError(refused.Code == OfficerRefusals.Name ? "nome" : "utente", request.Texts[refused.Code == OfficerRefusals.Name ? "people.name.missing" : refused.Code]));
        var given = await register.Grant(officer.Value, request.Entity.Id, role![0], role.ElementAtOrDefault(1) ?? "", form.Date("dal"), form.Date("al"), request.Officer!.Actor, stop);
        if (given.Refusal is { } refusal)
            return Show(request, form.AddError(refusal.Code == OfficerRefusals.Days ? "al" : "incarico", request.Texts[refusal.Code]));
        return known is null ? await ShowCode(register, request, officer.Value, onlyAt: null, stop) : PageAnswer.Go(request.Path);
    }

    /// <summary>Shows a code once: it is nowhere in clear, and so on no page that could be opened again.</summary>
    public static async Task<PageAnswer> ShowCode(OfficerRegister register, PageRequest request, Guid officer, EntityId? onlyAt, CancellationToken stop)
    {
        var code = await register.NewActivationCode(officer, request.Officer!.Actor, stop, onlyAt);
        return code.Refusal is null ? PageAnswer.View<OfficerCodeView>(code.Value) : PageAnswer.View<OfficerCodeView>("");
    }

    PageAnswer Show(PageRequest request, FormState form) => PageAnswer.View<GiveRoleView>(
        new GiveRoleModel { Form = form, Roles = Roles(request), Path = request.Path }, form.IsValid ? 200 : 422);

    /// <summary>Roles first, then single permissions, each as it is written in the form: <c>officer fines</c>.</summary>
    IReadOnlyList<Choice> Roles(PageRequest request) =>
    [
        .. new[] { OfficerRoles.Administrator, OfficerRoles.Accountant, OfficerRoles.Auditor }.Select(role => new Choice(role, request.Texts["role." + role])),
        .. catalog.Services.Where(service => service.Permissions.Count > 0).Select(service => new Choice($"{OfficerRoles.Officer} {service.Id}", $"{request.Texts["role.officer"]}: {service.TitleIn(request.Culture)}")),
        .. catalog.Permissions.Select(permission => new Choice($"{OfficerRoles.Permission} {permission.Id}", $"{request.Texts["people.only"]}: {permission.LabelIn(request.Culture)} ({permission.Id})")),
    ];
}

/// <summary>One role that was given: taking it back, and a new way in for who lost his.</summary>
[RequiresPermission("core.officers"), ShowsPersonalData]
internal sealed class GrantPage(OfficerRegister register) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await Find(request, stop) is { } row ? PageAnswer.View<GrantView>(new GrantModel { Row = row, Path = request.Path }) : PageAnswer.NotFound;

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        if (await Find(request, stop) is not { } row)
            return PageAnswer.NotFound;
        if (request.Form["azione"] == "codice")
            // Of whom works elsewhere too, an entity's administrator must not become the heir.
            return await GiveRolePage.ShowCode(register, request, row.OfficerId, request.Entity.Id == EntityId.Centre ? null : request.Entity.Id, stop);
        await register.Revoke(row.Grant, request.Entity.Id, request.Officer!.Actor, stop);
        return PageAnswer.Go(request.Path);
    }

    async Task<OfficerRow?> Find(PageRequest request, CancellationToken stop)
    {
        if (!Guid.TryParse(request.Route["grant"], out var number)
            || (await register.Grants(request.Entity.Id, null, stop)).FirstOrDefault(grant => grant.GrantId == number && grant.RevokedAt is null) is not { } found)
            return null;
        return OfficerRow.Of(found, (await register.List(request.Entity.Id, stop)).FirstOrDefault(officer => officer.OfficerId == found.OfficerId), request);
    }
}

/// <summary>A role that somebody has, in words.</summary>
public sealed class OfficerRow
{
    public required Guid Grant { get; init; }

    public required Guid OfficerId { get; init; }

    public required string Name { get; init; }

    public required string Login { get; init; }

    public required string Role { get; init; }

    public required DateOnly From { get; init; }

    public required DateOnly? Until { get; init; }

    public required string GivenBy { get; init; }

    internal static OfficerRow Of(OfficerGrant grant, OfficerEntry? officer, PageRequest request) => new()
    {
        Grant = grant.GrantId, OfficerId = grant.OfficerId, Name = officer?.Name ?? "", Login = officer?.Login ?? "", From = grant.ValidFrom, Until = grant.ValidUntil, GivenBy = grant.GrantedBy,
        Role = string.Join(' ', request.Texts["role." + grant.Role], grant.Scope).Trim(),
    };
}

public sealed class OfficersModel
{
    public required string Path { get; init; }

    public required IReadOnlyList<OfficerRow> Rows { get; init; }
}

public sealed class GrantModel
{
    public required string Path { get; init; }

    public required OfficerRow Row { get; init; }
}

public sealed class GiveRoleModel
{
    public required string Path { get; init; }

    public required FormState Form { get; init; }

    public required IReadOnlyList<Choice> Roles { get; init; }
}
