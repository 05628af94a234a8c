using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Time;

namespace Platform.Core.Office;

/// <summary>Which services have something to decide for this entity, and whether it is ready.</summary>
[RequiresPermission(CorePermissions.Look)]
internal sealed class SettingsListPage(ServiceCatalog catalog, EntityDirectory entities, ReadyList ready) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var lines = new List<SettingsLine>();
        foreach (var service in catalog.Services.Where(service => service.Settings is not null && known.CreditorsOf(service.Id, announced: true).Any(creditor => creditor.Id == request.Entity.Id)))
            lines.Add(new(service.TitleIn(request.Culture), $"{request.Path}/{service.Id}", await ready.Of(service, request.Entity, stop)));
        return PageAnswer.View<SettingsListView>(new SettingsListModel { Services = lines });
    }
}

/// <summary>The form made from a service's typed settings, with its history and a way back.</summary>
[RequiresPermission(CorePermissions.Settings)]
internal sealed class SettingsPage(ServiceCatalog catalog, EntityDirectory entities, SettingsStore store, ReadyList ready, Identity.OfficerRegister officers) : IPage
{
    const string Undo = "annulla";
    const int Shown = 10;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await Service(request, stop) is { } service ? await Draw(request, service, null, request.Query.ContainsKey("fatto"), stop) : PageAnswer.NotFound;

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        if (await Service(request, stop) is not { } service)
            return PageAnswer.NotFound;
        var (form, who) = (FormState.From(request.Form), request.Officer!.Actor);
        var texts = PageTexts.Catalog.In(request.Culture);
        Outcome<int> outcome;
        if (!form.IsEmpty(Undo))
            outcome = await store.Undo(request.Entity.Id, service.Id, who, stop);
        else
        {
            var changes = Read(service.Settings!, form, texts, request.Culture);
            if (!form.IsValid)
                return await Draw(request, service, form, false, stop);
            outcome = await store.Change(request.Entity.Id, service.Id, service.Settings!, changes, who, stop);
        }
        if (outcome.Refusal is null)
            return PageAnswer.Go($"{request.Path}/{service.Id}?fatto=1");
        foreach (var fault in (outcome.Refusal.Detail ?? outcome.Refusal.Code).Split('\n'))
            form.AddError("", fault == SettingsStore.NothingToUndo ? texts["settings.history.none"] : fault);
        return await Draw(request, service, form, false, stop);
    }

    async Task<ServiceDescription?> Service(PageRequest request, CancellationToken stop) =>
        catalog.Find(request.Route["service"]) is { Settings: not null } service && (await entities.Current(stop)).CreditorsOf(service.Id, announced: true).Any(creditor => creditor.Id == request.Entity.Id) ? service : null;

    static List<(string, string)> Read(SettingsForm settings, FormState form, Texts texts, CultureInfo culture)
    {
        var changes = new List<(string, string)>();
        foreach (var field in settings.Fields)
        {
            var text = field.Kind == SettingKind.YesNo ? form.IsChecked(field.Name) ? "yes" : "no" : form[field.Name];
            if (!field.TryRead(text, out var value, out _))
                form.AddError(field.Name, texts[$"settings.wrong.{field.Kind}"]);
            else if (value is not null && Range(field) is { } range && !range.IsValid(value))
                form.AddError(field.Name, texts["settings.range", range.Minimum, range.Maximum]);
            else if (value is string longer && field.Property.GetCustomAttribute<StringLengthAttribute>() is { } length && longer.Length > length.MaximumLength)
                form.AddError(field.Name, texts["settings.length", length.MaximumLength]);
            changes.Add((field.Name, text));
        }
        // The record's own rules, in the reader's language at the field that they are about.
        if (form.IsValid)
            foreach (var broken in SettingsForm.Broken(settings.From(changes.ToDictionary(change => change.Item1, change => change.Item2, StringComparer.Ordinal), [])))
                foreach (var field in broken.MemberNames.Select(settings.Find).DefaultIfEmpty(null))
                    form.AddError(field?.Name ?? "", Wrong(field, culture) ?? broken.ErrorMessage ?? "");
        return changes;
    }

    static string? Wrong(SettingField? field, CultureInfo culture) => (culture.TwoLetterISOLanguageName == "en" ? field?.Words.WrongEn : field?.Words.Wrong) is { Length: > 0 } words ? words : null;

    static RangeAttribute? Range(SettingField field) => field.Property.GetCustomAttribute<RangeAttribute>();

    async Task<PageAnswer> Draw(PageRequest request, ServiceDescription service, FormState? typed, bool done, CancellationToken stop)
    {
        var settings = service.Settings!;
        var history = await store.History(request.Entity.Id, service.Id, stop);
        var faults = new List<string>();
        var current = history.Count == 0 ? settings.Default() : settings.From(history[0].Values, faults);
        var form = typed ?? settings.Fields.Aggregate(new FormState(), (state, field) => state.Set(field.Name, Typed(field, current)));
        var names = (await officers.List(null, stop)).ToDictionary(officer => $"officer:{officer.OfficerId}", officer => officer.Name, StringComparer.Ordinal);
        var english = request.Culture.TwoLetterISOLanguageName == "en";
        return PageAnswer.View<SettingsView>(
            new SettingsModel
            {
                Title = service.TitleIn(request.Culture), ListPath = request.Path, Form = form, Done = done, Ready = await ready.Of(service, request.Entity, stop), MayUndo = history.Count > 0,
                Fields = [.. settings.Fields.Select(field => new SettingInput(
                    field.Name, english ? field.Words.LabelEn : field.Words.Label, (english ? field.Words.HintEn : field.Words.Hint) is { Length: > 0 } hint ? hint : null, field.Kind.ToString(), !field.Optional && field.Kind != SettingKind.YesNo,
                    [.. field.Choices.Select(choice => new Choice(choice.Value, english ? choice.LabelEn : choice.Label))]))],
                History = [.. history.Take(Shown).Select((version, i) => new SettingsChange(
                    version.Version, LegalTime.Local(version.ChangedAt), names.GetValueOrDefault(version.ChangedBy, version.ChangedBy),
                    [.. Changed(settings, version.Values, i + 1 < history.Count ? history[i + 1].Values : null, english)]))],
            },
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    static IEnumerable<(string, string)> Changed(SettingsForm settings, IReadOnlyDictionary<string, string> now, IReadOnlyDictionary<string, string>? before, bool english)
    {
        foreach (var field in settings.Fields)
            if (now.GetValueOrDefault(field.Name) is var value && value != before?.GetValueOrDefault(field.Name))
                yield return (english ? field.Words.LabelEn : field.Words.Label, value ?? "–");
    }

    static string? Typed(SettingField field, object current) => field.Write(current) switch
    {
        "yes" when field.Kind == SettingKind.YesNo => "si",
        "no" when field.Kind == SettingKind.YesNo => "",
        var amount when field.Kind == SettingKind.Amount => amount.Replace('.', ','),
        var text => text,
    };
}

/// <summary>Something that is looked at before citizens come, beside a service's own settings: whether the money can be paid, for instance.</summary>
internal interface IReadyCheck
{
    ValueTask<IReadOnlyList<Readiness>> Of(string service, Entity creditor, CancellationToken stop);
}

/// <summary>Puts together whether a service is ready for a creditor's citizens.</summary>
internal sealed class ReadyList(SettingsStore store, IEnumerable<IReadyCheck> checks)
{
    /// <summary>Whether citizens could do nothing there: what settings lack is advice, what the platform itself lacks is none.</summary>
    public async Task<bool> Blocked(ServiceDescription service, Entity creditor, CancellationToken stop)
    {
        foreach (var check in checks)
            if ((await check.Of(service.Id, creditor, stop)).Any(line => !line.Ready))
                return true;
        return false;
    }

    public async Task<IReadOnlyList<Readiness>> Of(ServiceDescription service, Entity creditor, CancellationToken stop)
    {
        List<Readiness> lines = [.. await store.Judge(service, creditor, stop)];
        foreach (var check in checks)
            lines.AddRange(await check.Of(service.Id, creditor, stop));
        return lines;
    }
}

/// <summary>A service whose settings this entity decides.</summary>
public sealed record SettingsLine(string Title, string Path, IReadOnlyList<Readiness> Ready);

/// <summary>The services whose settings this entity decides.</summary>
public sealed class SettingsListModel
{
    public required IReadOnlyList<SettingsLine> Services { get; init; }
}

/// <summary>A setting as its form asks for it.</summary>
public sealed record SettingInput(string Name, string Label, string? Hint, string Kind, bool Required, IReadOnlyList<Choice> Choices);

/// <summary>A version of the settings, and what it changed.</summary>
public sealed record SettingsChange(int Version, DateTimeOffset At, string By, IReadOnlyList<(string Label, string Value)> Changes);

/// <summary>The settings of one service.</summary>
public sealed class SettingsModel
{
    public required string Title { get; init; }

    public required string ListPath { get; init; }

    public required FormState Form { get; init; }

    public required IReadOnlyList<SettingInput> Fields { get; init; }

    public required IReadOnlyList<Readiness> Ready { get; init; }

    public required IReadOnlyList<SettingsChange> History { get; init; }

    public required bool MayUndo { get; init; }

    public required bool Done { get; init; }
}
