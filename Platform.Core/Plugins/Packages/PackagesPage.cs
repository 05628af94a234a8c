using Microsoft.AspNetCore.Http;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Identity;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Plugins.Packages;

/// <summary>Takes packages of services, tells what was found in them, and puts them aside for the next start.</summary>
[RequiresPermission(CorePermissions.Packages), AcceptsFiles(31), LimitTries(30, 10)]
internal sealed class PackagesPage(PackageShelf shelf, ServiceCatalog catalog, PorticoOptions options, Database database, OfficerRegister officers, TimeProvider clock) : IPage
{
    public static FileRules Rules { get; } = new(PackageArchive.MostBytes, FileKind.Zip);

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Draw(request, new FormState(), StatusCodes.Status200OK, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var texts = PageTexts.Catalog.In(request.Culture);
        var path = $"{request.Path}/pacchetti";
        if (form["azione"] == "togli")
        {
            if (!shelf.Withdraw(form["servizio"], form["sha256"]))
                return PageAnswer.NotFound;
            await Record(request, "core.package_withdrawn", form["servizio"], form["sha256"], stop);
            return PageAnswer.Go(path + "?fatto=tolto");
        }
        if (form.File("pacchetto", Rules, request.Culture) is not { } file)
        {
            if (form.IsValid)
                form.AddError("pacchetto", texts["packages.file.missing"]);
            return await Draw(request, form, StatusCodes.Status422UnprocessableEntity, stop);
        }
        try
        {
            await using var content = file.OpenRead();
            var package = await shelf.Stage(content, file.Name, request.Officer!.Actor, clock.GetUtcNow(), Own(), stop);
            await Record(request, "core.package_staged", package.Id, package.Sha256, stop);
            return PageAnswer.Go(path + "?fatto=messo");
        }
        catch (PackageRefusedException refused)
        {
            form.AddError("pacchetto", texts[$"packages.refused.{refused.Code}", refused.Value ?? ""]);
        }
        catch (PluginRefusedException refused)
        {
            form.AddError("pacchetto", texts["packages.refused.service", refused.Message]);
        }
        return await Draw(request, form, StatusCodes.Status422UnprocessableEntity, stop);
    }

    // What comes with the program is upgraded with it: two of one id would be none.
    HashSet<string> Own()
    {
        var uploaded = Path.GetFullPath(PackageShelf.ServicesOf(options)) + Path.DirectorySeparatorChar;
        return
        [
            .. catalog.Services.Where(service => !Path.GetFullPath(service.Folder).StartsWith(uploaded, StringComparison.Ordinal)).Select(service => service.Id),
            .. catalog.Quarantined.Where(service => !Path.GetFullPath(service.Folder).StartsWith(uploaded, StringComparison.Ordinal)).Select(service => service.Id).OfType<string>(),
        ];
    }

    Task<bool> Record(PageRequest request, string kind, string service, string sha256, CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), EntityId.Centre, request.Officer!.Actor, clock,
        session =>
        {
            session.Record(kind, new { service, sha256 });
            return Task.FromResult(true);
        },
        stop);

    async Task<PageAnswer> Draw(PageRequest request, FormState form, int status, CancellationToken stop)
    {
        var (staged, laid) = (shelf.Staged, shelf.Laid);
        var names = await officers.Names([.. staged.Concat(laid).Select(package => package.By).Where(by => by.StartsWith("officer:", StringComparison.Ordinal)).Select(by => Guid.Parse(by.AsSpan("officer:".Length))).Distinct()], stop);
        PackageLine Line(Package package) => new(
            package.Id, package.Title, package.Version, package.Contract, package.Author, package.FileName, package.Bytes, package.Sha256,
            Guid.TryParse(package.By.Split(':')[^1], out var by) && names.TryGetValue(by, out var name) ? name : package.By, LegalTime.Local(package.At), package.Fault);
        return PageAnswer.View<PackagesView>(new PackagesModel(form, [.. staged.Select(Line)], [.. laid.Select(Line)], request.Path, form.IsValid ? request.Query["fatto"].ToString() : ""), status);
    }
}

/// <summary>A package as the page tells it.</summary>
/// <param name="Fault">Why it could not be laid out, in English, for an operator.</param>
public sealed record PackageLine(string Id, string Title, string Version, string Contract, string Author, string FileName, long Bytes, string Sha256, string By, DateTimeOffset At, string? Fault);

/// <summary>What waits for the next start, and what earlier ones laid out.</summary>
public sealed record PackagesModel(FormState Form, IReadOnlyList<PackageLine> Staged, IReadOnlyList<PackageLine> Laid, string ListPath, string Done);
